//! Keys in the store's own key space, where keys of all types meet.

use std::fmt::{self, Display};

use super::KeyDecoder;
use crate::error::{Error, Result};

/// A key of the store, of whatever type it was put with.
///
/// All integer types are one here: `put(&7_u8, ..)` and `get(&7_i64)` mean the same key.
///
/// ```
/// use pickle_store::{AnyKey, Store};
/// let store = Store::builder("memory:").open()?;
/// store.put("alice", &1_u8)?;
/// store.put(&7_u64, &2_u8)?;
/// let keys = store.keys()?.collect::<Result<Vec<AnyKey>, _>>()?;
/// assert_eq!(keys, [AnyKey::Int(7), AnyKey::Str("alice".into())]);
/// assert!(keys[1] == "alice");
/// # Ok::<(), pickle_store::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AnyKey {
    /// A `bool`.
    Bool(bool),
    /// An integer of any type up to `i128::MAX`.
    Int(i128),
    /// An integer beyond `i128::MAX`.
    BigInt(u128),
    /// A `char`.
    Char(char),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Several parts.
    Tuple(Vec<AnyKey>),
}

pub(super) const BOOL: u8 = 0x10;
/// The tag of an integer is this, plus its length, or minus its length where it is negative.
const INT: u8 = 0x40;
const LOWEST: u8 = INT - 16;
const HIGHEST: u8 = INT + 16;
pub(super) const CHAR: u8 = 0x60;
pub(super) const STR: u8 = 0x70;
pub(super) const BYTES: u8 = 0x71;
pub(super) const TUPLE: u8 = 0x80;

/// An integer of any type.
#[derive(Clone, Copy)]
pub(super) enum Int {
    Signed(i128),
    Unsigned(u128),
}

macro_rules! from_ints {
    ($variant:ident $wide:ident: $($type:ident)*) => {$(
        impl From<$type> for Int {
            fn from(value: $type) -> Self {
                Self::$variant($wide::from(value))
            }
        }
    )*};
}

from_ints!(Signed i128: i8 i16 i32 i64 i128);
from_ints!(Unsigned u128: u8 u16 u32 u64 u128);

/// Appends an integer, whatever its type: the tag says sign and length, the bytes of the value
/// follow, inverted where it is negative.
pub(super) fn put_int(out: &mut Vec<u8>, value: Int) {
    let (magnitude, negative) = match value {
        Int::Signed(value @ ..0) => (value.unsigned_abs(), true),
        Int::Signed(value) => (value.unsigned_abs(), false),
        Int::Unsigned(value) => (value, false),
    };
    let bytes = magnitude.to_be_bytes();
    let length = 16 - (magnitude.leading_zeros() / 8) as u8;
    let bytes = &bytes[16 - usize::from(length)..];
    if negative {
        out.push(INT - length);
        out.extend(bytes.iter().map(|byte| !byte));
    } else {
        out.push(INT + length);
        out.extend_from_slice(bytes);
    }
}

impl AnyKey {
    /// Decodes a key of the store's own key space.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut decoder = KeyDecoder::new(bytes, false);
        let key = Self::read(&mut decoder)?;
        match decoder.rest.is_empty() {
            true => Ok(key),
            false => Err(Error::corrupt("bytes follow a key")),
        }
    }

    fn read(decoder: &mut KeyDecoder<'_>) -> Result<Self> {
        Ok(match decoder.take(1)?[0] {
            BOOL => match decoder.take(1)? {
                [0] => Self::Bool(false),
                [1] => Self::Bool(true),
                _ => return Err(Error::corrupt("a key is no bool")),
            },
            tag @ LOWEST..=HIGHEST => match int_of(tag, decoder)? {
                Int::Signed(value) => Self::Int(value),
                Int::Unsigned(value) => {
                    i128::try_from(value).map_or(Self::BigInt(value), Self::Int)
                }
            },
            CHAR => {
                let number = u32::from_be_bytes(decoder.array()?);
                let char = char::from_u32(number);
                Self::Char(char.ok_or_else(|| Error::corrupt("a key is no char"))?)
            }
            STR => Self::Str(decoder.string()?),
            BYTES => Self::Bytes(decoder.text()?),
            TUPLE => {
                let parts = decoder.take(1)?[0];
                // Keys that were put are nested as deep as their types.
                if decoder.depth >= 64 {
                    return Err(Error::corrupt("a key is nested too deep"));
                }
                decoder.depth += 1;
                let parts = (0..parts).map(|_| Self::read(decoder)).collect::<Result<_>>()?;
                decoder.end_tuple();
                Self::Tuple(parts)
            }
            _ => return Err(Error::corrupt("a key of unknown kind")),
        })
    }

    /// The text, where it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, where it is one up to `i128::MAX`.
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }
}

/// Reads what [`put_int`] wrote.
pub(super) fn read_int(decoder: &mut KeyDecoder<'_>) -> Result<Int> {
    match decoder.take(1)?[0] {
        tag @ LOWEST..=HIGHEST => int_of(tag, decoder),
        _ => Err(Error::corrupt("a key is of another kind")),
    }
}

/// Reads an integer behind its tag, between `LOWEST` and `HIGHEST`.
fn int_of(tag: u8, decoder: &mut KeyDecoder<'_>) -> Result<Int> {
    if tag >= INT {
        return Ok(Int::Unsigned(magnitude(decoder.take(usize::from(tag - INT))?, 0)));
    }
    let value = magnitude(decoder.take(usize::from(INT - tag))?, 0xff);
    let value = 0_i128.checked_sub_unsigned(value);
    value.map(Int::Signed).ok_or_else(|| Error::corrupt("a key is below all integers"))
}

fn magnitude(bytes: &[u8], flip: u8) -> u128 {
    bytes.iter().fold(0, |value, byte| value << 8 | u128::from(byte ^ flip))
}

impl Display for AnyKey {
    /// Text as it is, all else as in Rust.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(text) => f.write_str(text),
            other => other.fmt_part(f),
        }
    }
}

impl AnyKey {
    fn fmt_part(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::BigInt(value) => write!(f, "{value}"),
            Self::Char(value) => write!(f, "{value:?}"),
            Self::Str(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
            Self::Tuple(parts) => {
                f.write_str("(")?;
                for (index, part) in parts.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "" })?;
                    part.fmt_part(f)?;
                }
                f.write_str(")")
            }
        }
    }

    /// As in Rust, with quotes around text: for errors.
    pub(crate) fn quoted(&self) -> String {
        struct Quoted<'a>(&'a AnyKey);
        impl Display for Quoted<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt_part(f)
            }
        }
        Quoted(self).to_string()
    }
}

impl PartialEq<str> for AnyKey {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for AnyKey {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}
