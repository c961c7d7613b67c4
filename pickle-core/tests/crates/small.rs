//! `rust_decimal` and `uuid`.

use pickle_core::python;

use super::assert_like;

#[test]
fn uuids_are_uuids() {
    let bytes = 0x1234_5678_1234_5678_1234_5678_1234_5678_u128.to_be_bytes();
    assert_like(&uuid::Uuid::from_bytes(bytes), &python::Uuid::from_bytes(bytes));
    assert_like(&uuid::Uuid::nil(), &python::Uuid::default());
}

#[test]
fn decimals_are_decimals() {
    use rust_decimal::Decimal;

    for text in ["0", "1.50", "-0.0000001", "79228162514264337593543950335"] {
        let plain: python::Decimal = text.parse().expect("a decimal");
        assert_like(&Decimal::from_str_exact(text).expect("a decimal"), &plain);
    }
    for text in ["NaN", "Infinity", "1E+29", "1E-29"] {
        let plain: python::Decimal = text.parse().expect("a decimal");
        assert!(pickle_core::loads::<Decimal>(&super::python(&plain, 4)).is_err(), "{text}");
    }
    let scientific: python::Decimal = "1.5E+3".parse().expect("a decimal");
    let loaded = pickle_core::loads::<Decimal>(&super::python(&scientific, 4));
    assert_eq!(loaded.ok(), Some(Decimal::from(1500)));
}
