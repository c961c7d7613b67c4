//! sled, held at arm's length: one tree, small values only, and every call guarded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use ::sled::{Config, Db, IVec};

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
    /// Held by who writes several ops, and shared by who reads meanwhile.
    gate: RwLock<()>,
    /// Counts how often the gate was closed and opened; odd while it is closed. Who reads between
    /// two batches finds it even and unchanged, and needs no lock.
    turns: AtomicU64,
}

impl Index {
    /// Opens what is there, or begins an empty one, of which `cache` bytes may stay in memory.
    pub(super) fn open(folder: &Path, cache: u64) -> Result<Self> {
        // sled's own flusher is off: nobody relies on its flush, and it cannot take two at once.
        let config = Config::new().path(folder).cache_capacity(cache);
        let config = config.flush_every_ms(None).print_profile_on_drop(false);
        // After a close, sled's threads may hold its lock a little longer.
        for attempt in 0.. {
            match guarded(|| config.open()) {
                Ok(db) => {
                    let (broken, gate) = (OnceLock::new(), RwLock::new(()));
                    return Ok(Self { db, broken, gate, turns: AtomicU64::new(0) });
                }
                Err(text) if attempt == 20 || !text.contains("acquire lock") => {
                    return Err(Error::corrupt(text));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5 << attempt.min(4))),
            }
        }
        unreachable!("the loop has no end")
    }

    /// Writes ops under the sequence number `seq`: readers see all of them or none.
    ///
    /// Not by sled's batches: where one cannot be written, whoever closes sled may wait for ever.
    pub(super) fn apply(&self, seq: u64, ops: &[Op]) -> Result<()> {
        if ops.len() <= 1 {
            return self.apply_each(seq, ops);
        }
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.turns.fetch_add(1, Ordering::AcqRel);
        let applied = self.apply_each(seq, ops);
        // Also after an error: nobody reads a broken index.
        self.turns.fetch_add(1, Ordering::Release);
        applied
    }

    /// Reads where no batch is written by halves.
    fn between_batches<T>(&self, read: impl Fn() -> Result<T>) -> Result<T> {
        let before = self.turns.load(Ordering::Acquire);
        if before.is_multiple_of(2) {
            let found = read();
            // Whoever saw a write of a batch sees that its turn began: sled publishes each write
            // after it.
            fence(Ordering::Acquire);
            if self.turns.load(Ordering::Relaxed) == before {
                return found;
            }
        }
        let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        read()
    }

    /// Writes ops one by one, in order, where nobody reads in between.
    pub(super) fn apply_each(&self, seq: u64, ops: &[Op]) -> Result<()> {
        // sled copies what it is given, so there is one place to put it together for all ops.
        let (mut key, mut head) = (Vec::new(), Vec::new());
        self.guard(|| {
            for (index, op) in ops.iter().enumerate() {
                key.clear();
                key.push(HEAD);
                key.extend_from_slice(op.key());
                let old = match op.value() {
                    None => self.db.remove(&key)?,
                    Some(value) => {
                        self.head(&place(seq, index), value, &mut head)?;
                        self.db.insert(&key, head.as_slice())?
                    }
                };
                for piece in old.iter().flat_map(|old| piece_keys(old)) {
                    self.db.remove(piece)?;
                }
            }
            Ok(())
        })
    }

    /// Puts the head of a value in `head`; writes its pieces where it is large. Nobody sees those
    /// before it.
    fn head(&self, place: &[u8; PLACE], value: &[u8], head: &mut Vec<u8>) -> ::sled::Result<()> {
        head.clear();
        if value.len() <= PIECE_SIZE {
            head.reserve(1 + value.len());
            head.push(WHOLE);
            head.extend_from_slice(value);
            return Ok(());
        }
        for (number, piece) in (0_u32..).zip(value.chunks(PIECE_SIZE)) {
            self.db.insert(piece_key(place, number), piece)?;
        }
        head.push(PIECES);
        head.extend_from_slice(place);
        head.extend_from_slice(&(value.len() as u64).to_le_bytes());
        Ok(())
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        // Most keys are short, and reading one needs no memory then.
        let mut short = [HEAD; 64];
        match short.get_mut(1..=key.len()) {
            Some(rest) => {
                rest.copy_from_slice(key);
                self.between_batches(|| self.find(&short[..=key.len()]))
            }
            None => {
                let key = head_key(key);
                self.between_batches(|| self.find(&key))
            }
        }
    }

    /// The value of a key, as sled has it.
    fn find(&self, key: &[u8]) -> Result<Option<Bytes>> {
        match self.guard(|| self.db.get(key))? {
            Some(head) => self.value(key, head),
            None => Ok(None),
        }
    }

    /// The value of a head that was found at a key; none if it was removed meanwhile.
    fn value(&self, key: &[u8], mut head: IVec) -> Result<Option<Bytes>> {
        loop {
            if head.first() == Some(&WHOLE) {
                return Ok(Some(Bytes::from_sled(head, 1)));
            }
            if let Some(value) = self.joined(&head)? {
                return Ok(Some(value));
            }
            // A piece is gone: the value was replaced meanwhile, or the index is damaged.
            match self.guard(|| self.db.get(key))? {
                None => return Ok(None),
                Some(now) if now == head => {
                    return Err(Error::corrupt("a piece of a value is missing in the index"));
                }
                Some(now) => head = now,
            }
        }
    }

    /// The value that is in pieces; none if one is missing.
    fn joined(&self, head: &IVec) -> Result<Option<Bytes>> {
        if head.first() != Some(&PIECES) || head.len() != 1 + PLACE + 8 {
            return Err(Error::corrupt("a damaged head in the index"));
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
            let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
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
                let value = self.value(&key, head);
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
        guarded(call).map_err(|what| {
            let what = self.broken.get_or_init(|| {
                // sled flushes when its last handle goes, and after an error may wait for ever for
                // what it will not write. So one handle stays.
                std::mem::forget(self.db.clone());
                what
            });
            Error::poisoned(what.clone())
        })
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
