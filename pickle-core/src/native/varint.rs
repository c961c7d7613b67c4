//! Lengths outside the heads: LEB128, least significant group first, at most ten bytes.

use crate::error::{Error, ErrorKind, Result};

/// Appends a number.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`put`] appends.
#[inline]
pub(crate) fn size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// A cursor over the parts of a pickle that are not heads.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'de> {
    rest: &'de [u8],
}

impl<'de> Bytes<'de> {
    #[inline(always)]
    pub(crate) fn new(rest: &'de [u8]) -> Self {
        Self { rest }
    }

    #[inline(always)]
    pub(crate) fn rest(&self) -> &'de [u8] {
        self.rest
    }

    #[inline(always)]
    pub(crate) fn left(&self) -> u64 {
        self.rest.len() as u64
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8> {
        let Some((byte, rest)) = self.rest.split_first() else { return Err(self.end(1)) };
        self.rest = rest;
        Ok(*byte)
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'de [u8]> {
        let Some((bytes, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.end(count as u64));
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.end(N as u64));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        // Most take one byte.
        if let Some((byte @ ..0x80, rest)) = self.rest.split_first() {
            self.rest = rest;
            return Ok((*byte).into());
        }
        let (value, rest) = self.long_varint()?;
        *self = rest;
        Ok(value)
    }

    /// The number, and what follows it. By value, so that callers keep theirs in registers.
    #[inline(never)]
    fn long_varint(mut self) -> Result<(u64, Self)> {
        let mut value = 0;
        for group in 0..10 {
            let byte = self.byte()?;
            // The tenth byte holds the last bit. A number has one spelling: no zero at its end.
            if (group == 9 && byte > 1) || (group > 0 && byte == 0) {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                return Ok((value, self));
            }
        }
        Err(Error::corrupt("a length is not a number of at most 64 bits"))
    }

    /// A number of items that take a byte each at least.
    #[inline(always)]
    pub(crate) fn count(&mut self) -> Result<usize> {
        let count = self.varint()?;
        if count > self.left() {
            return Err(self.end(count));
        }
        Ok(count as usize)
    }

    #[cold]
    fn end(self, needed: u64) -> Error {
        Error::new(ErrorKind::UnexpectedEnd { needed, left: self.left() })
    }
}
