//! How one ordered map holds everything: the first byte of the engine's keys.

use std::ops::{Bound, RangeBounds};

use crate::engine::{Bytes, KeyRange};
use crate::key::{Key, after_prefix};

/// Facts about the store itself.
pub(crate) const META: u8 = 0;
/// Objects: then the name of the collection, as text, and the key.
const OBJECTS: u8 = 1;
/// Chunks of large objects: then the object's key of the engine's, and the chunk's number.
const CHUNKS: u8 = 2;

/// The keys of one collection. The store's own objects are in the collection without a name.
#[derive(Clone)]
pub(crate) struct Space {
    prefix: Bytes,
}

impl Default for Space {
    fn default() -> Self {
        Self::named("")
    }
}

impl Space {
    /// Bytes that a chunk's key has more than its object's.
    pub(crate) const CHUNK: usize = 5;

    pub(crate) fn named(name: &str) -> Self {
        let mut prefix = vec![OBJECTS];
        name.encode(&mut prefix);
        Self { prefix }
    }

    pub(crate) fn key(&self, key: &(impl Key + ?Sized)) -> Bytes {
        let mut bytes = Vec::with_capacity(self.prefix.len() + 32);
        bytes.extend_from_slice(&self.prefix);
        key.encode(&mut bytes);
        bytes
    }

    /// The user's part of a key of the engine's.
    pub(crate) fn strip<'a>(&self, key: &'a [u8]) -> &'a [u8] {
        key.strip_prefix(self.prefix.as_slice()).unwrap_or(key)
    }

    pub(crate) fn all(&self) -> KeyRange {
        from_prefix(self.prefix.clone())
    }

    pub(crate) fn prefix(&self, prefix: &(impl Key + ?Sized)) -> KeyRange {
        let mut bytes = self.prefix.clone();
        prefix.encode_prefix(&mut bytes);
        from_prefix(bytes)
    }

    pub(crate) fn range<Q: Key>(&self, range: &impl RangeBounds<Q>) -> KeyRange {
        let (first, last) = self.all();
        let start = match range.start_bound() {
            Bound::Included(key) => Bound::Included(self.key(key)),
            Bound::Excluded(key) => Bound::Excluded(self.key(key)),
            Bound::Unbounded => first,
        };
        let end = match range.end_bound() {
            Bound::Included(key) => Bound::Included(self.key(key)),
            Bound::Excluded(key) => Bound::Excluded(self.key(key)),
            Bound::Unbounded => last,
        };
        (start, end)
    }

    pub(crate) fn chunk(key: &[u8], number: u32) -> Bytes {
        [&[CHUNKS], key, number.to_be_bytes().as_slice()].concat()
    }
}

fn from_prefix(prefix: Bytes) -> KeyRange {
    let end = match after_prefix(&prefix) {
        Some(after) => Bound::Excluded(after),
        None => Bound::Unbounded,
    };
    (Bound::Included(prefix), end)
}
