//! Text as pickles hold it: UTF-8 with lone surrogates, Python 2's bytes, the escapes of protocol 0.

use std::borrow::Cow;

use crate::raw;

/// How strings of Python 2 become text.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// ASCII, Python's default.
    #[default]
    Ascii,
    /// Each byte is the character of its number.
    Latin1,
    /// UTF-8.
    Utf8,
    /// They stay bytes.
    Bytes,
    /// ASCII, and a table for the bytes above; U+FFFD where it has no character.
    Table(&'static [char; 128]),
}

/// What happens to bytes that an encoding does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnInvalid {
    /// An error.
    #[default]
    Strict,
    /// U+FFFD takes their place.
    Replace,
    /// They are left out.
    Ignore,
    /// Byte N becomes the lone surrogate U+DC00 + N.
    SurrogateEscape,
    /// `\xNN` takes their place.
    BackslashReplace,
}

/// Checks UTF-8 in which lone surrogates may occur; the position of the first bad byte.
pub(super) fn check_utf8(bytes: &[u8]) -> Result<(), usize> {
    let mut at = 0;
    while let Err(error) = raw::from_utf8(&bytes[at..]) {
        at += error.valid_up_to();
        match bytes[at..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => at += 3,
            _ => return Err(at),
        }
    }
    Ok(())
}

/// Adds a code point, which may be a surrogate.
pub(super) fn push_code_point(out: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let bytes = [0xe0 | code >> 12, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f];
            out.extend(bytes.map(|byte| byte as u8));
        }
    }
}

/// Text of a Python 2 string; `None` if the encoding does not have it.
pub(super) fn decode<'a>(
    bytes: Cow<'a, [u8]>,
    encoding: Encoding,
    on_invalid: OnInvalid,
) -> Option<Cow<'a, [u8]>> {
    let plain = match encoding {
        Encoding::Utf8 => std::str::from_utf8(&bytes).is_ok(),
        _ => bytes.is_ascii(),
    };
    if plain {
        return Some(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let mut rest = &bytes[..];
    while let Some(&byte) = rest.first() {
        let bad = match encoding {
            _ if byte < 0x80 => {
                out.push(byte);
                rest = &rest[1..];
                continue;
            }
            Encoding::Utf8 => match utf8_prefix(rest) {
                Ok(len) => {
                    out.extend_from_slice(&rest[..len]);
                    rest = &rest[len..];
                    continue;
                }
                Err(len) => len,
            },
            Encoding::Latin1 => {
                push_code_point(&mut out, byte.into());
                rest = &rest[1..];
                continue;
            }
            Encoding::Table(table)
                if table[usize::from(byte - 0x80)] != char::REPLACEMENT_CHARACTER =>
            {
                push_code_point(&mut out, table[usize::from(byte - 0x80)].into());
                rest = &rest[1..];
                continue;
            }
            _ => 1,
        };
        replace(&mut out, &rest[..bad], on_invalid)?;
        rest = &rest[bad..];
    }
    Some(Cow::Owned(out))
}

/// The length of the valid characters in front, or else of the bad bytes.
fn utf8_prefix(bytes: &[u8]) -> Result<usize, usize> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.len()),
        Err(error) if error.valid_up_to() > 0 => Ok(error.valid_up_to()),
        Err(error) => Err(error.error_len().unwrap_or(bytes.len())),
    }
}

fn replace(out: &mut Vec<u8>, bad: &[u8], on_invalid: OnInvalid) -> Option<()> {
    match on_invalid {
        OnInvalid::Strict => return None,
        OnInvalid::Ignore => {}
        OnInvalid::Replace => push_code_point(out, 0xfffd),
        OnInvalid::SurrogateEscape => {
            bad.iter().for_each(|byte| push_code_point(out, 0xdc00 + u32::from(*byte)));
        }
        OnInvalid::BackslashReplace => {
            bad.iter().for_each(|byte| out.extend(format!("\\x{byte:02x}").bytes()));
        }
    }
    Some(())
}

/// The bytes between the quotes of a `STRING` line.
pub(super) fn unquote(line: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = line else {
        return Err("a string is not in quotes");
    };
    let Some(first) = inner.iter().position(|byte| *byte == b'\\') else {
        return Ok(Cow::Borrowed(inner));
    };
    let mut out = inner[..first].to_vec();
    let mut rest = &inner[first..];
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let [escape, tail @ ..] = rest else { return Err("a string ends in a backslash") };
        rest = tail;
        match escape {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b'v' => out.push(11),
            b'a' => out.push(7),
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    let [digit @ b'0'..=b'7', tail @ ..] = rest else { break };
                    value = value << 3 | u32::from(digit - b'0');
                    rest = tail;
                }
                out.push(value as u8);
            }
            b'x' => {
                let Some((value, tail)) = hex(rest, 2) else {
                    return Err("a \\x escape lacks digits");
                };
                out.push(value as u8);
                rest = tail;
            }
            _ => out.extend([b'\\', *escape]),
        }
    }
    Ok(Cow::Owned(out))
}

/// The text of a `UNICODE` line: Latin-1 with `\u` and `\U` escapes.
pub(super) fn raw_unicode(line: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    if line.is_ascii() && !line.contains(&b'\\') {
        return Ok(Cow::Borrowed(line));
    }
    let mut out = Vec::with_capacity(line.len() + 16);
    let mut rest = line;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, rest) {
            (b'\\', [kind @ (b'u' | b'U'), digits @ ..]) => {
                let count = if *kind == b'u' { 4 } else { 8 };
                let Some((code, tail)) = hex(digits, count) else {
                    return Err("a \\u escape lacks digits");
                };
                if code > 0x0010_ffff {
                    return Err("a \\U escape is beyond Unicode");
                }
                push_code_point(&mut out, code);
                rest = tail;
            }
            (b'\\', [other, tail @ ..]) => {
                out.push(b'\\');
                push_code_point(&mut out, (*other).into());
                rest = tail;
            }
            _ => push_code_point(&mut out, (*byte).into()),
        }
    }
    Ok(Cow::Owned(out))
}

fn hex(bytes: &[u8], count: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(count)?;
    let value = digits
        .iter()
        .try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_pass() {
        assert_eq!(check_utf8(b"a\xed\xa0\x80b"), Ok(()));
        assert_eq!(check_utf8(b"a\xed\xa0"), Err(1));
        assert_eq!(
            raw_unicode(b"\\ud800\\\\u0041\xe9").unwrap(),
            &b"\xed\xa0\x80\\\\u0041\xc3\xa9"[..]
        );
    }

    #[test]
    fn escapes_of_strings() {
        assert_eq!(unquote(br"'a\x41\1012\q\\'").unwrap(), &br"aAA2\q\"[..]);
        assert!(unquote(br"'a\'").is_err());
        assert!(unquote(br"'\x4'").is_err());
        assert!(unquote(b"'").is_err());
    }

    #[test]
    fn bytes_outside_of_the_encoding() {
        let text =
            |encoding, on_invalid| decode(Cow::Borrowed(b"\xe2\x82z\xff"), encoding, on_invalid);
        assert_eq!(text(Encoding::Ascii, OnInvalid::Strict), None);
        let replaced = text(Encoding::Utf8, OnInvalid::Replace).unwrap();
        assert_eq!(replaced, "\u{fffd}z\u{fffd}".as_bytes());
        let latin = text(Encoding::Latin1, OnInvalid::Strict).unwrap();
        assert_eq!(latin, "\u{e2}\u{82}z\u{ff}".as_bytes());
    }
}
