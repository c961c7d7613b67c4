//! Watching: which keys are written, in the order of the writes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
use std::time::{Duration, Instant};

use crate::catalog;
use crate::engine::{Applied, Op};
use crate::error::{Error, ErrorKind, Result};

/// Changes that are kept for watchers who are behind, and the bytes that their keys may take.
const CHANGES: usize = 4096;
const BYTES: usize = 16 << 20;

/// A key that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change<K> {
    /// Where to [resume](crate::Collection::watch_from) behind it.
    pub sequence: u64,
    /// The key.
    pub key: K,
    /// What was done.
    pub kind: ChangeKind,
}

/// What was done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A value was stored.
    Put,
    /// The key was removed, if it was there.
    Removed,
}

/// Changes as they happen; from [`Store::watch`](crate::Store::watch) and
/// [`Collection::watch`](crate::Collection::watch).
///
/// The last few thousand changes are kept. A watcher who is further behind gets one
/// [`Lagged`](ErrorKind::Lagged), should read everything anew, and goes on with what is kept.
pub struct Watch<K> {
    hub: Arc<Hub>,
    prefix: Box<[u8]>,
    next: u64,
    decode: fn(&[u8]) -> Result<K>,
}

impl<K> Watch<K> {
    pub(crate) fn new(
        hub: &Arc<Hub>,
        prefix: &[u8],
        after: Option<u64>,
        decode: fn(&[u8]) -> Result<K>,
    ) -> Self {
        let next = match after {
            Some(sequence) => sequence.saturating_add(1),
            None => hub.ring().next,
        };
        Self { hub: Arc::clone(hub), prefix: prefix.into(), next, decode }
    }

    /// The next change; none if there is none within `timeout`, or the store was closed.
    ///
    /// # Errors
    /// [`Lagged`](ErrorKind::Lagged) when changes were missed.
    pub fn next_within(&mut self, timeout: Duration) -> Result<Option<Change<K>>> {
        let end = Instant::now().checked_add(timeout);
        let mut ring = self.hub.ring();
        loop {
            // A number from the future is one of an earlier opening of the store.
            if self.next < ring.first() || self.next > ring.next {
                self.next = ring.first();
                return Err(Error::new(ErrorKind::Lagged));
            }
            let behind = usize::try_from(self.next - ring.first()).unwrap_or(usize::MAX);
            for (key, kind) in ring.changes.iter().skip(behind) {
                let sequence = self.next;
                self.next += 1;
                if let Some(key) = key.strip_prefix(&*self.prefix) {
                    let key = (self.decode)(key)?;
                    return Ok(Some(Change { sequence, key, kind: *kind }));
                }
            }
            if ring.closed {
                return Ok(None);
            }
            let wait =
                end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if wait.is_zero() {
                return Ok(None);
            }
            let woken = self.hub.wake.wait_timeout(ring, wait);
            ring = woken.unwrap_or_else(|poison| poison.into_inner()).0;
        }
    }
}

/// Waits for each change; ends when the store is closed.
impl<K> Iterator for Watch<K> {
    type Item = Result<Change<K>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(Duration::MAX).transpose()
    }
}

/// What the watchers of a store share.
pub(crate) struct Hub {
    /// Whether anybody ever watched. Until then writes pass side by side; from then on one by
    /// one, so that changes are in the order of the writes.
    watched: RwLock<bool>,
    ring: Mutex<Ring>,
    wake: Condvar,
}

struct Ring {
    changes: VecDeque<(Box<[u8]>, ChangeKind)>,
    bytes: usize,
    /// The number of the next change.
    next: u64,
    closed: bool,
}

impl Ring {
    fn first(&self) -> u64 {
        self.next - self.changes.len() as u64
    }
}

impl Hub {
    pub(crate) fn new() -> Self {
        let ring = Ring { changes: VecDeque::new(), bytes: 0, next: 0, closed: false };
        Self { watched: RwLock::new(false), ring: Mutex::new(ring), wake: Condvar::new() }
    }

    /// Starts to keep changes. Numbers begin at `base`, which no earlier opening reached.
    pub(crate) fn start(&self, base: impl FnOnce() -> Result<u64>) -> Result<()> {
        let mut watched = self.watched.write().unwrap_or_else(|poison| poison.into_inner());
        if !*watched {
            self.ring().next = base()?;
            *watched = true;
        }
        Ok(())
    }

    /// Makes a write, and tells the watchers if it happened.
    pub(crate) fn around(
        &self,
        ops: &[Op],
        write: impl FnOnce() -> Result<Applied>,
    ) -> Result<Applied> {
        let watched = self.watched.read().unwrap_or_else(|poison| poison.into_inner());
        if !*watched {
            return write();
        }
        drop(watched);
        let _order = self.watched.write().unwrap_or_else(|poison| poison.into_inner());
        let applied = write()?;
        if applied == Applied::Committed {
            self.publish(ops);
        }
        Ok(applied)
    }

    fn publish(&self, ops: &[Op]) {
        let mut ring = self.ring();
        for op in ops.iter().filter(|op| catalog::is_record(op.key())) {
            let kind = if op.value().is_some() { ChangeKind::Put } else { ChangeKind::Removed };
            ring.bytes += op.key().len();
            ring.changes.push_back((op.key().into(), kind));
            ring.next += 1;
            while ring.changes.len() > CHANGES || ring.bytes > BYTES {
                let Some((key, _)) = ring.changes.pop_front() else { break };
                ring.bytes -= key.len();
            }
        }
        self.wake.notify_all();
    }

    /// Ends all watches, once they have seen what there is.
    pub(crate) fn close(&self) {
        self.ring().closed = true;
        self.wake.notify_all();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}
