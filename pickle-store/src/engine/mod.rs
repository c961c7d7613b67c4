//! What a database must do to hold a store: five calls over keys and values of bytes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Bound, Deref};

use crate::error::{Error, ErrorKind, Result};

pub(crate) mod memory;
#[cfg(feature = "redb")]
pub(crate) mod redb;
#[cfg(feature = "sled")]
pub(crate) mod sled;
#[cfg(any(feature = "sled", feature = "redb"))]
mod ticker;

/// An ordered map of bytes to bytes with atomic, conditional writes.
///
/// The store keeps one engine and is its only writer. Everything typed lives above.
pub trait Engine: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// When the database fails or its bytes are corrupt.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// The keys of a range with their values, in order.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>>;

    /// What a scan sees of writes that are made while it runs.
    fn isolation(&self) -> Isolation {
        Isolation::Record
    }

    /// Writes all of `ops`, provided that all of `expect` holds at that moment, or nothing.
    ///
    /// # Errors
    /// When the database fails. Nothing is written then, unless the error is
    /// [`Poisoned`](ErrorKind::Poisoned): then it shows at the next open.
    fn apply(&self, expect: &[Expect], ops: &[Op]) -> Result<Applied>;

    /// Returns when all that was applied is on disk, whatever the durability.
    ///
    /// # Errors
    /// When the disk fails.
    fn sync(&self) -> Result<()>;

    /// What the engine takes.
    fn limits(&self) -> EngineLimits;

    /// Gives back disk space, where the engine can while it is in use.
    ///
    /// # Errors
    /// When the disk fails. What is stored is as it was.
    fn compact(&self) -> Result<()> {
        Ok(())
    }

    /// Checks the files that reading does not touch, and that what is read is what they hold;
    /// returns what is wrong.
    ///
    /// # Errors
    /// When they cannot be checked.
    fn verify(&self) -> Result<Vec<Error>> {
        Ok(Vec::new())
    }
}

/// Items of a scan.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<(Bytes, Bytes)>> + Send + 'a>;

/// Which way a scan runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the lowest key up.
    Ascending,
    /// From the highest key down.
    Descending,
}

/// What a scan sees of writes that are made while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Each record as it was when the scan came to it: those that were there all the time once and
    /// in order, those that came or went meanwhile perhaps, of a batch perhaps a part.
    Record,
    /// All records as they were when the scan began.
    Snapshot,
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Sets the value of a key.
    Put {
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes a key, if it is there.
    Remove {
        /// The key.
        key: Vec<u8>,
    },
}

impl Op {
    /// The key.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Remove { key } => key,
        }
    }

    /// The value; none if it is removed.
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Self::Put { value, .. } => Some(value),
            Self::Remove { .. } => None,
        }
    }
}

/// What must hold for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key is absent.
    Absent {
        /// The key.
        key: Vec<u8>,
    },
    /// The key is there, and its value starts so. Records start with their version.
    Starts {
        /// The key.
        key: Vec<u8>,
        /// The first bytes of the value.
        start: Vec<u8>,
    },
    /// A scan of the range gives the same keys and starts of values as it did.
    Range {
        /// The range.
        range: KeyRange,
        /// Its [`RangeDigest`].
        digest: RangeDigest,
    },
}

impl Expect {
    /// Whether it holds now.
    ///
    /// # Errors
    /// As [`Engine::get`].
    pub fn holds(&self, engine: &(impl Engine + ?Sized)) -> Result<bool> {
        Ok(match self {
            Self::Absent { key } => engine.get(key)?.is_none(),
            Self::Starts { key, start } => {
                engine.get(key)?.is_some_and(|value| value.starts_with(start))
            }
            Self::Range { range, digest } => {
                let mut now = RangeDigest::default();
                for item in engine.scan(range.clone(), Order::Ascending)? {
                    let (key, value) = item?;
                    now.add(&key, &value);
                }
                now == *digest
            }
        })
    }
}

/// What a range held: how many keys, and a hash of them and of their records' versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RangeDigest {
    count: u64,
    hash: u64,
}

impl RangeDigest {
    /// Adds the next key of the range, in ascending order.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut hasher = DefaultHasher::new();
        let start = &value[..value.len().min(crate::record::HEADER)];
        (self.hash, key, start).hash(&mut hasher);
        self.hash = hasher.finish();
        self.count += 1;
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    /// All was written.
    Committed,
    /// Something that was expected does not hold. Nothing was written.
    Conflict,
}

/// The largest sizes that an engine takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Of a key.
    pub key: u64,
    /// Of all keys and values written at once.
    pub batch: u64,
}

impl EngineLimits {
    /// Refuses what is too large.
    ///
    /// # Errors
    /// [`TooLarge`](ErrorKind::TooLarge).
    pub fn check(&self, ops: &[Op]) -> Result<()> {
        let mut batch = 0;
        for op in ops {
            let key = op.key().len() as u64;
            if key > self.key {
                return Err(Error::new(ErrorKind::TooLarge { size: key, limit: self.key }));
            }
            // Each op takes a little itself, wherever it is written.
            batch += 16 + key + op.value().map_or(0, <[u8]>::len) as u64;
        }
        match batch > self.batch {
            true => Err(Error::new(ErrorKind::TooLarge { size: batch, limit: self.batch })),
            false => Ok(()),
        }
    }
}

/// Keys between two bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Where it starts.
    pub start: Bound<Vec<u8>>,
    /// Where it ends.
    pub end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Keys that start so.
    pub fn prefix(prefix: &[u8]) -> Self {
        let end = match successor(prefix) {
            Some(end) => Bound::Excluded(end),
            None => Bound::Unbounded,
        };
        Self { start: Bound::Included(prefix.to_vec()), end }
    }

    /// Whether no key can be in it. Maps of std panic at some such ranges.
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (
                Bound::Included(start) | Bound::Excluded(start),
                Bound::Included(end) | Bound::Excluded(end),
            ) => start >= end,
        }
    }

    /// Whether a key is in it.
    #[cfg(feature = "redb")]
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        std::ops::RangeBounds::<[u8]>::contains(&self.as_slices(), key)
    }

    /// The bounds by reference.
    #[cfg(feature = "redb")]
    pub(crate) fn as_slices(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.start.as_ref().map(Vec::as_slice), self.end.as_ref().map(Vec::as_slice))
    }
}

/// The lowest key above all that start with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Bytes from an engine, in the engine's own memory where that saves a copy.
#[derive(Clone, Debug)]
pub struct Bytes(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Owned(Vec<u8>),
    #[cfg(feature = "sled")]
    Sled {
        bytes: ::sled::IVec,
        from: usize,
    },
}

impl Bytes {
    /// The bytes after the first `from` of sled's.
    #[cfg(feature = "sled")]
    pub(crate) fn from_sled(bytes: ::sled::IVec, from: usize) -> Self {
        Self(Repr::Sled { bytes, from })
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Owned(bytes) => bytes,
            #[cfg(feature = "sled")]
            Repr::Sled { bytes, from } => &bytes[*from..],
        }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Repr::Owned(bytes))
    }
}

/// The process that has a file open, where the system tells: on Linux.
#[cold]
#[cfg(feature = "redb")]
pub(crate) fn holder(path: &std::path::Path) -> Option<u32> {
    let path = path.canonicalize().ok()?;
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(number) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Those of others cannot be read.
        let Ok(files) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let mut open = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        if open.any(|file| file == path) {
            return Some(number);
        }
    }
    None
}

/// Bytes of a database that its engine keeps in memory, where nobody says otherwise.
#[cfg_attr(not(any(feature = "sled", feature = "redb")), allow(dead_code))]
pub(crate) const CACHE: u64 = 256 << 20;

/// How an engine is opened.
#[derive(Clone, Copy)]
#[cfg_attr(not(any(feature = "sled", feature = "redb")), allow(dead_code))]
pub(crate) struct Settings {
    pub(crate) durability: Durability,
    /// Bytes of the database that it may keep in memory.
    pub(crate) cache: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Durability::default().into()
    }
}

impl From<Durability> for Settings {
    fn from(durability: Durability) -> Self {
        Self { durability, cache: CACHE }
    }
}

/// When a write is acknowledged.
///
/// | | killed process | power cut |
/// |---|---|---|
/// | `Sync` | nothing acknowledged is lost | nothing acknowledged is lost |
/// | `Every(d)` | nothing | at most what was written within the last `d` |
/// | `Os` | nothing | what the operating system had not written yet |
///
/// Under all of them batches stay whole, and what is lost is the latest. On redb, writes under
/// `Every` and `Os` stay in memory until the next sync, so a killed process loses them, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When it is on disk. Threads that write at the same time share one `fsync`.
    #[default]
    Sync,
    /// At once; it is synced in the background, so often.
    Every(std::time::Duration),
    /// At once; it is synced when the store is closed or [`sync`](crate::Store::sync) is called.
    Os,
}
