//! Text that was checked as a whole, and is taken piece by piece.

use std::str::Utf8Error;

use super::copy::copy;

/// The rest of a section's text.
#[derive(Clone, Copy)]
pub(crate) struct Text<'de> {
    rest: &'de str,
    /// Every position is the boundary of a character.
    is_ascii: bool,
}

impl<'de> Text<'de> {
    pub(crate) const EMPTY: Self = Self { rest: "", is_ascii: true };

    /// Checks that bytes are UTF-8: once for all pieces, and quickly where they are ASCII.
    #[inline]
    pub(crate) fn new(bytes: &'de [u8]) -> Result<Self, Utf8Error> {
        if bytes.is_ascii() {
            // SAFETY: ASCII is UTF-8.
            let rest = unsafe { std::str::from_utf8_unchecked(bytes) };
            return Ok(Self { rest, is_ascii: true });
        }
        std::str::from_utf8(bytes).map(|rest| Self { rest, is_ascii: false })
    }

    /// The next `count` bytes; `None` when there are fewer, or they end inside a character.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: usize) -> Option<&'de str> {
        if count > self.rest.len() || !(self.is_ascii || self.rest.is_char_boundary(count)) {
            return None;
        }
        // SAFETY: `count` is at most the length, and at a boundary: all are in ASCII text, and in
        // other text `is_char_boundary` says so.
        let (piece, rest) =
            unsafe { (self.rest.get_unchecked(..count), self.rest.get_unchecked(count..)) };
        self.rest = rest;
        Some(piece)
    }

    /// The bytes that were not taken yet.
    pub(crate) fn rest(&self) -> &'de [u8] {
        self.rest.as_bytes()
    }
}

/// A copy of some text, small ones without a call.
#[inline(always)]
pub(crate) fn copy_text(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    // SAFETY: the capacity is `text.len()`, and what is copied is valid UTF-8.
    unsafe {
        copy(text.as_ptr(), bytes.as_mut_ptr(), text.len());
        bytes.set_len(text.len());
        String::from_utf8_unchecked(bytes)
    }
}
