//! The types of other crates, each under the feature of the crate's name: by Python's protocols they
//! are what the plain types are, and natively they keep all that they have.

mod arrays;
mod containers;
mod num;
mod small;
mod times;

use std::fmt::Debug;

use pickle_core::{Pickle, Protocol, UnpickleOwned, dumps, dumps_with, loads};

fn python<T: Pickle + ?Sized>(value: &T, number: u8) -> Vec<u8> {
    let protocol = Protocol::try_from(number).expect("a protocol of Python's");
    dumps_with(value, protocol).expect("dumps")
}

/// Survives every protocol.
fn assert_survives<T: Pickle + UnpickleOwned + PartialEq + Debug>(value: &T) {
    for number in 0..=5 {
        let pickle = python(value, number);
        assert_eq!(loads::<T>(&pickle).as_ref().ok(), Some(value), "protocol {number}");
    }
    assert_survives_natively(value);
}

fn assert_survives_natively<T: Pickle + UnpickleOwned + PartialEq + Debug>(value: &T) {
    assert_eq!(loads::<T>(&dumps(value).expect("dumps")).as_ref().ok(), Some(value));
}

/// Is for Python what the plain type is, in both directions.
fn assert_like<T, P>(value: &T, plain: &P)
where
    T: Pickle + UnpickleOwned + PartialEq + Debug,
    P: Pickle + UnpickleOwned + PartialEq + Debug,
{
    assert_survives(value);
    for number in 0..=5 {
        assert_eq!(python(value, number), python(plain, number), "protocol {number}");
    }
}
