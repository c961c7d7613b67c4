//! `num-bigint`, `num-complex` and `num-rational`.

use pickle_core::python;

use super::assert_like;

#[test]
fn big_integers_are_ints() {
    use num_bigint::{BigInt, BigUint};

    for text in [
        "0",
        "-1",
        "255",
        "-128",
        "18446744073709551616",
        "-340282366920938463463374607431768211457",
    ] {
        let plain: python::BigInt = text.parse().expect("an int");
        assert_like(&text.parse::<BigInt>().expect("an int"), &plain);
        match text.parse::<BigUint>() {
            Ok(value) => assert_like(&value, &plain),
            Err(_) => assert!(pickle_core::loads::<BigUint>(&super::python(&plain, 4)).is_err()),
        }
    }
}

#[test]
fn complex_numbers_are_complex() {
    use num_complex::Complex;

    let plain = python::Complex { re: 4.0, im: -0.5 };
    assert_like(&Complex { re: 4.0_f64, im: -0.5 }, &plain);
    assert_like(&Complex { re: 4.0_f32, im: -0.5 }, &plain);
    let large = super::python(&python::Complex { re: 1e300, im: 0.0 }, 4);
    assert!(pickle_core::loads::<Complex<f32>>(&large).is_err());
}

#[test]
fn ratios_are_fractions() {
    use num_rational::Ratio;

    let plain = python::Fraction::new((-1).into(), 3.into()).expect("a fraction");
    assert_like(&Ratio::new(-1_i64, 3), &plain);
    assert_like(&Ratio::new(-1_i8, 3), &plain);
    assert!(pickle_core::loads::<Ratio<u8>>(&super::python(&plain, 4)).is_err());
    // fractions.Fraction('2/6'), as Pythons before 3.11 pickle one
    let text = b"cfractions\nFraction\n(V2/6\ntR.";
    assert_eq!(pickle_core::loads::<Ratio<i32>>(text).ok(), Some(Ratio::new(1, 3)));
    let zero = b"cfractions\nFraction\n(I1\nI0\ntR.";
    assert!(pickle_core::loads::<Ratio<i32>>(zero).is_err());
}
