//! sled, held at arm's length: one tree, small values only, and every call guarded.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::sled::{Batch, Config, Db, IVec};

use super::super::{Bytes, KeyRange, Op, Order};
use super::disk::{Disk as _, RealDisk};
use crate::error::{Error, Result};

/// First byte of the tree's keys: the head of a value, a further piece of one, the state.
const HEAD: u8 = b'h';
const PIECE: u8 = b'p';
const STATE: &[u8] = b"s";

/// First byte of a head: the value follows; or the place of its pieces.
const WHOLE: u8 = 0;
const PIECES: u8 = 1;

/// Bytes of a value that stay in one item. sled copies whole leaves, and writes those above
/// 128 KiB to files of their own.
const PIECE_SIZE: usize = 16 << 10;

/// Where the pieces of a value are: the write that made them, and its number in that write.
const PLACE: usize = 8 + 4;

/// An ordered map from keys to values, rebuilt from the journal whenever it may be wrong.
pub(super) struct Index {
    db: Db,
    /// The panic or error after which sled is not asked again.
    broken: OnceLock<String>,
    /// Whether there may be pieces. Where there are none, no write has to look for old ones.
    pieces: AtomicBool,
}

impl Index {
    /// Opens what is there, or begins an empty one.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        // sled's own flusher is off: nobody relies on its flush, and it cannot take two at once.
        let config = Config::new().path(folder).flush_every_ms(None).print_profile_on_drop(false);
        // After a close, sled's threads may hold its lock a little longer.
        for attempt in 0.. {
            match guarded(|| config.open()) {
                Ok(db) => return Self::over(db),
                Err(text) if attempt == 20 || !text.contains("acquire lock") => {
                    return Err(Error::corrupt(text));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5 << attempt.min(4))),
            }
        }
        unreachable!("the loop has no end")
    }

    fn over(db: Db) -> Result<Self> {
        let index = Self { db, broken: OnceLock::new(), pieces: AtomicBool::new(true) };
        let first = index.guard(|| index.db.scan_prefix([PIECE]).next().transpose())?;
        index.pieces.store(first.is_some(), Ordering::Relaxed);
        Ok(index)
    }

    /// Writes ops under the sequence number `seq`: readers see all of them or none.
    pub(super) fn apply(&self, seq: u64, ops: &[Op]) -> Result<()> {
        if ops.len() == 1 {
            return self.apply_each(seq, ops);
        }
        // Writers come one at a time, so this does not change before the write is made.
        let large = |op: &Op| op.value().is_some_and(|value| value.len() > PIECE_SIZE);
        if self.pieces.load(Ordering::Relaxed) || ops.iter().any(large) {
            return self.apply_over_pieces(seq, ops);
        }
        self.guard(|| {
            let mut batch = Batch::default();
            for (index, op) in ops.iter().enumerate() {
                self.add(&mut batch, &place(seq, index), op)?;
            }
            self.db.apply_batch(batch)
        })
    }

    /// Writes ops, and removes the pieces of what they replace.
    fn apply_over_pieces(&self, seq: u64, ops: &[Op]) -> Result<()> {
        self.guard(|| {
            let mut batch = Batch::default();
            // The last op on a key wins.
            let mut seen = HashSet::new();
            for (index, op) in ops.iter().enumerate().rev() {
                if !seen.insert(op.key()) {
                    continue;
                }
                if let Some(old) = self.db.get(head_key(op.key()))? {
                    piece_keys(&old).for_each(|piece| batch.remove(piece));
                }
                self.add(&mut batch, &place(seq, index), op)?;
            }
            self.db.apply_batch(batch)
        })
    }

    fn add(&self, batch: &mut Batch, place: &[u8; PLACE], op: &Op) -> ::sled::Result<()> {
        let key = head_key(op.key());
        match op.value() {
            None => batch.remove(key),
            Some(value) => batch.insert(key, self.head(place, value)?),
        }
        Ok(())
    }

    /// Writes ops one by one: cheaper, where nobody reads in between.
    pub(super) fn apply_each(&self, seq: u64, ops: &[Op]) -> Result<()> {
        self.guard(|| {
            for (index, op) in ops.iter().enumerate() {
                let key = head_key(op.key());
                let old = match op.value() {
                    None => self.db.remove(key)?,
                    Some(value) => self.db.insert(key, self.head(&place(seq, index), value)?)?,
                };
                for piece in old.iter().flat_map(|old| piece_keys(old)) {
                    self.db.remove(piece)?;
                }
            }
            Ok(())
        })
    }

    /// The head of a value; writes its pieces where it is large. Nobody sees those before it.
    fn head(&self, place: &[u8; PLACE], value: &[u8]) -> ::sled::Result<Vec<u8>> {
        if value.len() <= PIECE_SIZE {
            return Ok([&[WHOLE], value].concat());
        }
        self.pieces.store(true, Ordering::Relaxed);
        for (number, piece) in (0_u32..).zip(value.chunks(PIECE_SIZE)) {
            self.db.insert(piece_key(place, number), piece)?;
        }
        Ok([&[PIECES], &place[..], &(value.len() as u64).to_le_bytes()].concat())
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let head_key = head_key(key);
        let Some(mut head) = self.guard(|| self.db.get(&head_key))? else { return Ok(None) };
        loop {
            if let Some(value) = self.value(&head)? {
                return Ok(Some(value));
            }
            // A piece is gone: the value was replaced meanwhile, or the index is damaged.
            match self.guard(|| self.db.get(&head_key))? {
                None => return Ok(None),
                Some(now) if now == head => {
                    return Err(Error::corrupt("a piece of a value is missing in the index"));
                }
                Some(now) => head = now,
            }
        }
    }

    /// The value of a head; none if a piece is missing.
    fn value(&self, head: &IVec) -> Result<Option<Bytes>> {
        match head.first() {
            Some(&WHOLE) => return Ok(Some(Bytes::from_sled(head.clone(), 1))),
            Some(&PIECES) if head.len() == 1 + PLACE + 8 => {}
            _ => return Err(Error::corrupt("a damaged head in the index")),
        }
        let size = size_of_pieces(head);
        let mut value = Vec::new();
        for number in 0..u32::try_from(size.div_ceil(PIECE_SIZE as u64)).unwrap_or(u32::MAX) {
            let key = piece_key(&head[1..1 + PLACE], number);
            let Some(piece) = self.guard(|| self.db.get(&key))? else { return Ok(None) };
            value.extend_from_slice(&piece);
        }
        match value.len() as u64 == size {
            true => Ok(Some(value.into())),
            false => Err(Error::corrupt("a damaged piece in the index")),
        }
    }

    /// The keys of a range with their values.
    pub(super) fn scan(
        &self,
        range: &KeyRange,
        order: Order,
    ) -> impl Iterator<Item = Result<(Bytes, Bytes)>> + Send + '_ {
        use std::ops::Bound;
        let start = match range.start.as_ref() {
            Bound::Unbounded => Bound::Included(vec![HEAD]),
            bound => bound.map(|key| head_key(key)),
        };
        let end = match range.end.as_ref() {
            Bound::Unbounded => Bound::Excluded(vec![HEAD + 1]),
            bound => bound.map(|key| head_key(key)),
        };
        let mut items = (!range.is_empty()).then(|| self.db.range((start, end)));
        std::iter::from_fn(move || {
            loop {
                let next = self.guard(|| {
                    let Some(items) = &mut items else { return Ok(None) };
                    match order {
                        Order::Ascending => items.next().transpose(),
                        Order::Descending => items.next_back().transpose(),
                    }
                });
                let (key, head) = match next {
                    Ok(item) => item?,
                    Err(error) => {
                        items = None;
                        return Some(Err(error));
                    }
                };
                let value = match self.value(&head) {
                    Ok(None) => self.get(&key[1..]),
                    found => found,
                };
                let key = Bytes::from_sled(key, 1);
                match value {
                    Ok(Some(value)) => return Some(Ok((key, value))),
                    // Removed since the scan saw it.
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }

    /// What [`finish`](Self::finish) recorded.
    pub(super) fn seq(&self) -> Result<u64> {
        let state = self.guard(|| self.db.get(STATE))?;
        let seq = state.as_deref().and_then(|state| state.try_into().ok());
        Ok(seq.map_or(0, u64::from_le_bytes))
    }

    /// Records that everything up to `seq` is in.
    pub(super) fn finish(&self, seq: u64) -> Result<()> {
        self.guard(|| self.db.insert(STATE, &seq.to_le_bytes()))?;
        self.guard(|| self.db.flush())?;
        Ok(())
    }

    /// Closes sled and puts its files on disk: its own flush leaves them in the system's cache.
    pub(super) fn close(self, folder: &Path) -> Result<()> {
        let Self { db, broken, .. } = self;
        if let Err(what) = guarded(move || {
            drop(db);
            Ok(())
        }) {
            return Err(Error::poisoned(what));
        }
        match broken.into_inner() {
            Some(what) => Err(Error::poisoned(what)),
            None => sync_tree(folder),
        }
    }

    /// Runs a call into sled. Where it fails or panics, the index is rebuilt at the next open.
    fn guard<T>(&self, call: impl FnOnce() -> ::sled::Result<T>) -> Result<T> {
        if let Some(what) = self.broken.get() {
            return Err(Error::poisoned(what.clone()));
        }
        guarded(call).map_err(|what| Error::poisoned(self.broken.get_or_init(|| what).clone()))
    }
}

fn guarded<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, String> {
    // What a panic leaves half-done is not used again: the index is thrown away.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("sled: {error}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
            Err(format!("sled panicked: {text}"))
        }
    }
}

fn sync_tree(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync_tree(&entry.path())?,
            false => std::fs::OpenOptions::new().write(true).open(entry.path())?.sync_all()?,
        }
    }
    Ok(RealDisk.sync_folder(folder)?)
}

fn head_key(key: &[u8]) -> Vec<u8> {
    [&[HEAD], key].concat()
}

fn place(seq: u64, index: usize) -> [u8; PLACE] {
    // A batch is below 4 GiB, and so are its ops.
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let mut place = [0; PLACE];
    place[..8].copy_from_slice(&seq.to_be_bytes());
    place[8..].copy_from_slice(&index.to_be_bytes());
    place
}

fn piece_key(place: &[u8], number: u32) -> Vec<u8> {
    [&[PIECE], place, &number.to_be_bytes()].concat()
}

fn size_of_pieces(head: &[u8]) -> u64 {
    head[1 + PLACE..].try_into().map_or(0, u64::from_le_bytes)
}

/// The keys of the pieces of a value, by its head.
fn piece_keys(head: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let pieces = head.first() == Some(&PIECES) && head.len() == 1 + PLACE + 8;
    let count = if pieces { size_of_pieces(head).div_ceil(PIECE_SIZE as u64) } else { 0 };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (0..count).map(|number| piece_key(&head[1..1 + PLACE], number))
}
