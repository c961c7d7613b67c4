//! `int` without bounds.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::graph::{Integer, bigint};
use crate::impls::prelude::*;

/// An integer of any size, as Python's `int`: to hold, compare and print. Under the feature
/// `num-bigint` that crate's types calculate with them.
///
/// ```
/// use pickle_core::{Protocol, dumps_with, loads, python::BigInt};
/// let big: BigInt = "170141183460469231731687303715884105728".parse()?;
/// assert!(big > BigInt::from(i128::MAX));
/// assert_eq!(loads::<BigInt>(&dumps_with(&big, Protocol::V4)?)?, big);
/// assert_eq!(i64::try_from(BigInt::from(-7))?, -7);
/// # Ok::<(), pickle_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BigInt(Vec<u8>);

impl BigInt {
    /// The integer of these bytes: the least significant first, in two's complement.
    pub fn from_bytes_le(bytes: &[u8]) -> Self {
        Self(bigint::trim(bytes).to_vec())
    }

    /// The bytes of the integer: the least significant first, in two's complement, as few as it
    /// takes. Zero takes none.
    pub fn to_bytes_le(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        bigint::is_negative(&self.0)
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn of(integer: Integer<'_>) -> Self {
        match integer {
            Integer::Small(value) => value.into(),
            Integer::Big(bytes) => Self::from_bytes_le(bytes),
        }
    }

    /// The next integer, or the one before.
    pub(crate) fn step(&self, up: bool) -> Self {
        let mut bytes = self.0.clone();
        // Room for a carry, with the sign that it had.
        bytes.push(if self.is_negative() { 0xff } else { 0 });
        let (end, next) = if up { (0xff, 1) } else { (0, 0xff) };
        for byte in &mut bytes {
            let carries = *byte == end;
            *byte = byte.wrapping_add(next);
            if !carries {
                break;
            }
        }
        Self::from_bytes_le(&bytes)
    }

    fn checked(bytes: Vec<u8>) -> Result<Self, &'static str> {
        match bigint::trim(&bytes).len() == bytes.len() {
            true => Ok(Self(bytes)),
            false => Err("an int in as few bytes as it takes"),
        }
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match bigint::small(&self.0) {
            Some(small) => Integer::Small(small).fmt(f),
            None => Integer::Big(&self.0).fmt(f),
        }
    }
}

/// Decimal digits behind a sign, if any. The work grows with the square of their number.
impl FromStr for BigInt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            digits => (false, digits),
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Error::expected("an int in decimal digits"));
        }
        let mut number = Vec::new();
        for chunk in digits.chunks(9) {
            let value = chunk.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            bigint::push_digit(&mut number, 10_u32.pow(chunk.len() as u32), value);
        }
        Ok(Self(bigint::to_bytes(&number, negative)))
    }
}

impl Ord for BigInt {
    fn cmp(&self, other: &Self) -> Ordering {
        let (negative, other_negative) = (self.is_negative(), other.is_negative());
        let longer = self.0.len().cmp(&other.0.len());
        match (negative, other_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            // As few bytes as possible: of two negative ones, the longer is the lesser.
            (true, true) => longer.reverse(),
            (false, false) => longer,
        }
        .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for BigInt {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! convert {
    ($($type:ident)*) => {$(
        impl From<$type> for BigInt {
            fn from(value: $type) -> Self {
                let bytes = value.to_le_bytes();
                #[allow(unused_comparisons)]
                let fill = if value < 0 { 0xff } else { 0 };
                Self::from_bytes_le(&[&bytes[..], &[fill]].concat())
            }
        }

        impl TryFrom<BigInt> for $type {
            type Error = Error;

            fn try_from(value: BigInt) -> Result<Self> {
                let mut bytes = [if value.is_negative() { 0xff } else { 0 }; size_of::<$type>() + 1];
                let fits = value.0.len() <= bytes.len();
                if fits {
                    bytes[..value.0.len()].copy_from_slice(&value.0);
                    let mut low = [0; size_of::<$type>()];
                    low.copy_from_slice(&bytes[..size_of::<$type>()]);
                    let found = Self::from_le_bytes(low);
                    if BigInt::from(found) == value {
                        return Ok(found);
                    }
                }
                Err(Error::expected(concat!("an int in the range of ", stringify!($type))))
            }
        }
    )*};
}

convert! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 }

macro_rules! convert_pointer_sized {
    ($($type:ident as $wide:ident)*) => {$(
        impl From<$type> for BigInt {
            fn from(value: $type) -> Self {
                (value as $wide).into()
            }
        }

        impl TryFrom<BigInt> for $type {
            type Error = Error;

            fn try_from(value: BigInt) -> Result<Self> {
                Self::try_from($wide::try_from(value)?).map_err(|_| {
                    Error::expected(concat!("an int in the range of ", stringify!($type)))
                })
            }
        }
    )*};
}

convert_pointer_sized! { usize as u64 isize as i64 }

std_struct! { [] BigInt, "BigInt" as "builtins.int" { bytes: Vec<u8> },
    dump: |value| (&value.0),
    load: BigInt::checked(bytes),
    save: save_int, restore: restore_int
}

fn save_int(value: &BigInt, saver: &mut Saver<'_>) -> Result<()> {
    saver.big_int(&value.0);
    Ok(())
}

fn restore_int(id: NodeId, restorer: &mut Restorer<'_, '_>) -> Result<Option<BigInt>> {
    use crate::graph::Node;
    match restorer.node(id) {
        Node::Int(_) | Node::BigInt(_) => {
            let value = restorer.integer(id)?;
            if let Integer::Big(bytes) = value {
                restorer.charge(1, bytes.len())?;
            }
            Ok(Some(BigInt::of(value)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_carry_across_bytes_and_signs() {
        for value in [-65_537_i64, -257, -256, -255, -129, -128, -1, 0, 1, 127, 255, 256, 65_535] {
            let big = BigInt::from(value);
            assert_eq!(big.step(true), BigInt::from(value + 1));
            assert_eq!(big.step(false), BigInt::from(value - 1));
            assert_eq!(big.to_string(), value.to_string());
        }
        assert_eq!(
            BigInt::from(u128::MAX).step(true).to_string(),
            "340282366920938463463374607431768211456"
        );
    }

    #[test]
    fn order_is_that_of_the_numbers() {
        let values = [i64::MIN, -70_000, -300, -256, -2, -1, 0, 1, 255, 256, 70_000, i64::MAX];
        for left in values {
            for right in values {
                assert_eq!(BigInt::from(left).cmp(&BigInt::from(right)), left.cmp(&right));
            }
        }
    }
}
