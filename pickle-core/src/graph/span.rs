//! Places in a graph's pools, packed so that a node takes 16 bytes.

use std::ops::Range;

/// Where text or bytes lie: in the input or among the graph's own bytes.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    start_low: u32,
    len_low: u32,
    start_high: u16,
    len_high: u16,
}

/// Marks a place among the graph's own bytes.
const OWNED: u16 = 1 << 15;

impl Span {
    /// A place in the input, which is shorter than 2^47 bytes on every machine there is.
    pub(crate) fn borrowed(range: Range<usize>) -> Self {
        let (start, len) = (range.start as u64, range.len() as u64);
        Self {
            start_low: start as u32,
            len_low: len as u32,
            start_high: (start >> 32) as u16 & !OWNED,
            len_high: (len >> 32) as u16,
        }
    }

    pub(crate) fn owned(range: Range<usize>) -> Self {
        let span = Self::borrowed(range);
        Self { start_high: span.start_high | OWNED, ..span }
    }

    pub(crate) fn is_owned(self) -> bool {
        self.start_high & OWNED != 0
    }

    pub(crate) fn range(self) -> Range<usize> {
        let start =
            (u64::from(self.start_high & !OWNED) << 32 | u64::from(self.start_low)) as usize;
        start..start + self.len()
    }

    /// How many bytes there are.
    pub fn len(self) -> usize {
        (u64::from(self.len_high) << 32 | u64::from(self.len_low)) as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A range in the pool of edges, with room to grow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edges {
    start: u32,
    len: u32,
    room: u32,
}

impl Edges {
    pub(super) fn new(start: u32, len: u32, room: u32) -> Self {
        Self { start, len, room }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.len as usize
    }

    pub(super) fn room(self) -> usize {
        self.room as usize
    }

    /// How many edges there are. A dict has two for each entry.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}
