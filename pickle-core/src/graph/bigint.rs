//! Integers of any size, as far as a codec needs them: their bytes and their digits.

use std::fmt;

/// The value of an integer node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer<'a> {
    /// One that fits in 64 bits.
    Small(i64),
    /// A larger one: little-endian bytes in two's complement, as short as possible.
    Big(&'a [u8]),
}

impl Integer<'_> {
    /// The value, if it fits in 128 bits.
    pub fn to_i128(self) -> Option<i128> {
        match self {
            Self::Small(value) => Some(value.into()),
            Self::Big(bytes) if bytes.len() <= 16 => {
                let fill = if is_negative(bytes) { 0xff } else { 0 };
                let mut all = [fill; 16];
                all[..bytes.len()].copy_from_slice(bytes);
                Some(i128::from_le_bytes(all))
            }
            Self::Big(_) => None,
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        match self {
            Self::Small(value) => value < 0,
            Self::Big(bytes) => is_negative(bytes),
        }
    }

    /// A whole float as an integer: small, or as bytes.
    pub(crate) fn of_whole(value: f64) -> Result<i64, Vec<u8>> {
        if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
            return Ok(value as i64);
        }
        let bits = value.to_bits();
        let shift = ((bits >> 52) & 0x7ff) as usize - 1075;
        let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52) << (shift % 8);
        let mut bytes = vec![0; shift / 8];
        bytes.extend_from_slice(&mantissa.to_le_bytes());
        bytes.push(0);
        if value < 0.0 {
            negate(&mut bytes);
        }
        Err(trim(&bytes).to_vec())
    }
}

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(value) => value.fmt(f),
            Self::Big(bytes) => f.write_str(&decimal(bytes)),
        }
    }
}

pub(crate) fn is_negative(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| last & 0x80 != 0)
}

/// The same number in as few bytes as possible; zero takes none.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let fill = if is_negative(bytes) { 0xff } else { 0 };
    let mut len = bytes.len();
    while len > 0 && bytes[len - 1] == fill && (len == 1 && fill == 0 || len > 1) {
        if len > 1 && (bytes[len - 2] & 0x80 != 0) != (fill == 0xff) {
            break;
        }
        len -= 1;
    }
    &bytes[..len]
}

/// A number that fits in 64 bits.
pub(crate) fn small(bytes: &[u8]) -> Option<i64> {
    let bytes = trim(bytes);
    if bytes.len() > 8 {
        return None;
    }
    let mut all = [if is_negative(bytes) { 0xff } else { 0 }; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Some(i64::from_le_bytes(all))
}

pub(crate) fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        let (sum, more) = (!*byte).overflowing_add(carry.into());
        *byte = sum;
        carry = more;
    }
}

/// Adds `digit` to `number * base`, both unsigned, least significant limb first.
pub(crate) fn push_digit(number: &mut Vec<u32>, base: u32, digit: u32) {
    let mut carry = u64::from(digit);
    for limb in number.iter_mut() {
        carry += u64::from(*limb) * u64::from(base);
        *limb = carry as u32;
        carry >>= 32;
    }
    if carry > 0 {
        number.push(carry as u32);
    }
}

/// Signed bytes of an unsigned number and its sign.
pub(crate) fn to_bytes(number: &[u32], negative: bool) -> Vec<u8> {
    let mut bytes: Vec<u8> = number.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.push(0);
    if negative {
        negate(&mut bytes);
    }
    trim(&bytes).to_vec()
}

/// The digits of a number; their count times the number's size of work.
fn decimal(bytes: &[u8]) -> String {
    const CHUNK: u64 = 1_000_000_000;
    let negative = is_negative(bytes);
    let mut unsigned = bytes.to_vec();
    if negative {
        negate(&mut unsigned);
    }
    let mut limbs: Vec<u32> = unsigned
        .chunks(4)
        .map(|chunk| chunk.iter().rev().fold(0, |limb, byte| limb << 8 | u32::from(*byte)))
        .collect();
    let mut chunks = Vec::new();
    while let Some(last) = limbs.last() {
        if *last == 0 {
            limbs.pop();
            continue;
        }
        let mut rest = 0;
        for limb in limbs.iter_mut().rev() {
            let value = rest << 32 | u64::from(*limb);
            *limb = (value / CHUNK) as u32;
            rest = value % CHUNK;
        }
        chunks.push(rest);
    }
    let mut text = String::from(if negative { "-" } else { "" });
    let mut chunks = chunks.iter().rev();
    text.push_str(&chunks.next().unwrap_or(&0).to_string());
    for chunk in chunks {
        text.push_str(&format!("{chunk:09}"));
    }
    text
}
