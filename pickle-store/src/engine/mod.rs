//! What the store needs of a database: little enough that an engine is one file.

mod memory;
pub(crate) mod sled;

use std::ops::Bound;

pub use memory::Memory;
pub use sled::Sled;

use crate::error::Result;

/// Bytes that belong to the caller.
pub type Bytes = Vec<u8>;

/// A range of keys.
pub type KeyRange = (Bound<Bytes>, Bound<Bytes>);

/// Keys and values in order.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<(Bytes, Bytes)>> + Send + 'a>;

/// The direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Sets the value.
    Put(Bytes, Bytes),
    /// Removes key and value, if there are any.
    Remove(Bytes),
}

/// What must be so for changes to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The key.
    pub key: Bytes,
    /// Its value; nothing where there must be none.
    pub value: Option<Bytes>,
}

/// What became of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// They were made.
    Yes,
    /// Something expected was not so; nothing was changed.
    Conflict,
}

/// How large keys and values may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Bytes of a key.
    pub key: usize,
    /// Bytes of a value. The store splits larger ones.
    pub value: usize,
}

/// An ordered map from bytes to bytes, on disk.
///
/// Keys sort as bytes do. All methods may be called from many threads at once.
pub trait Engine: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// Walks a range. Changes made meanwhile may or may not be seen.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>>;

    /// Makes changes, all or none, if all that is expected is so.
    ///
    /// # Errors
    /// When the database cannot be written.
    fn apply(&self, expect: &[Expect], ops: Vec<Op>) -> Result<Applied>;

    /// Brings all changes to disk. They survive the loss of power once this returns.
    ///
    /// # Errors
    /// When that is not known for sure.
    fn sync(&self) -> Result<()>;

    /// How large keys and values may be.
    fn limits(&self) -> EngineLimits;
}

/// Whether a range ends before it starts.
pub(crate) fn is_empty((start, end): &KeyRange) -> bool {
    match (start, end) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (
            Bound::Included(start) | Bound::Excluded(start),
            Bound::Included(end) | Bound::Excluded(end),
        ) => start >= end,
    }
}
