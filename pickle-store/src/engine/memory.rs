//! An engine without a disk, for tests and caches.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::{Applied, Bytes, Engine, EngineLimits, Expect, KeyRange, Op, Order, Scan, is_empty};
use crate::error::Result;

/// A map in memory. What is in it is gone when the store is.
#[derive(Default)]
pub struct Memory {
    map: RwLock<BTreeMap<Bytes, Bytes>>,
}

impl Memory {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Bytes, Bytes>> {
        // Nothing panics while the lock is held for writing.
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.read().get(key).cloned())
    }

    fn scan(&self, mut range: KeyRange, order: Order) -> Result<Scan<'_>> {
        Ok(Box::new(std::iter::from_fn(move || {
            // `BTreeMap::range` panics on ranges that end before they start.
            if is_empty(&range) {
                return None;
            }
            let map = self.read();
            let mut rest = map.range::<Bytes, _>(range.clone());
            let entry = match order {
                Order::Ascending => rest.next(),
                Order::Descending => rest.next_back(),
            };
            let (key, value) = entry.map(|(key, value)| (key.clone(), value.clone()))?;
            match order {
                Order::Ascending => range.0 = Bound::Excluded(key.clone()),
                Order::Descending => range.1 = Bound::Excluded(key.clone()),
            }
            Some(Ok((key, value)))
        })))
    }

    fn apply(&self, expect: &[Expect], ops: Vec<Op>) -> Result<Applied> {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        if expect.iter().any(|expect| map.get(&expect.key) != expect.value.as_ref()) {
            return Ok(Applied::Conflict);
        }
        for op in ops {
            match op {
                Op::Put(key, value) => drop(map.insert(key, value)),
                Op::Remove(key) => drop(map.remove(&key)),
            }
        }
        Ok(Applied::Yes)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: 1 << 16, value: 1 << 15 }
    }
}
