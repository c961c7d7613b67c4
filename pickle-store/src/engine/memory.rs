//! The engine that forgets: for tests and caches.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{RwLock, RwLockReadGuard};

use super::{Applied, Bytes, Engine, EngineLimits, Expect, KeyRange, Op, Order, Scan};
use crate::error::Result;

/// A `BTreeMap` as an engine.
#[derive(Default)]
pub(crate) struct MemoryEngine {
    map: RwLock<Map>,
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Items copied at once by a scan, so that it holds no lock while its reader works.
const PAGE: usize = 128;

impl MemoryEngine {
    fn read(&self) -> RwLockReadGuard<'_, Map> {
        // Nobody panics between two changes of the map that belong together.
        self.map.read().unwrap_or_else(|poison| poison.into_inner())
    }

    fn page(&self, range: &KeyRange, order: Order) -> Vec<(Vec<u8>, Vec<u8>)> {
        if range.is_empty() {
            return Vec::new();
        }
        let map = self.read();
        let items = map.range::<Vec<u8>, _>((range.start.as_ref(), range.end.as_ref()));
        let copy = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        match order {
            Order::Ascending => items.take(PAGE).map(copy).collect(),
            Order::Descending => items.rev().take(PAGE).map(copy).collect(),
        }
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.read().get(key).map(|value| Bytes::from(value.clone())))
    }

    fn scan(&self, mut range: KeyRange, order: Order) -> Result<Scan<'_>> {
        let mut page = Vec::new().into_iter();
        Ok(Box::new(std::iter::from_fn(move || {
            if page.len() == 0 {
                let items = self.page(&range, order);
                let (last, _) = items.last()?;
                let bound = Bound::Excluded(last.clone());
                match order {
                    Order::Ascending => range.start = bound,
                    Order::Descending => range.end = bound,
                }
                page = items.into_iter();
            }
            page.next().map(|(key, value)| Ok((key.into(), value.into())))
        })))
    }

    fn apply(&self, expect: &[Expect], ops: &[Op]) -> Result<Applied> {
        self.limits().check(ops)?;
        let mut map = self.map.write().unwrap_or_else(|poison| poison.into_inner());
        if !expect.iter().all(|expect| holds(expect, &map)) {
            return Ok(Applied::Conflict);
        }
        for op in ops {
            match op {
                Op::Put { key, value } => map.insert(key.clone(), value.clone()),
                Op::Remove { key } => map.remove(key),
            };
        }
        Ok(Applied::Committed)
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits { key: 1 << 30, batch: 1 << 32 }
    }
}

/// As [`Expect::holds`], under the lock that the write will use.
fn holds(expect: &Expect, map: &Map) -> bool {
    match expect {
        Expect::Absent { key } => !map.contains_key(key),
        Expect::Starts { key, start } => map.get(key).is_some_and(|value| value.starts_with(start)),
        Expect::Range { range, digest } => {
            let mut now = super::RangeDigest::default();
            if !range.is_empty() {
                map.range::<Vec<u8>, _>((range.start.as_ref(), range.end.as_ref()))
                    .for_each(|(key, value)| now.add(key, value));
            }
            now == *digest
        }
    }
}
