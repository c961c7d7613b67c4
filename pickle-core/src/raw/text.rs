//! Text that was checked as a whole, and is taken piece by piece.

use std::str::Utf8Error;

use super::copy::copy;
use super::image::all_at_most;

/// A section's text, and how far it was read.
#[derive(Clone, Copy)]
pub(crate) struct Text<'de> {
    text: &'de str,
    at: usize,
    /// Every position is a boundary between characters.
    is_ascii: bool,
}

impl<'de> Text<'de> {
    pub(crate) const EMPTY: Self = Self { text: "", at: 0, is_ascii: true };

    /// Checks that bytes are UTF-8: once for all pieces, and quickly where they are ASCII.
    #[inline(always)]
    pub(crate) fn new(bytes: &'de [u8]) -> Result<Self, Utf8Error> {
        if let Some(text) = ascii(bytes) {
            return Ok(Self { text, at: 0, is_ascii: true });
        }
        std::str::from_utf8(bytes).map(|text| Self { text, at: 0, is_ascii: false })
    }

    /// The next `count` bytes, and where they end; `None` when there are fewer, or they end inside
    /// a character.
    #[inline(always)]
    pub(crate) fn piece(&self, count: usize) -> Option<(&'de str, usize)> {
        let end = self.at.checked_add(count)?;
        if end > self.text.len() {
            return None;
        }
        let is_boundary = |at| self.is_ascii || self.text.is_char_boundary(at);
        if !(is_boundary(self.at) && is_boundary(end)) {
            return None;
        }
        // SAFETY:
        // - `at` is at most `end`, which is at most the length.
        // - Both are boundaries: all positions are in ASCII text, and other text was asked.
        Some((unsafe { self.text.get_unchecked(self.at..end) }, end))
    }

    /// How far the text was read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes on at a place that [`piece`](Self::piece) told.
    #[inline(always)]
    pub(crate) fn go_on(&mut self, at: usize) {
        self.at = at;
    }

    /// Whether all was taken.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The bytes that were not taken yet.
    pub(crate) fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
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
    use super::Text;

    #[test]
    fn pieces_end_between_characters() {
        let text = "aé";
        let mut text = Text::new(text.as_bytes()).unwrap();
        assert_eq!(text.piece(2), None);
        assert_eq!(text.piece(4), None);
        let (piece, next) = text.piece(1).unwrap();
        assert_eq!((piece, next), ("a", 1));
        text.go_on(next);
        assert_eq!(text.piece(2), Some(("é", 3)));
        assert_eq!(text.piece(usize::MAX), None);
    }

    #[test]
    fn pieces_begin_between_characters() {
        let mut text = Text::new("é".as_bytes()).unwrap();
        text.go_on(1);
        assert_eq!(text.piece(1), None);
        text.go_on(3);
        assert_eq!((text.piece(0), text.rest()), (None, &[][..]));
    }
}
