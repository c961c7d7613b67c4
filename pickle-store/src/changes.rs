//! The log of changes in the store, where one is asked for: what watches resume from after the
//! store was closed.
//!
//! An entry is written in the same batch as the change, and the oldest goes when there are more
//! than asked for. Numbers have no gaps.

use crate::catalog;
use crate::engine::{Engine, KeyRange, Op, Order};
use crate::error::{Error, Result};
use crate::plan::sealed;
use crate::record;
use crate::watch::ChangeKind;

/// What the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// How many changes are kept.
    pub(crate) limit: u64,
    /// The number of the oldest.
    pub(crate) first: u64,
    /// The number of the next change.
    pub(crate) next: u64,
}

/// A change in the log.
pub(crate) struct Logged {
    pub(crate) sequence: u64,
    pub(crate) key: Box<[u8]>,
    pub(crate) kind: ChangeKind,
}

impl Log {
    /// Opens the log: as it is, or so many changes long, or none for 0. A new one begins at
    /// `base`.
    pub(crate) fn open(
        engine: &dyn Engine,
        limit: Option<u64>,
        base: impl FnOnce() -> Result<u64>,
    ) -> Result<Option<Self>> {
        let found = catalog::change_log(engine)?;
        let Some((limit, base)) = (match (limit, found) {
            (Some(0), _) | (None, None) => None,
            (Some(limit), Some((_, base))) => Some((limit, base)),
            (Some(limit), None) => Some((limit, base()?)),
            (None, Some(found)) => Some(found),
        }) else {
            if found.is_some() {
                catalog::clear(engine, &[catalog::LOG])?;
                let _ = engine.apply(&[], &[catalog::no_change_log()])?;
            }
            return Ok(None);
        };
        if found != Some((limit, base)) {
            let _ = engine.apply(&[], &[catalog::set_change_log(limit, base)])?;
        }
        let end = |order| -> Result<Option<u64>> {
            match engine.scan(KeyRange::prefix(&[catalog::LOG]), order)?.next() {
                Some(item) => number(&item?.0).map(Some),
                None => Ok(None),
            }
        };
        let next = end(Order::Descending)?.map_or(base, |last| last + 1);
        let mut log = Self { limit, first: end(Order::Ascending)?.unwrap_or(next), next };
        while log.len() > limit {
            let upto = log.first.saturating_add(1024).min(log.next - limit);
            let _ = engine.apply(&[], &log.forget(upto))?;
            log.first = upto;
        }
        Ok(Some(log))
    }

    fn len(&self) -> u64 {
        self.next - self.first
    }

    /// Drops the changes before a number.
    fn forget(&self, upto: u64) -> Vec<Op> {
        (self.first..upto).map(|number| Op::Remove { key: catalog::log_key(number) }).collect()
    }

    /// The writes that log the changes among `ops`, and the log after them.
    pub(crate) fn append(&self, ops: &[Op]) -> (Vec<Op>, Self) {
        let changes = ops.iter().filter(|op| catalog::is_record(op.key()));
        let next = self.next + changes.clone().count() as u64;
        let first = self.first.max(next.saturating_sub(self.limit));
        let mut out = self.forget(first.min(self.next));
        for (number, op) in (self.next..).zip(changes) {
            if number >= first {
                let key = catalog::log_key(number);
                let value = [&[u8::from(op.value().is_some())], op.key()].concat();
                let value = sealed(&key, &value);
                out.push(Op::Put { key, value });
            }
        }
        (out, Self { first, next, ..*self })
    }
}

/// Changes from a number on, up to a page of them.
pub(crate) fn read(engine: &dyn Engine, from: u64) -> Result<Vec<Logged>> {
    const PAGE: usize = 256;
    let mut range = KeyRange::prefix(&[catalog::LOG]);
    range.start = std::ops::Bound::Included(catalog::log_key(from));
    let page = engine.scan(range, Order::Ascending)?.take(PAGE);
    page.map(|item| {
        let (at, value) = item?;
        let (kind, key) = match record::unseal(&at, &value)? {
            [0, key @ ..] => (ChangeKind::Removed, key),
            [1, key @ ..] => (ChangeKind::Put, key),
            _ => return Err(Error::corrupt("a change of an unknown kind")),
        };
        Ok(Logged { sequence: number(&at)?, key: key.into(), kind })
    })
    .collect()
}

fn number(key: &[u8]) -> Result<u64> {
    let bytes = key.get(1..).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_be_bytes).ok_or_else(|| Error::corrupt("a change without a number"))
}
