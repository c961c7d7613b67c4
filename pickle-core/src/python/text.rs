//! Numbers and strings as the text opcodes spell them, and Python 2's strings.

use crate::error::{Error, ErrorKind, Result};
use crate::graph::equal::{negate, shorten};

/// As CPython's `sys.int_info.default_max_str_digits`: longer ones take time in their square.
const MOST_DIGITS: usize = 4300;

/// What the bytes of Python 2's strings mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Only ASCII, as is CPython's default.
    #[default]
    Ascii,
    /// Each byte is the character of that number.
    Latin1,
    /// UTF-8.
    Utf8,
    /// They stay bytes.
    Bytes,
}

/// What happens to bytes of Python 2's strings that the [`Encoding`] does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// They are an error.
    #[default]
    Strict,
    /// They become U+FFFD.
    Replace,
    /// They are left out.
    Ignore,
}

/// An integer as the graph has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    Small(i64),
    /// Two's complement, least significant byte first, as short as can be, more than 8 bytes.
    Large(Vec<u8>),
}

#[cold]
fn bad(what: &'static str) -> Error {
    Error::corrupt(what)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// C's strings end at a zero.
fn until_zero(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// C's `strtol` with base 0: the number, and what follows it.
pub(crate) fn strtol(line: &[u8]) -> Option<(i64, &[u8])> {
    let start = line.iter().position(|byte| !is_space(*byte))?;
    let rest = &line[start..];
    let (is_negative, rest) = match rest.first()? {
        b'-' => (true, &rest[1..]),
        b'+' => (false, &rest[1..]),
        _ => (false, rest),
    };
    let (base, digits) = match rest {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, &rest[2..]),
        [b'0', ..] => (8, rest),
        _ => (10, rest),
    };
    let count = digits.iter().take_while(|digit| char::from(**digit).is_digit(base)).count();
    let text = std::str::from_utf8(&digits[..count]).ok()?;
    let magnitude = i128::from_str_radix(text, base).ok()?;
    let value = if is_negative { -magnitude } else { magnitude };
    Some((i64::try_from(value).ok()?, &digits[count..]))
}

/// Python's `int(text, base)` for base 0 and 10.
pub(crate) fn integer(line: &[u8], base: u32) -> Result<Integer> {
    const WHAT: &str = "text that is no integer";
    let text = until_zero(line);
    let start = text.iter().position(|byte| !is_space(*byte)).ok_or_else(|| bad(WHAT))?;
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    let (is_negative, text) = match &text[start..end] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        text => (false, text),
    };
    let (radix, digits) = match (base, text) {
        (0, [b'0', b'x' | b'X', rest @ ..]) => (16, rest.strip_prefix(b"_").unwrap_or(rest)),
        (0, [b'0', b'o' | b'O', rest @ ..]) => (8, rest.strip_prefix(b"_").unwrap_or(rest)),
        (0, [b'0', b'b' | b'B', rest @ ..]) => (2, rest.strip_prefix(b"_").unwrap_or(rest)),
        _ => (10, text),
    };
    let mut clean = Vec::with_capacity(digits.len());
    let mut after_digit = false;
    for byte in digits {
        match char::from(*byte).to_digit(radix) {
            Some(digit) => {
                clean.push(digit as u8);
                after_digit = true;
            }
            None if *byte == b'_' && after_digit => after_digit = false,
            None => return Err(bad(WHAT)),
        }
    }
    if !after_digit {
        return Err(bad(WHAT));
    }
    // As in source code, where 010 would be ambiguous.
    if base == 0 && radix == 10 && clean[0] == 0 && clean.iter().any(|digit| *digit != 0) {
        return Err(bad(WHAT));
    }
    if radix == 10 && clean.len() > MOST_DIGITS {
        let error = bad("an integer of more than 4300 digits");
        return Err(error.with_hint("protocol 2 and later write such integers as bytes"));
    }
    Ok(from_digits(is_negative, &clean, radix))
}

/// Puts digits together, most significant first.
fn from_digits(is_negative: bool, digits: &[u8], radix: u32) -> Integer {
    let mut bytes: Vec<u8> = Vec::new();
    if radix == 10 {
        for chunk in digits.chunks(9) {
            let mut carry = chunk.iter().fold(0_u64, |value, digit| value * 10 + u64::from(*digit));
            let scale = 10_u64.pow(chunk.len() as u32);
            for byte in &mut bytes {
                let sum = u64::from(*byte) * scale + carry;
                *byte = sum as u8;
                carry = sum >> 8;
            }
            while carry != 0 {
                bytes.push(carry as u8);
                carry >>= 8;
            }
        }
    } else {
        let bits = radix.trailing_zeros();
        let (mut value, mut count) = (0_u32, 0);
        for digit in digits.iter().rev() {
            value |= u32::from(*digit) << count;
            count += bits;
            while count >= 8 {
                bytes.push(value as u8);
                value >>= 8;
                count -= 8;
            }
        }
        bytes.push(value as u8);
    }
    bytes.push(0);
    if is_negative {
        negate(&mut bytes);
    }
    from_bytes(&bytes)
}

/// An integer in two's complement, least significant byte first.
pub(crate) fn from_bytes(bytes: &[u8]) -> Integer {
    if bytes.len() <= 8 {
        let sign = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut all = [if sign { 0xff } else { 0 }; 8];
        all[..bytes.len()].copy_from_slice(bytes);
        return Integer::Small(i64::from_le_bytes(all));
    }
    let mut bytes = bytes.to_vec();
    shorten(&mut bytes);
    if bytes.len() <= 8 { from_bytes(&bytes) } else { Integer::Large(bytes) }
}

/// A line of FLOAT, its line feed included.
pub(crate) fn float(line: &[u8]) -> Result<f64> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let text = std::str::from_utf8(until_zero(line)).map_err(|_| bad("text that is no float"))?;
    let value: f64 = text.parse().map_err(|_| bad("text that is no float"))?;
    let is_named = text.bytes().any(|byte| matches!(byte, b'n' | b'N'));
    if value.is_infinite() && !is_named {
        return Err(bad("a float too large for 64 bits"));
    }
    Ok(value)
}

/// A line of STRING without its line feed: what is between the quotes, escapes resolved.
pub(crate) fn quoted(line: &[u8]) -> Result<Vec<u8>> {
    let (b"'" | b"\"", Some(inner)) =
        (line.get(..1).unwrap_or_default(), line.get(1..line.len().saturating_sub(1)))
    else {
        return Err(bad("a STRING that is not quoted"));
    };
    if line.len() < 2 || line[0] != line[line.len() - 1] {
        return Err(bad("a STRING that is not quoted"));
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let [escape, after @ ..] = rest else { return Err(bad("a backslash that ends a STRING")) };
        rest = after;
        match escape {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(*escape),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(0x0b),
            b'a' => out.push(0x07),
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    let [digit @ b'0'..=b'7', after @ ..] = rest else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    rest = after;
                }
                out.push(value as u8);
            }
            b'x' => {
                let digits =
                    rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                let Some(digits) = digits.and_then(|digits| std::str::from_utf8(digits).ok())
                else {
                    return Err(bad("a \\x without two digits in a STRING"));
                };
                out.extend(u8::from_str_radix(digits, 16));
                rest = &rest[2..];
            }
            other => out.extend([b'\\', *other]),
        }
    }
    Ok(out)
}

/// A line of UNICODE without its line feed, in UTF-8 that encodes lone surrogates too.
pub(crate) fn raw_unicode_escape(line: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [byte, after @ ..] = rest {
        rest = after;
        let ([escape, after @ ..], b'\\') = (rest, *byte) else {
            push_code_point(&mut out, (*byte).into());
            continue;
        };
        rest = after;
        let count = match escape {
            b'u' => 4,
            b'U' => 8,
            other => {
                out.push(b'\\');
                push_code_point(&mut out, (*other).into());
                continue;
            }
        };
        let digits = rest.get(..count).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let value = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .filter(|value| *value <= 0x10_ffff);
        push_code_point(&mut out, value.ok_or_else(|| bad("a broken \\u in a UNICODE"))?);
        rest = &rest[count..];
    }
    Ok(out)
}

/// Appends a code point in UTF-8, surrogates as if they were characters.
fn push_code_point(out: &mut Vec<u8>, value: u32) {
    match char::from_u32(value) {
        Some(char) => out.extend(char.encode_utf8(&mut [0; 4]).bytes()),
        None => out.extend([
            0xe0 | (value >> 12) as u8,
            0x80 | (value >> 6 & 0x3f) as u8,
            0x80 | (value & 0x3f) as u8,
        ]),
    }
}

/// Whether bytes are UTF-8, lone surrogates aside.
pub(crate) fn check_utf8(bytes: &[u8]) -> Result<()> {
    let mut rest = bytes;
    loop {
        let Err(error) = std::str::from_utf8(rest) else { return Ok(()) };
        rest = &rest[error.valid_up_to()..];
        match rest {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, after @ ..] => rest = after,
            _ => return Err(Error::new(ErrorKind::InvalidUtf8)),
        }
    }
}

/// The text of a Python 2 string, in UTF-8. [`Encoding::Bytes`] is the caller's business.
pub(crate) fn decode(bytes: &[u8], encoding: Encoding, errors: OnError) -> Result<Vec<u8>> {
    let replace = |out: &mut Vec<u8>| match errors {
        OnError::Strict => {
            let error = Error::corrupt("a string of Python 2's that is not in the encoding");
            Err(error.with_hint("choose another `Encoding`, such as `Encoding::Latin1`"))
        }
        OnError::Replace => {
            out.extend("\u{fffd}".bytes());
            Ok(())
        }
        OnError::Ignore => Ok(()),
    };
    let mut out = Vec::with_capacity(bytes.len());
    match encoding {
        Encoding::Latin1 => bytes.iter().for_each(|byte| push_code_point(&mut out, (*byte).into())),
        Encoding::Bytes => out.extend_from_slice(bytes),
        Encoding::Ascii => {
            for byte in bytes {
                if byte.is_ascii() { out.push(*byte) } else { replace(&mut out)? }
            }
        }
        Encoding::Utf8 => {
            for chunk in bytes.utf8_chunks() {
                out.extend(chunk.valid().bytes());
                if !chunk.invalid().is_empty() {
                    replace(&mut out)?;
                }
            }
        }
    }
    Ok(out)
}

/// A number in two's complement, least significant byte first, in decimal.
pub(crate) fn decimal(bytes: &[u8]) -> String {
    let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    if is_negative {
        // Room for the magnitude of the smallest number.
        magnitude.push(0xff);
        negate(&mut magnitude);
    }
    const LIMB: u64 = 1_000_000_000;
    let mut limbs: Vec<u32> = vec![0];
    for byte in magnitude.iter().rev() {
        let mut carry = u64::from(*byte);
        for limb in &mut limbs {
            let value = u64::from(*limb) * 256 + carry;
            *limb = (value % LIMB) as u32;
            carry = value / LIMB;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    let mut text = if is_negative { "-".to_owned() } else { String::new() };
    let (last, rest) = limbs.split_last().unwrap_or((&0, &[]));
    text.push_str(&last.to_string());
    for limb in rest.iter().rev() {
        text.push_str(&format!("{limb:09}"));
    }
    text
}

/// A float as Python's `repr` has it.
pub(crate) fn repr(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .into();
    }
    // The fewest digits that give the float back, as `d.ddd` and an exponent.
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = digits.len() as i32;
    match exponent {
        -4..=-1 => format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize)),
        0..=15 if count <= exponent + 1 => {
            format!("{sign}{digits}{}.0", "0".repeat((exponent + 1 - count) as usize))
        }
        0..=15 => {
            let (whole, rest) = digits.split_at((exponent + 1) as usize);
            format!("{sign}{whole}.{rest}")
        }
        _ => {
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{mantissa}e{direction}{:02}", exponent.abs())
        }
    }
}

/// Text as a line of UNICODE has it, without the line feed.
pub(crate) fn raw_unicode_escaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for value in code_points(text) {
        match value {
            // What would end the line, or begin an escape.
            0 | 0x0a | 0x0d | 0x1a | 0x5c | 0x100..=0xffff => {
                out.extend(format!("\\u{value:04x}").bytes());
            }
            0..=0xff => out.push(value as u8),
            _ => out.extend(format!("\\U{value:08x}").bytes()),
        }
    }
    out
}

/// The code points of UTF-8 that may encode surrogates.
fn code_points(text: &[u8]) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let (size, bits) = match first {
            0..=0x7f => (1, u32::from(first)),
            0x80..=0xdf => (2, u32::from(first & 0x1f)),
            0xe0..=0xef => (3, u32::from(first & 0x0f)),
            _ => (4, u32::from(first & 0x07)),
        };
        let (own, after) = rest.split_at_checked(size)?;
        rest = after;
        Some(own[1..].iter().fold(bits, |value, byte| value << 6 | u32::from(byte & 0x3f)))
    })
}
