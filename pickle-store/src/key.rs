//! Keys: bytes that sort as the values do.
//!
//! | value | bytes |
//! |---|---|
//! | `None` | `01`; `Some(key)` is the key |
//! | bytes | `02`, the bytes with `00` as `00 FF`, `00` |
//! | text | `03`, its UTF-8 likewise, `00` |
//! | 0 | `20` |
//! | an integer above 0 | `20` + n, the n bytes it needs, most significant first |
//! | an integer below 0 | `20` - n, the n bytes its magnitude needs, inverted |
//! | `false`, `true` | `38`, `39` |
//! | `char` | `3A`, three bytes, most significant first |
//! | a tuple | its parts in a row |
//!
//! No key is the beginning of another of the same type, so tuples sort by their parts. An integer has
//! the same bytes whatever its width.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};

const NONE: u8 = 0x01;
const BYTES: u8 = 0x02;
const STR: u8 = 0x03;
const ZERO: u8 = 0x20;
const FALSE: u8 = 0x38;
const TRUE: u8 = 0x39;
const CHAR: u8 = 0x3a;

/// What objects are stored by: integers, text, bytes, `bool`, `char`, options and tuples of these.
///
/// Keys are kept in order: numbers by size, text by its characters, tuples by their parts.
pub trait Key {
    /// Appends the key's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Appends the bytes with which all keys begin that begin with this one: the characters of a
    /// text without its end, the parts of a tuple.
    fn encode_prefix(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
}

/// A key that can be read back, to list what is stored.
pub trait LoadKey: Key + Sized {
    /// Takes a key from the front of `bytes`; nothing when there is none of this type.
    fn decode(bytes: &mut &[u8]) -> Option<Self>;
}

/// Reads a whole key.
pub(crate) fn load<K: LoadKey>(mut bytes: &[u8]) -> Result<K> {
    match K::decode(&mut bytes) {
        Some(key) if bytes.is_empty() => Ok(key),
        _ => Err(Error::new(ErrorKind::KeyType { asked: std::any::type_name::<K>() })),
    }
}

impl<K: Key + ?Sized> Key for &K {
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }

    fn encode_prefix(&self, out: &mut Vec<u8>) {
        (**self).encode_prefix(out);
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Key for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                #[allow(unused_comparisons)] // unsigned ones
                let is_negative = *self < 0;
                // As `u128` holds the magnitude of each of them.
                let magnitude = if is_negative {
                    (*self as u128).wrapping_neg()
                } else {
                    *self as u128
                };
                encode_integer(is_negative, magnitude, out);
            }
        }

        impl LoadKey for $type {
            fn decode(bytes: &mut &[u8]) -> Option<Self> {
                let (is_negative, magnitude) = decode_integer(bytes)?;
                if is_negative {
                    let value = 0_i128.checked_sub_unsigned(magnitude)?;
                    value.try_into().ok()
                } else {
                    magnitude.try_into().ok()
                }
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

fn encode_integer(is_negative: bool, magnitude: u128, out: &mut Vec<u8>) {
    let bytes = magnitude.to_be_bytes();
    let used = &bytes[magnitude.leading_zeros() as usize / 8..];
    let count = used.len() as u8;
    if is_negative {
        out.push(ZERO - count);
        out.extend(used.iter().map(|byte| !byte));
    } else {
        out.push(ZERO + count);
        out.extend_from_slice(used);
    }
}

fn decode_integer(bytes: &mut &[u8]) -> Option<(bool, u128)> {
    let (&tag, rest) = bytes.split_first()?;
    let count = tag.abs_diff(ZERO);
    if count > 16 {
        return None;
    }
    let (used, rest) = rest.split_at_checked(count.into())?;
    *bytes = rest;
    let is_negative = tag < ZERO;
    let flip = if is_negative { 0xff } else { 0 };
    let magnitude = used.iter().fold(0, |value, byte| value << 8 | u128::from(byte ^ flip));
    Some((is_negative, magnitude))
}

/// Text or bytes: zeros are escaped, so that the end is found and sorts before all else.
fn encode_escaped(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
}

fn decode_escaped(tag: u8, bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(&[tag])?;
    let mut out = Vec::new();
    loop {
        match rest {
            [0, 0xff, after @ ..] => {
                out.push(0);
                rest = after;
            }
            [0, after @ ..] => {
                *bytes = after;
                return Some(out);
            }
            [byte, after @ ..] => {
                out.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

macro_rules! escaped {
    ($([$($generics:tt)*] $type:ty: $tag:expr, |$value:ident| $bytes:expr;)*) => {$(
        impl<$($generics)*> Key for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                self.encode_prefix(out);
                out.push(0);
            }

            fn encode_prefix(&self, out: &mut Vec<u8>) {
                let $value = self;
                encode_escaped($tag, $bytes, out);
            }
        }
    )*};
}

escaped! {
    [] str: STR, |text| text.as_bytes();
    [] String: STR, |text| text.as_bytes();
    [] Cow<'_, str>: STR, |text| text.as_bytes();
    [] [u8]: BYTES, |bytes| bytes;
    [] Vec<u8>: BYTES, |bytes| bytes;
    [const N: usize] [u8; N]: BYTES, |bytes| bytes;
}

impl LoadKey for String {
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(decode_escaped(STR, bytes)?).ok()
    }
}

impl LoadKey for Vec<u8> {
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        decode_escaped(BYTES, bytes)
    }
}

impl<const N: usize> LoadKey for [u8; N] {
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        decode_escaped(BYTES, bytes)?.try_into().ok()
    }
}

impl Key for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(if *self { TRUE } else { FALSE });
    }
}

impl LoadKey for bool {
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (&tag, rest) = bytes.split_first()?;
        *bytes = rest;
        match tag {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }
}

impl Key for char {
    fn encode(&self, out: &mut Vec<u8>) {
        let [_, bytes @ ..] = u32::from(*self).to_be_bytes();
        out.push(CHAR);
        out.extend(bytes);
    }
}

impl LoadKey for char {
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (&[a, b, c], rest) = bytes.strip_prefix(&[CHAR])?.split_first_chunk()?;
        *bytes = rest;
        Self::from_u32(u32::from_be_bytes([0, a, b, c]))
    }
}

impl<K: Key> Key for Option<K> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Some(key) => key.encode(out),
            None => out.push(NONE),
        }
    }
}

impl<K: LoadKey> LoadKey for Option<K> {
    fn decode(bytes: &mut &[u8]) -> Option<Self> {
        match bytes.strip_prefix(&[NONE]) {
            Some(rest) => {
                *bytes = rest;
                Some(None)
            }
            None => K::decode(bytes).map(Some),
        }
    }
}

macro_rules! tuples {
    ($([$($index:tt $part:ident)*])*) => {$(
        impl<$($part: Key),*> Key for ($($part,)*) {
            fn encode(&self, _out: &mut Vec<u8>) {
                $(self.$index.encode(_out);)*
            }
        }

        impl<$($part: LoadKey),*> LoadKey for ($($part,)*) {
            fn decode(_bytes: &mut &[u8]) -> Option<Self> {
                Some(($($part::decode(_bytes)?,)*))
            }
        }
    )*};
}

tuples! {
    []
    [0 A]
    [0 A 1 B]
    [0 A 1 B 2 C]
    [0 A 1 B 2 C 3 D]
    [0 A 1 B 2 C 3 D 4 E]
    [0 A 1 B 2 C 3 D 4 E 5 F]
}

/// A key as a person would write it, with its collection if that has a name.
pub(crate) fn display(key: &[u8]) -> String {
    let mut rest = key;
    let collection = rest.split_first().and_then(|(_, after)| {
        rest = after;
        String::decode(&mut rest)
    });
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let Some(part) = part(&mut rest) else {
            parts.push(format!("{rest:02x?}"));
            break;
        };
        parts.push(part);
    }
    let key = match parts.as_slice() {
        [one] => one.clone(),
        all => format!("({})", all.join(", ")),
    };
    match collection {
        Some(name) if !name.is_empty() => format!("{name}[{key}]"),
        _ => key,
    }
}

fn part(rest: &mut &[u8]) -> Option<String> {
    let before = *rest;
    let text = match before[0] {
        NONE => {
            *rest = &before[1..];
            Some("None".into())
        }
        BYTES => Vec::<u8>::decode(rest).map(|bytes| format!("{bytes:02x?}")),
        STR => String::decode(rest).map(|text| format!("{text:?}")),
        FALSE | TRUE => bool::decode(rest).map(|value| value.to_string()),
        CHAR => char::decode(rest).map(|value| format!("{value:?}")),
        _ => decode_integer(rest).map(|(is_negative, magnitude)| {
            let sign = if is_negative { "-" } else { "" };
            format!("{sign}{magnitude}")
        }),
    };
    if text.is_none() {
        *rest = before;
    }
    text
}

/// The bytes after all that begin with `prefix`, if there are any.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut after = prefix[..=last].to_vec();
    after[last] += 1;
    Some(after)
}
