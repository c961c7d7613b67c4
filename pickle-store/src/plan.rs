//! From writes to what the engine does: the records themselves, and what follows from them where
//! indexes, expiry or history are declared.
//!
//! What follows is derived from the records alone, old and new, because each lists its entries in
//! indexes. It is written in the same atomic batch, and the plan expects that what it read is
//! still there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::catalog;
use crate::engine::{Engine, Expect, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::history;
use crate::record::{self, Entry, Extra, Record};
use crate::space::{Map, Space};

/// Writes that are to happen together.
#[derive(Default)]
pub(crate) struct Staged {
    /// Records that are put and removed, and the schemas that they need; behind them, once it was
    /// planned, what follows.
    ops: Vec<Op>,
    /// For each of them, but not for what follows, the generation of the indexes that the record
    /// lists its entries in.
    generations: Vec<u64>,
    /// Whether the values stay the same, and only the records change: nobody is told.
    pub(crate) rewrites: bool,
}

impl Staged {
    /// Nothing yet; records with the values that are there already.
    pub(crate) fn rewriting() -> Self {
        Self { rewrites: true, ..Self::default() }
    }

    /// Adds a record.
    pub(crate) fn put(&mut self, key: Vec<u8>, record: Vec<u8>, generation: u64) {
        self.ops.push(Op::Put { key, value: record });
        self.generations.push(generation);
    }

    /// Removes a record, if it is there.
    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.also(Op::Remove { key });
    }

    /// Adds a write from which nothing follows.
    pub(crate) fn also(&mut self, op: Op) {
        self.ops.push(op);
        self.generations.push(0);
    }

    /// All there is to be written, with what follows once it was planned.
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The writes, each with its generation.
    pub(crate) fn into_writes(self) -> impl Iterator<Item = (Op, u64)> {
        self.ops.into_iter().zip(self.generations)
    }

    /// How many writes there are, without what follows.
    #[cfg(feature = "tracing")]
    pub(crate) fn len(&self) -> usize {
        self.generations.len()
    }

    /// Adds what follows from the writes; returns what must still hold of what it read for that.
    /// None if an index was declared since they were staged.
    pub(crate) fn plan(
        &mut self,
        engine: &dyn Engine,
        spaces: &Map,
        now: impl FnOnce() -> u64,
    ) -> Result<Option<Vec<Expect>>> {
        self.ops.truncate(self.generations.len());
        if spaces.is_empty() {
            // What was declared stays so: nothing was when they were staged.
            return Ok(Some(Vec::new()));
        }
        // The last write on a key counts.
        let mut last = BTreeMap::new();
        for (op, generation) in self.ops.iter().zip(&self.generations) {
            let Some(space) = spaces.get(catalog::space_of(op.key())) else { continue };
            if op.value().is_some() && space.generation != *generation {
                return Ok(None);
            }
            last.insert(op.key(), op.value());
        }
        if last.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut planner = Planner::new(engine, spaces, now());
        planner.keep_history = !self.rewrites;
        for (key, record) in last {
            planner.queue.push_back((key.to_vec(), record.map(record::extra).transpose()?));
        }
        planner.derive()?;
        planner.check_unique()?;
        let evicted = std::mem::take(&mut planner.evicted);
        self.ops.extend(evicted.into_iter().map(|key| Op::Remove { key }));
        planner.finish(&mut self.ops);
        Ok(Some(planner.expect))
    }
}

/// Derives what follows from writes.
struct Planner<'a> {
    engine: &'a dyn Engine,
    spaces: &'a Map,
    now: u64,
    keep_history: bool,
    /// Keys that are written, and what their new records say besides their values.
    queue: VecDeque<(Vec<u8>, Option<Extra>)>,
    /// Keys whose old records were looked at.
    seen: BTreeSet<Vec<u8>>,
    /// Expired records that stood in the way.
    evicted: BTreeSet<Vec<u8>>,
    expect: Vec<Expect>,
    /// What followed from the old records, and what follows from the new ones.
    old: BTreeMap<Vec<u8>, Vec<u8>>,
    new: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Entries of unique indexes among `new`.
    unique: Vec<Unique>,
}

/// Of which record something follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
}

struct Unique {
    /// The entry in the engine.
    at: Vec<u8>,
    entry: Entry,
    /// The key of the record.
    holder: Vec<u8>,
    index: String,
}

impl<'a> Planner<'a> {
    fn new(engine: &'a dyn Engine, spaces: &'a Map, now: u64) -> Self {
        Self {
            engine,
            spaces,
            now,
            keep_history: true,
            queue: VecDeque::new(),
            seen: BTreeSet::new(),
            evicted: BTreeSet::new(),
            expect: Vec::new(),
            old: BTreeMap::new(),
            new: BTreeMap::new(),
            unique: Vec::new(),
        }
    }

    /// Works through the queue.
    fn derive(&mut self) -> Result<()> {
        while let Some((key, new)) = self.queue.pop_front() {
            let Some(space) = self.spaces.get(catalog::space_of(&key)) else { continue };
            let old = self.engine.get(&key)?;
            self.expect.push(seen(&key, old.as_deref()));
            // A damaged record may be replaced. What followed from it is ignored by readers.
            if let Some(old) = &old
                && let Ok(record) = Record::decode(&key, old)
            {
                for entry in &record.entries() {
                    self.entry(space, &key, entry, Side::Old)?;
                }
                if let Some(expires) = record.expires {
                    let at = catalog::expiry_key(expires, &key);
                    let value = sealed(&at, &[]);
                    self.old.insert(at, value);
                } else if space.declared.history > 0 && self.keep_history {
                    let (at, value) = history::entry(&key, &record, old);
                    self.new.insert(at, value);
                    self.old.extend(history::beyond(self.engine, &key, space.declared.history)?);
                }
            }
            if let Some(new) = &new {
                for entry in &new.entries {
                    self.entry(space, &key, entry, Side::New)?;
                }
                if let Some(expires) = new.expires {
                    let at = catalog::expiry_key(expires, &key);
                    let value = sealed(&at, &[]);
                    self.new.insert(at, value);
                }
            }
            self.seen.insert(key);
        }
        Ok(())
    }

    /// Adds an entry of an index, old or new.
    fn entry(&mut self, space: &Space, key: &[u8], entry: &Entry, side: Side) -> Result<()> {
        // Records list their entries in dropped indexes until they are written again.
        let Some(index) = space.numbered(entry.index) else { return Ok(()) };
        let at = entry_key(entry, key, index.unique);
        let value = entry_value(&at, entry, key, index.unique);
        if side == Side::Old {
            // After a repair, a key of a unique index may be another record's.
            if !index.unique || self.engine.get(&at)?.is_some_and(|found| *found == *value) {
                self.old.insert(at, value);
            }
            return Ok(());
        }
        if index.unique {
            let name = index.name.clone();
            if let Some(other) = self.new.get(&at)
                && *other != value
            {
                return Err(not_unique(name));
            }
            let (at, entry, holder) = (at.clone(), entry.clone(), key.to_vec());
            self.unique.push(Unique { at, entry, holder, index: name });
        }
        self.new.insert(at, value);
        Ok(())
    }

    /// Refuses entries in unique indexes that other records have.
    fn check_unique(&mut self) -> Result<()> {
        while let Some(unique) = self.unique.pop() {
            if self.old.contains_key(&unique.at) {
                continue; // by a record that is written here, too
            }
            let Some(found) = self.engine.get(&unique.at)? else {
                self.expect.push(Expect::Absent { key: unique.at });
                continue;
            };
            self.expect.push(Expect::Starts { key: unique.at.clone(), start: found.to_vec() });
            let holder = record::unseal(&unique.at, &found)?.to_vec();
            if holder == unique.holder || self.seen.contains(&holder) {
                continue;
            }
            let bytes = self.engine.get(&holder)?;
            self.expect.push(seen(&holder, bytes.as_deref()));
            let Some(bytes) = bytes else { continue };
            let record = Record::decode(&holder, &bytes)
                .map_err(|error| error.at_key(catalog::readable(&holder)))?;
            if !record.lists(unique.entry.index, &unique.entry.key) {
                continue; // left behind by a record that was damaged
            }
            if record.expires.is_none_or(|expires| expires > self.now) {
                return Err(not_unique(unique.index));
            }
            self.evicted.insert(holder.clone());
            self.queue.push_back((holder, None));
            self.derive()?;
        }
        Ok(())
    }

    /// The writes by which old becomes new.
    fn finish(&mut self, ops: &mut Vec<Op>) {
        for key in self.old.keys() {
            if !self.new.contains_key(key) {
                ops.push(Op::Remove { key: key.clone() });
            }
        }
        for (key, value) in std::mem::take(&mut self.new) {
            if self.old.get(&key) != Some(&value) {
                ops.push(Op::Put { key, value });
            }
        }
    }
}

/// What must hold for the record of a key to be the one that was read.
pub(crate) fn seen(key: &[u8], record: Option<&[u8]>) -> Expect {
    match record {
        Some(record) => Expect::Starts { key: key.to_vec(), start: record::start(record) },
        None => Expect::Absent { key: key.to_vec() },
    }
}

/// Where an index lists a record. A unique one has one entry for each key of its own.
pub(crate) fn entry_key(entry: &Entry, key: &[u8], unique: bool) -> Vec<u8> {
    let mut at = catalog::index_prefix(entry.index);
    at.extend_from_slice(&entry.key);
    if !unique {
        at.extend_from_slice(&key[catalog::space_of(key).len()..]);
    }
    at
}

/// What is kept there: the key of the record, or how much of the entry's key is not of it.
pub(crate) fn entry_value(at: &[u8], entry: &Entry, key: &[u8], unique: bool) -> Vec<u8> {
    match unique {
        true => sealed(at, key),
        false => sealed(at, &(entry.key.len() as u64).to_le_bytes()),
    }
}

/// The key of the record that an entry is for, which is in the key space `space`.
pub(crate) fn holder(at: &[u8], value: &[u8], space: &[u8], unique: bool) -> Result<Vec<u8>> {
    let value = record::unseal(at, value)?;
    if unique {
        return Ok(value.to_vec());
    }
    let length = value.try_into().map(u64::from_le_bytes).ok();
    let length = length.and_then(|length| usize::try_from(length).ok()?.checked_add(5));
    match length.and_then(|length| at.get(length..)) {
        Some(own) => Ok([space, own].concat()),
        None => Err(Error::corrupt("a damaged entry of an index")),
    }
}

/// Bytes with the checksum over them and their key.
pub(crate) fn sealed(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    record::seal(key, &mut bytes);
    bytes
}

#[cold]
pub(crate) fn not_unique(index: String) -> Error {
    Error::new(ErrorKind::NotUnique { index })
}
