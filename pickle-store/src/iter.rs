//! Walking a range of keys from both ends.

use std::marker::PhantomData;
use std::ops::Bound;

use pickle_core::UnpickleOwned;

use crate::engine::{Bytes, KeyRange, Order, Scan, is_empty};
use crate::error::Result;
use crate::key::{self, LoadKey};
use crate::space::Space;
use crate::store::Store;

/// Keys and records of a range. The two ends meet, whatever is written meanwhile.
pub(crate) struct RawEntries<'a> {
    store: &'a Store,
    space: Space,
    /// What neither end has passed.
    rest: KeyRange,
    front: Option<Scan<'a>>,
    back: Option<Scan<'a>>,
    is_done: bool,
}

impl<'a> RawEntries<'a> {
    pub(crate) fn new(store: &'a Store, space: Space, range: KeyRange) -> Self {
        Self { store, space, rest: range, front: None, back: None, is_done: false }
    }

    /// Counts what is left.
    pub(crate) fn count_all(mut self) -> Result<usize> {
        let mut count = 0;
        while self.next().transpose()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn step(&mut self, order: Order) -> Option<Result<(Bytes, Bytes)>> {
        if self.is_done || is_empty(&self.rest) {
            return None;
        }
        let scan = match order {
            Order::Ascending => &mut self.front,
            Order::Descending => &mut self.back,
        };
        let scan = match scan {
            Some(scan) => scan,
            None => match self.store.engine().scan(self.rest.clone(), order) {
                Ok(new) => scan.insert(new),
                Err(error) => {
                    self.is_done = true;
                    return Some(Err(error));
                }
            },
        };
        let entry = scan.next().filter(|entry| match entry {
            // The other end has been there.
            Ok((key, _)) => contains(&self.rest, key),
            Err(_) => true,
        });
        match &entry {
            Some(Ok((key, _))) => match order {
                Order::Ascending => self.rest.0 = Bound::Excluded(key.clone()),
                Order::Descending => self.rest.1 = Bound::Excluded(key.clone()),
            },
            _ => self.is_done = true,
        }
        entry
    }
}

fn contains(range: &KeyRange, key: &Bytes) -> bool {
    std::ops::RangeBounds::contains(range, key)
}

impl Iterator for RawEntries<'_> {
    type Item = Result<(Bytes, Bytes)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Order::Ascending)
    }
}

impl DoubleEndedIterator for RawEntries<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Order::Descending)
    }
}

/// Keys in order, from both ends.
pub struct Keys<'a, K> {
    raw: RawEntries<'a>,
    _key: PhantomData<fn() -> K>,
}

impl<'a, K: LoadKey> Keys<'a, K> {
    pub(crate) fn new(raw: RawEntries<'a>) -> Self {
        Self { raw, _key: PhantomData }
    }

    fn load(&self, entry: Result<(Bytes, Bytes)>) -> Result<K> {
        let (key, _) = entry?;
        key::load(self.raw.space.strip(&key)).map_err(|error| error.of_key(&key))
    }
}

impl<K: LoadKey> Iterator for Keys<'_, K> {
    type Item = Result<K>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.raw.next()?;
        Some(self.load(entry))
    }
}

impl<K: LoadKey> DoubleEndedIterator for Keys<'_, K> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.raw.next_back()?;
        Some(self.load(entry))
    }
}

/// Keys and objects in the order of the keys, from both ends.
///
/// What is written meanwhile may or may not be seen; each key is seen once at most.
pub struct Entries<'a, K, T> {
    raw: RawEntries<'a>,
    _entry: PhantomData<fn() -> (K, T)>,
}

impl<'a, K: LoadKey, T: UnpickleOwned> Entries<'a, K, T> {
    pub(crate) fn new(raw: RawEntries<'a>) -> Self {
        Self { raw, _entry: PhantomData }
    }

    /// The entry; nothing if it was removed meanwhile.
    fn load(&self, entry: Result<(Bytes, Bytes)>) -> Result<Option<(K, T)>> {
        let (key, record) = entry?;
        let own = key::load(self.raw.space.strip(&key)).map_err(|error| error.of_key(&key))?;
        let value = self.raw.store.load_record(&key, record)?;
        Ok(value.map(|value| (own, value)))
    }
}

impl<K: LoadKey, T: UnpickleOwned> Iterator for Entries<'_, K, T> {
    type Item = Result<(K, T)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.raw.next()?;
            if let Some(entry) = self.load(entry).transpose() {
                return Some(entry);
            }
        }
    }
}

impl<K: LoadKey, T: UnpickleOwned> DoubleEndedIterator for Entries<'_, K, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.raw.next_back()?;
            if let Some(entry) = self.load(entry).transpose() {
                return Some(entry);
            }
        }
    }
}
