//! Numbers and text.

use pickle::compat::Effect::{Breaks, Depends, Loads};

use crate::{evolves, refused};

#[test]
fn integers_widen() {
    evolves(200_u8, 200_u64, Loads);
    evolves(-5_i16, -5_i128, Loads);
    evolves(u32::MAX, i64::from(u32::MAX), Loads);
    evolves(u64::MAX, u128::from(u64::MAX), Loads);
    evolves(u64::MAX, i128::from(u64::MAX), Loads);
}

#[test]
fn integers_narrow_where_the_value_fits() {
    evolves(255_u64, 255_u8, Depends);
    evolves(-1_i64, -1_i8, Depends);
    evolves(i128::from(u64::MAX), u64::MAX, Depends);
    let error = refused::<u64, u8>(256, Depends);
    assert!(error.starts_with("256 is out of range for u8 (0 to 255)"), "{error}");
    let error = refused::<i32, u32>(-1, Depends);
    assert!(error.starts_with("-1 is out of range for u32 (0 to 4294967295)"), "{error}");
}

#[test]
fn floats_widen_exactly() {
    evolves(0.1_f32, f64::from(0.1_f32), Loads);
}

#[test]
fn floats_narrow_by_rounding() {
    evolves(0.5_f64, 0.5_f32, Depends);
    evolves(0.1_f64, 0.1_f32, Depends);
    let error = refused::<f64, f32>(1e300, Depends);
    assert!(error.contains("out of range for f32 (up to 3.4028235e38)"), "{error}");
}

#[test]
fn integers_become_floats_where_that_is_exact() {
    evolves(7_u32, 7.0_f64, Loads);
    evolves(7_i64, 7.0_f64, Depends);
    let error = refused::<i64, f64>((1 << 53) + 1, Depends);
    assert!(error.starts_with("9007199254740993 is out of range"), "{error}");
}

#[test]
fn floats_do_not_become_integers() {
    let error = refused::<f64, u8>(7.0, Breaks);
    assert_eq!(error, "this pickle holds f64, not u8");
}

#[test]
fn bools_are_no_integers() {
    refused::<bool, u8>(true, Breaks);
    refused::<u8, bool>(1, Breaks);
}

#[test]
fn a_char_becomes_text_and_text_of_one_character_a_char() {
    evolves('ü', String::from("ü"), Loads);
    evolves("ü", 'ü', Depends);
    let error = refused::<&str, char>("üü", Depends);
    assert!(error.starts_with("expected str of one character, found str"), "{error}");
}

#[test]
fn none_becomes_none() {
    evolves((), None::<u8>, Loads);
}
