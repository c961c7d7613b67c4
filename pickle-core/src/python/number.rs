//! Numbers written as text, as Python's C code reads them.

use crate::graph::bigint::{push_digit, small, to_bytes};

/// Decimal digits that an integer may have, as in CPython.
const MAX_DIGITS: usize = 4300;

/// An integer read from text.
#[derive(Debug, PartialEq)]
pub(super) enum Int {
    Small(i64),
    /// Little-endian bytes in two's complement.
    Big(Vec<u8>),
}

/// What C code sees of a line: it ends at the first NUL.
fn c_string(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == 0).next().unwrap_or(line)
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The argument of `INT`: first as C's `strtol` reads it, then as Python's `int`.
pub(super) fn int(line: &[u8]) -> Option<Int> {
    match strtol(c_string(line)) {
        Some(value) => Some(Int::Small(value)),
        None => long(line),
    }
}

/// C's `strtol` with base 0, if it takes all of the text and the number fits.
fn strtol(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let start = text.iter().position(|byte| !is_space(byte))?;
    let (negative, digits) = split_sign(&text[start..]);
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |value, digit| {
        let digit = i64::from(char::from(*digit).to_digit(base)?);
        let value = value.checked_mul(base.into())?;
        if negative { value.checked_sub(digit) } else { value.checked_add(digit) }
    })
}

/// The argument of `LONG`, without its `L`: as Python's `int` with base 0.
pub(super) fn long(line: &[u8]) -> Option<Int> {
    python_int(c_string(line), Base::Prefix)
}

/// The argument of `GET` and `PUT`: as Python's `int` with base 10.
pub(super) fn index(line: &[u8]) -> Option<i64> {
    match python_int(c_string(line), Base::Ten)? {
        Int::Small(value) => Some(value),
        Int::Big(_) => None,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Base {
    /// By the prefix: `0x`, `0o`, `0b` or none.
    Prefix,
    Ten,
}

fn python_int(text: &[u8], base: Base) -> Option<Int> {
    let start = text.iter().position(|byte| !is_space(byte))?;
    let end = text.iter().rposition(|byte| !is_space(byte))? + 1;
    let (negative, digits) = split_sign(&text[start..end]);
    let (radix, digits) = match (base, digits) {
        (Base::Prefix, [b'0', b'x' | b'X', rest @ ..]) => (16, skip_underscore(rest)),
        (Base::Prefix, [b'0', b'o' | b'O', rest @ ..]) => (8, skip_underscore(rest)),
        (Base::Prefix, [b'0', b'b' | b'B', rest @ ..]) => (2, skip_underscore(rest)),
        _ => (10, digits),
    };
    let mut values = Vec::with_capacity(digits.len());
    let mut after_digit = false;
    for byte in digits {
        if *byte == b'_' && after_digit {
            after_digit = false;
            continue;
        }
        values.push(char::from(*byte).to_digit(radix)?);
        after_digit = true;
    }
    // A number neither is empty nor ends in an underscore; zeros in front were octal once.
    let octal = base == Base::Prefix && radix == 10 && digits.first() == Some(&b'0');
    if !after_digit || octal && values.iter().any(|value| *value != 0) {
        return None;
    }
    if radix == 10 {
        return (values.len() <= MAX_DIGITS).then(|| decimal(&values, negative));
    }
    Some(binary(&values, radix.ilog2(), negative))
}

fn skip_underscore(digits: &[u8]) -> &[u8] {
    digits.strip_prefix(b"_").unwrap_or(digits)
}

fn decimal(values: &[u32], negative: bool) -> Int {
    let mut number = Vec::new();
    // Nine digits at a time, the odd ones first.
    let (head, tail) = values.split_at(values.len() % 9);
    for chunk in std::iter::once(head).chain(tail.chunks(9)) {
        let value = chunk.iter().fold(0, |value, digit| value * 10 + digit);
        push_digit(&mut number, 1_000_000_000, value);
    }
    finish(&number, negative)
}

fn binary(values: &[u32], bits: u32, negative: bool) -> Int {
    let mut number = Vec::new();
    let (mut limb, mut filled) = (0_u64, 0);
    for value in values.iter().rev() {
        limb |= u64::from(*value) << filled;
        filled += bits;
        if filled >= 32 {
            number.push(limb as u32);
            limb >>= 32;
            filled -= 32;
        }
    }
    number.push(limb as u32);
    finish(&number, negative)
}

fn finish(number: &[u32], negative: bool) -> Int {
    let bytes = to_bytes(number, negative);
    small(&bytes).map_or(Int::Big(bytes), Int::Small)
}

/// The argument of `FLOAT`: an overflow is an error, as in CPython's C code.
pub(super) fn float(line: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(c_string(line)).ok()?;
    let (negative, digits) = split_sign(text.as_bytes());
    if digits.eq_ignore_ascii_case(b"nan") {
        return Some(if negative { -f64::NAN } else { f64::NAN });
    }
    let value: f64 = text.parse().ok()?;
    (value.is_finite() || digits.first().is_some_and(u8::is_ascii_alphabetic)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_c_and_python_read_them() {
        assert_eq!(int(b"010"), Some(Int::Small(8)));
        assert_eq!(int(b" -0x1f"), Some(Int::Small(-31)));
        assert_eq!(int(b"1_000"), Some(Int::Small(1000)));
        assert_eq!(int(b"9223372036854775808"), Some(Int::Big(vec![0, 0, 0, 0, 0, 0, 0, 0x80, 0])));
        assert_eq!(int(b"1.5"), None);
        assert_eq!(long(b"010"), None);
        assert_eq!(long(b"000"), Some(Int::Small(0)));
        assert_eq!(long(b"1__0"), None);
        assert_eq!(long(b"-0x8000000000000000"), Some(Int::Small(i64::MIN)));
        assert!(long(&[b'9'; 4301]).is_none());
        assert_eq!(index(b"-1"), Some(-1));
    }

    #[test]
    fn floats_as_c_reads_them() {
        assert_eq!(float(b"1e3"), Some(1000.0));
        assert_eq!(float(b"-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(float(b"1e400"), None);
        assert_eq!(float(b" 1"), None);
        assert!(float(b"nan").is_some_and(f64::is_nan));
    }
}
