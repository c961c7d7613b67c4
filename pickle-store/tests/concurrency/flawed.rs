//! An engine that can be made wrong, to see whether the checks find out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};

use pickle_store::Result;
use pickle_store::engine::{
    Applied, Bytes, Engine, EngineLimits, Expect, KeyRange, Op, Order, Scan,
};

/// What is wrong with an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Nothing,
    /// Writes happen whether what was expected holds or not.
    ExpectsNothing,
    /// What was read is checked, but not while others are kept from writing.
    ChecksTooEarly,
    /// Every so often an earlier value is read.
    ReadsThePast,
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

pub(crate) struct Flawed {
    flaw: Flaw,
    map: RwLock<Map>,
    /// The values before the last write of each key.
    past: RwLock<Map>,
    writer: Mutex<()>,
    reads: AtomicU64,
}

impl Flawed {
    pub(crate) fn new(flaw: Flaw) -> Self {
        let (map, past) = (RwLock::default(), RwLock::default());
        Self { flaw, map, past, writer: Mutex::default(), reads: AtomicU64::new(0) }
    }
}

/// Whether a key is that of a record, and not of the store's own.
fn is_record(key: &[u8]) -> bool {
    key.first() == Some(&2)
}

impl Engine for Flawed {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        let number = self.reads.fetch_add(1, Ordering::Relaxed);
        if self.flaw == Flaw::ReadsThePast && is_record(key) && number.is_multiple_of(13) {
            return Ok(self.past.read().unwrap().get(key).cloned().map(Bytes::from));
        }
        Ok(self.map.read().unwrap().get(key).cloned().map(Bytes::from))
    }

    fn scan(&self, range: KeyRange, order: Order) -> Result<Scan<'_>> {
        let map = self.map.read().unwrap();
        let within = match range.is_empty() {
            true => Vec::new(),
            false => map.range((range.start, range.end)).collect(),
        };
        let mut items: Vec<(Bytes, Bytes)> = within
            .into_iter()
            .map(|(key, value)| (key.clone().into(), value.clone().into()))
            .collect();
        if order == Order::Descending {
            items.reverse();
        }
        Ok(Box::new(items.into_iter().map(Ok)))
    }

    fn apply(&self, expect: &[Expect], ops: &[Op]) -> Result<Applied> {
        let checked = || -> Result<bool> {
            for expect in expect {
                if !expect.holds(self)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let records = ops.iter().any(|op| is_record(op.key()));
        let early = self.flaw == Flaw::ChecksTooEarly && records;
        if early && !checked()? {
            return Ok(Applied::Conflict);
        }
        // Others get their turn between the check and the write.
        std::thread::sleep(std::time::Duration::from_micros(50));
        let _writer = self.writer.lock().unwrap();
        let blind = self.flaw == Flaw::ExpectsNothing && records;
        if !early && !blind && !checked()? {
            return Ok(Applied::Conflict);
        }
        let (mut map, mut past) = (self.map.write().unwrap(), self.past.write().unwrap());
        for op in ops {
            let key = op.key().to_vec();
            let before = match op.value() {
                Some(value) => map.insert(key.clone(), value.to_vec()),
                None => map.remove(&key),
            };
            match before {
                Some(before) => past.insert(key, before),
                None => past.remove(&key),
            };
        }
        Ok(Applied::Committed)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: 1 << 20, batch: 1 << 30 }
    }
}
