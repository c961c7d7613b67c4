//! `num-bigint`: `int` in Python.

use num_bigint::{BigInt, BigUint};

use crate::impls::composite::std_wrapper;
use crate::impls::prelude::*;
use crate::python;

fn of(value: &BigInt) -> python::BigInt {
    python::BigInt::from_bytes_le(&value.to_signed_bytes_le())
}

fn to(value: &python::BigInt) -> BigInt {
    BigInt::from_signed_bytes_le(value.to_bytes_le())
}

std_wrapper! { [] BigInt as python::BigInt,
dump: |value| Ok::<_, Error>(&of(value)), load: |inner| Ok(to(&inner)) }

std_wrapper! { [] BigUint as python::BigInt,
    dump: |value| Ok::<_, Error>(&of(&BigInt::from(value.clone()))),
    load: |inner| to(&inner).to_biguint().ok_or("an int that is not negative")
}
