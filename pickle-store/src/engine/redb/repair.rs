//! What can be read of a damaged redb file: what redb finds from both ends, and in between the
//! whole records in the pages of leaves, as redb's `docs/design.md` lays them out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use ::redb::Database;

use super::super::{Durability, Engine as _, KeyRange, Op, Order};
use super::{RedbEngine, guarded};
use crate::catalog::facts;
use crate::error::{Error, ErrorKind, Result};
use crate::record;

/// Pages begin at multiples of this.
const PAGE: u64 = 4096;
/// The first byte of a leaf.
const LEAF: u8 = 1;
/// Bytes of entries that are written at once.
const BATCH: usize = 4 << 20;

/// What [`repair`] leaves: the store, what is not in it, and where the damaged file is.
type Repaired = (RedbEngine, Vec<Error>, Option<PathBuf>);

/// Opens what can be read of a file, and makes a new one where that is not all.
pub(super) fn repair(path: &Path) -> Result<Repaired> {
    fs::metadata(path)?;
    let problem = match RedbEngine::open(path, Durability::Sync).and_then(read_all) {
        Ok(engine) => return Ok((engine, Vec::new(), None)),
        Err(error) if matches!(error.kind(), ErrorKind::Corrupt { .. }) => error,
        Err(error) => return Err(error),
    };
    let new = beside(path, "repaired");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut work = Work {
        new: RedbEngine::open(&new, Durability::Os)?,
        pending: BTreeMap::new(),
        size: 0,
        saved: 0,
    };
    let gap = work.read_both_ends(path)?;
    let read = work.saved;
    if let Some(gap) = gap {
        work.carve(path, &gap)?;
    }
    let (read, found) = (read, work.saved - read);
    if work.saved == 0 {
        drop(work);
        fs::remove_file(new)?;
        return Err(problem);
    }
    work.new.sync()?;
    drop(work);
    let kept = beside(path, "damaged");
    fs::rename(path, &kept)?;
    fs::rename(new, path)?;
    let engine = RedbEngine::open(path, Durability::Sync)?;
    let what = format!(
        "{read} entries could be read in order, {found} were found on single pages: among these, \
         some may be older than the last that was written, or removed"
    );
    Ok((engine, vec![problem, Error::corrupt(what)], Some(kept)))
}

/// Reads everything, to see whether that is possible.
fn read_all(engine: RedbEngine) -> Result<RedbEngine> {
    engine.scan(KeyRange::prefix(&[]), Order::Ascending)?.try_for_each(|item| item.map(drop))?;
    Ok(engine)
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

struct Work {
    new: RedbEngine,
    pending: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Bytes in `pending`.
    size: usize,
    saved: u64,
}

impl Work {
    /// Copies what redb finds; returns the keys in between that it does not reach.
    fn read_both_ends(&mut self, path: &Path) -> Result<Option<KeyRange>> {
        let mut gap = KeyRange::prefix(&[]);
        // The checks of an orderly open have failed: without them there may be something to read.
        let old = guarded(|| Ok(Database::open(path)?))
            .and_then(|db| RedbEngine::over(db, Durability::Sync));
        let Ok(old) = old else { return Ok(Some(gap)) };
        for order in [Order::Ascending, Order::Descending] {
            let Ok(items) = old.scan(gap.clone(), order) else { continue };
            for item in items {
                let Ok((key, value)) = item else { break };
                if record::unseal(&key, &value).is_err() {
                    continue;
                }
                let bound = Bound::Excluded(key.to_vec());
                match order {
                    Order::Ascending => gap.start = bound,
                    Order::Descending => gap.end = bound,
                }
                self.put(&key, &value)?;
            }
            self.flush()?;
        }
        Ok((!gap.is_empty()).then_some(gap))
    }

    /// Looks at each page for a leaf, and in it for whole records within a range.
    fn carve(&mut self, path: &Path, range: &KeyRange) -> Result<()> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut page = Vec::new();
        for at in (0..size).step_by(PAGE as usize) {
            read(&mut file, at, PAGE, &mut page)?;
            let Some(length) = leaf_length(&page).filter(|length| *length <= size - at) else {
                continue;
            };
            read(&mut file, at, length, &mut page)?;
            for (key, value) in entries(&page) {
                if range.contains(key) && record::unseal(key, value).is_ok() {
                    self.put_if_later(key, value)?;
                }
            }
        }
        self.flush()
    }

    fn put_if_later(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let written = self.new.get(key)?;
        let found = self.pending.get(key).map(Vec::as_slice).or(written.as_deref());
        match found {
            Some(found) if !facts::is_later(key, value, found) => Ok(()),
            Some(_) => {
                self.saved -= 1;
                self.put(key, value)
            }
            None => self.put(key, value),
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.saved += 1;
        self.size += key.len() + value.len();
        self.pending.insert(key.to_vec(), value.to_vec());
        if self.size >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.size = 0;
        let pending = std::mem::take(&mut self.pending).into_iter();
        let ops: Vec<_> = pending.map(|(key, value)| Op::Put { key, value }).collect();
        let _ = self.new.apply(&[], &ops)?;
        Ok(())
    }
}

fn read(file: &mut File, at: u64, count: u64, into: &mut Vec<u8>) -> Result<()> {
    into.clear();
    file.seek(SeekFrom::Start(at))?;
    file.take(count).read_to_end(into)?;
    Ok(())
}

/// How many bytes the leaf takes that begins with these, if they are the beginning of one.
fn leaf_length(page: &[u8]) -> Option<u64> {
    let pairs = pairs(page)?;
    let end = |number: usize| number_at(page, 4 + 4 * number);
    // All that comes is behind the ends of keys and values. Those may be on the next page.
    let (keys, values) = (end(pairs - 1), end(2 * pairs - 1));
    let from = 4 + 8 * pairs;
    match (keys, values) {
        (Some(keys), Some(values)) if from <= keys && keys <= values => Some(values as u64),
        _ => None,
    }
}

fn pairs(page: &[u8]) -> Option<usize> {
    let pairs = u16::from_le_bytes(page.get(2..4)?.try_into().ok()?);
    (page.first() == Some(&LEAF) && pairs > 0).then_some(pairs.into())
}

fn number_at(page: &[u8], at: usize) -> Option<usize> {
    let number = page.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(number)).ok()
}

/// Keys and values of a leaf, as far as their places make sense.
fn entries(page: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = pairs(page).unwrap_or(0);
    let end = move |number: usize| number_at(page, 4 + 4 * number);
    (0..pairs).filter_map(move |number| {
        let key = match number {
            0 => 4 + 8 * pairs,
            _ => end(number - 1)?,
        }..end(number)?;
        let value = end(pairs + number - 1)?..end(pairs + number)?;
        Some((page.get(key)?, page.get(value)?))
    })
}
