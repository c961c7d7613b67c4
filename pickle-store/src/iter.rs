//! Iterators over records, from both ends.

use std::ops::Bound;

use crate::engine::{Bytes, Engine, KeyRange, Order, Scan};
use crate::error::Result;

/// Items of a range, in the order of their keys; `.rev()` gives them the other way.
///
/// What it sees of writes that are made meanwhile is up to the engine's
/// [isolation](crate::Store::isolation): at least each record that was there all the time, once, and
/// perhaps those written meanwhile; at best the records of the moment at which it was asked for the
/// first item, from either end for itself. A [`transaction`](crate::Store::transaction) sees one
/// state. An item that cannot be loaded is an error; the ones behind it still come.
#[must_use]
pub struct Iter<'a, T> {
    entries: Entries<'a>,
    decode: Decode<'a, T>,
    /// Which way `next` goes.
    order: Order,
}

/// Makes an item of key and value; none where the item is not asked for.
type Decode<'a, T> = Box<dyn Fn(&[u8], &[u8]) -> Result<Option<T>> + Send + 'a>;

impl<'a, T> Iter<'a, T> {
    pub(crate) fn new(
        engine: &'a dyn Engine,
        range: KeyRange,
        decode: impl Fn(&[u8], &[u8]) -> Result<Option<T>> + Send + 'a,
    ) -> Self {
        let entries = Entries { engine, range, front: None, back: None, first: None, last: None };
        Self { entries, decode: Box::new(decode), order: Order::Ascending }
    }

    /// As [`new`](Self::new), the other way round.
    pub(crate) fn newest_first(
        engine: &'a dyn Engine,
        range: KeyRange,
        decode: impl Fn(&[u8], &[u8]) -> Result<Option<T>> + Send + 'a,
    ) -> Self {
        Self { order: Order::Descending, ..Self::new(engine, range, decode) }
    }

    fn step(&mut self, order: Order) -> Option<Result<T>> {
        loop {
            let decoded = match self.entries.step(order)? {
                Ok((key, value)) => (self.decode)(&key, &value),
                Err(error) => Err(error),
            };
            if let Some(item) = decoded.transpose() {
                return Some(item);
            }
        }
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(self.order)
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(match self.order {
            Order::Ascending => Order::Descending,
            Order::Descending => Order::Ascending,
        })
    }
}

/// Two scans of an engine that end where they meet.
struct Entries<'a> {
    engine: &'a dyn Engine,
    range: KeyRange,
    front: Option<Scan<'a>>,
    back: Option<Scan<'a>>,
    /// The last keys that the scans gave.
    first: Option<Bytes>,
    last: Option<Bytes>,
}

impl Entries<'_> {
    fn step(&mut self, order: Order) -> Option<Result<(Bytes, Bytes)>> {
        let scan = match order {
            Order::Ascending => &mut self.front,
            Order::Descending => &mut self.back,
        };
        let scan = match scan {
            Some(scan) => scan,
            None => match self.engine.scan(self.range.clone(), order) {
                Ok(new) => scan.insert(new),
                Err(error) => {
                    self.range = nothing();
                    return Some(Err(error));
                }
            },
        };
        let (key, value) = match scan.next()? {
            Ok(item) => item,
            Err(error) => return Some(Err(error)),
        };
        let met = match order {
            Order::Ascending => self.last.as_ref().is_some_and(|last| **last <= *key),
            Order::Descending => self.first.as_ref().is_some_and(|first| **first >= *key),
        };
        if met {
            *scan = Box::new(std::iter::empty());
            return None;
        }
        match order {
            Order::Ascending => self.first = Some(key.clone()),
            Order::Descending => self.last = Some(key.clone()),
        }
        Some(Ok((key, value)))
    }
}

/// A range without keys: an iterator whose scan failed ends.
fn nothing() -> KeyRange {
    KeyRange { start: Bound::Excluded(Vec::new()), end: Bound::Excluded(Vec::new()) }
}
