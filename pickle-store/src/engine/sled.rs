//! sled 0.34, tamed.
//!
//! What sled does, and what is done about it:
//!
//! - Its `flush` starts the write-back of pages and does not wait for the disk. [`Sled::sync`] flushes,
//!   and then has the operating system write the file and the folder, before anything is acknowledged.
//! - It flushes on a timer, beside everything else. The timer is off.
//! - A tree leaf that outgrows a segment goes to a file of its own, which is never synced. Leaves hold
//!   up to 17 entries, and the limits on keys and values keep 17 of them below a segment.
//! - It panics on some damage. Every call is caught, and reported as [`ErrorKind::Corrupt`].
//! - After some damage it opens empty. The store's own marker says that there was something.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sled::{Batch, Db, Mode};

use super::{Applied, Bytes, Engine, EngineLimits, Expect, KeyRange, Op, Order, Scan};
use crate::error::{Error, ErrorKind, Result};

/// Leaves of 17 entries of the largest key and value fit in one.
const SEGMENT: usize = 2 << 20;
const KEY: usize = 1 << 16;
const VALUE: usize = 1 << 15;
const _: () = assert!(17 * (KEY + VALUE + 64) < SEGMENT);

/// How often opening is tried while a handle that was just dropped still lets go of its files.
const TRIES: u32 = 50;

/// A sled database in a folder.
pub struct Sled {
    db: Db,
    folder: PathBuf,
    /// One writer at a time: sled has no batches that depend on what is there.
    writer: Mutex<()>,
}

impl Sled {
    /// Opens or creates the database in a folder, which exists.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let config = sled::Config::new()
            .path(folder)
            .segment_size(SEGMENT)
            .mode(Mode::HighThroughput)
            .flush_every_ms(None);
        let mut tries = 0;
        let db = loop {
            match guarded(|| config.open()) {
                // The folder is locked by the store, so whoever holds the file is about to let go.
                Err(error) if is_lock(&error) && tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(20));
                }
                other => break other?,
            }
        };
        Ok(Self { db, folder: folder.to_owned(), writer: Mutex::new(()) })
    }
}

fn is_lock(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io(io) if io.to_string().contains("could not acquire lock"))
}

/// Runs sled's code; a panic in it is an error.
fn guarded<T>(run: impl FnOnce() -> sled::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(converted(error)),
        Err(panic) => {
            let what = (panic.downcast_ref::<String>().map(String::as_str))
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("for an unknown reason");
            Err(Error::corrupt(format!("sled panicked: {what}")))
        }
    }
}

#[cold]
fn converted(error: sled::Error) -> Error {
    match error {
        sled::Error::Io(error) => error.into(),
        other => Error::corrupt(format!("sled reports: {other}")),
    }
}

impl Engine for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let value = guarded(|| self.db.get(key))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>> {
        let mut entries = guarded(|| Ok(self.db.range::<Bytes, _>(range)))?;
        Ok(Box::new(std::iter::from_fn(move || {
            let entry = guarded(|| {
                let entry = match order {
                    Order::Ascending => entries.next(),
                    Order::Descending => entries.next_back(),
                };
                entry.transpose()
            });
            let entry = entry.transpose()?;
            Some(entry.map(|(key, value)| (key.to_vec(), value.to_vec())))
        })))
    }

    fn apply(&self, expect: &[Expect], ops: Vec<Op>) -> Result<Applied> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        for expect in expect {
            let value = guarded(|| self.db.get(&expect.key))?;
            if value.as_deref() != expect.value.as_deref() {
                return Ok(Applied::Conflict);
            }
        }
        let mut batch = Batch::default();
        for op in ops {
            match op {
                Op::Put(key, value) => batch.insert(key, value),
                Op::Remove(key) => batch.remove(key),
            }
        }
        guarded(|| self.db.apply_batch(batch))?;
        Ok(Applied::Yes)
    }

    fn sync(&self) -> Result<()> {
        guarded(|| self.db.flush())?;
        File::open(self.folder.join("db"))?.sync_all()?;
        sync_folder(&self.folder)
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: KEY, value: VALUE }
    }
}

/// Brings the names of a folder's files to disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    // Elsewhere folders cannot be opened, nor need they be.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
