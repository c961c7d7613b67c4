//! Text that was checked as a whole, and is taken piece by piece.

use std::str::Utf8Error;

use super::copy::copy;
use super::image::all_at_most;
use crate::native::LONG;

/// A section's text, and how far it was read.
#[derive(Clone, Copy)]
pub(crate) struct Text<'de> {
    text: &'de str,
    at: Place,
    /// Up to here every position is a boundary between characters, and a piece is shorter than
    /// [`LONG`]: the length of ASCII text that is not longer than that, else 0.
    plain: usize,
}

/// How far a text was read: at most as many bytes as some text has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place(usize);

impl<'de> Text<'de> {
    pub(crate) const EMPTY: Self = Self { text: "", at: Place(0), plain: 0 };

    /// Checks that bytes are UTF-8: once for all pieces, and quickly where they are ASCII.
    #[inline(always)]
    pub(crate) fn new(bytes: &'de [u8]) -> Result<Self, Utf8Error> {
        if let Some(text) = ascii(bytes) {
            let plain = if text.len() < LONG as usize { text.len() } else { 0 };
            return Ok(Self { text, at: Place(0), plain });
        }
        std::str::from_utf8(bytes).map(|text| Self { text, at: Place(0), plain: 0 })
    }

    /// The next `count` bytes of short ASCII text, and where they end; `None` may mean that it takes
    /// a [`piece`](Self::piece) to know.
    #[inline(always)]
    pub(crate) fn plain_piece(&self, count: u32) -> Option<(&'de str, Place)> {
        let Place(at) = self.at;
        // A place is at most `isize::MAX`.
        let end = (at as u64).wrapping_add(u64::from(count));
        if end > self.plain as u64 {
            return None;
        }
        let end = end as usize;
        // SAFETY:
        // - `at <= end`, since the sum of a place and a `u32` does not wrap.
        // - `end` is at most `plain`, which is 0 or the length of `text`.
        // - Where `plain` is not 0, the text is ASCII: every position is a boundary.
        Some((unsafe { self.text.get_unchecked(at..end) }, Place(end)))
    }

    /// The next `count` bytes, and where they end; `None` when there are fewer, or they end inside
    /// a character.
    pub(crate) fn piece(&self, count: usize) -> Option<(&'de str, Place)> {
        let Place(at) = self.at;
        let end = at.checked_add(count)?;
        self.text.get(at..end).map(|piece| (piece, Place(end)))
    }

    /// How far the text was read.
    pub(crate) fn at(&self) -> Place {
        self.at
    }

    /// Goes on at a place that [`piece`](Self::piece) told.
    #[inline(always)]
    pub(crate) fn go_on(&mut self, at: Place) {
        self.at = at;
    }

    /// Whether all was taken.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.at.0 >= self.text.len()
    }

    /// The bytes that were not taken yet.
    pub(crate) fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at.0..).unwrap_or_default()
    }
}

/// Text, where the bytes are ASCII.
#[inline]
fn ascii(bytes: &[u8]) -> Option<&str> {
    // Eight bytes at a time is faster for few, a vector at a time for many.
    let is_ascii = match bytes.len() {
        ..64 => all_at_most::<0x7f>(bytes),
        _ => bytes.is_ascii(),
    };
    // SAFETY: ASCII is UTF-8.
    is_ascii.then(|| unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// `std::str::from_utf8`, quicker where the text is short and ASCII, as names and keys are.
#[inline]
pub(crate) fn from_utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    match ascii(bytes) {
        Some(text) => Ok(text),
        None => std::str::from_utf8(bytes),
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

#[cfg(test)]
mod tests {
    use super::{Place, Text};

    #[test]
    fn pieces_end_between_characters() {
        let text = "aé";
        let mut text = Text::new(text.as_bytes()).unwrap();
        assert_eq!(text.piece(2), None);
        assert_eq!(text.piece(4), None);
        let (piece, next) = text.piece(1).unwrap();
        assert_eq!((piece, next), ("a", Place(1)));
        text.go_on(next);
        assert_eq!(text.piece(2), Some(("é", Place(3))));
        assert_eq!(text.piece(usize::MAX), None);
    }

    #[test]
    fn pieces_of_ascii_end_with_it() {
        let mut text = Text::new(b"ab").unwrap();
        assert_eq!(text.plain_piece(1), Some(("a", Place(1))));
        text.go_on(Place(1));
        assert_eq!(
            (text.plain_piece(1), text.plain_piece(0)),
            (Some(("b", Place(2))), Some(("", Place(1))))
        );
        assert_eq!((text.plain_piece(2), text.plain_piece(u32::MAX)), (None, None));
        assert_eq!(Text::new("é".as_bytes()).unwrap().plain_piece(2), None);
    }

    #[test]
    fn pieces_begin_between_characters() {
        let mut text = Text::new("é".as_bytes()).unwrap();
        text.go_on(Place(1));
        assert_eq!(text.piece(1), None);
        text.go_on(Place(3));
        assert_eq!((text.piece(0), text.rest()), (None, &[][..]));
    }
}
