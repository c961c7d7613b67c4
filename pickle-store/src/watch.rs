//! Watching: which keys are written, in the order of the writes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, Weak};
use std::time::{Duration, Instant};

use crate::catalog;
use crate::changes::{self, Log, Logged};
use crate::collection::Collection;
use crate::engine::{Applied, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::inner::Inner;
use crate::key::{AnyKey, Key};

/// Changes that are kept in memory for watchers who are behind, and the bytes of their keys.
const CHANGES: usize = 4096;
const BYTES: usize = 16 << 20;

/// A key that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change<K> {
    /// Where to [resume](Watch::resume_from) behind it.
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

/// Changes as they happen: of a [store](crate::Store::watch_all), of a store's
/// [own keys](crate::Store::watch), of a [collection](Collection::watch), of a
/// [prefix](Collection::watch_prefix) or of a [key](Collection::watch_key).
///
/// The last few thousand changes are kept in memory, and as many in the store as its
/// [`change_log`](crate::Builder::change_log) says. A watcher who is further behind gets one
/// [`Lagged`](ErrorKind::Lagged), should read everything anew, and goes on with what is kept. A
/// watch does not keep the store open.
///
/// ```
/// use std::time::Duration;
/// use pickle_store::Store;
/// let folder = tempfile::tempdir()?;
/// let url = format!("sled:{}", folder.path().join("data").display());
/// let store = Store::builder(&url).change_log(1000).open()?;
/// let seen = store.watch()?.position();
/// store.put("a", &1_u8)?;
/// drop(store);
///
/// let store = Store::builder(&url).open()?;
/// let mut changes = store.watch()?.resume_from(seen);
/// assert!(changes.next_within(Duration::ZERO)?.unwrap().key == "a");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watch<K> {
    hub: Arc<Hub>,
    store: Weak<Inner>,
    filter: Filter,
    /// The number of the change that is looked at next.
    next: u64,
    /// Changes from the log that were not looked at yet.
    page: VecDeque<Logged>,
    decode: fn(&[u8]) -> Result<K>,
}

/// Which records a watch is for.
pub(crate) enum Filter {
    All,
    /// Those whose keys start so.
    Prefix(Vec<u8>),
    /// The one with this key.
    Key(Vec<u8>),
}

impl Filter {
    fn passes(&self, key: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => key.starts_with(prefix),
            Self::Key(only) => key == only,
        }
    }
}

impl<K> fmt::Debug for Watch<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("position", &self.position()).finish_non_exhaustive()
    }
}

impl<K> Watch<K> {
    pub(crate) fn new(
        store: &Arc<Inner>,
        filter: Filter,
        decode: fn(&[u8]) -> Result<K>,
    ) -> Result<Self> {
        let hub = Arc::clone(store.hub()?);
        let next = hub.ring().next;
        let store = Arc::downgrade(store);
        Ok(Self { hub, store, filter, next, page: VecDeque::new(), decode })
    }

    /// Begins behind a change that was seen before, by its [sequence](Change::sequence) or the
    /// [`position`](Self::position) of a watch on the same store.
    ///
    /// After the store was closed that works as far as its change log goes; without one, the
    /// watch begins with [`Lagged`](ErrorKind::Lagged).
    pub fn resume_from(mut self, sequence: u64) -> Self {
        self.next = sequence.saturating_add(1);
        self.page.clear();
        self
    }

    /// Where another watch would [resume](Self::resume_from) to see what this one has not seen.
    pub fn position(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// The next change; none if there is none within `timeout`, or the store was closed.
    ///
    /// # Errors
    /// [`Lagged`](ErrorKind::Lagged) when changes were missed.
    pub fn next_within(&mut self, timeout: Duration) -> Result<Option<Change<K>>> {
        let end = Instant::now().checked_add(timeout);
        loop {
            if let Some(change) = self.paged()? {
                return Ok(Some(change));
            }
            let hub = Arc::clone(&self.hub);
            let mut ring = hub.ring();
            let kept = loop {
                match self.step(&ring)? {
                    Step::Change(change) => return Ok(Some(change)),
                    Step::Closed => return Ok(None),
                    Step::ReadLog { kept } => break kept,
                    Step::Wait => {}
                }
                let wait =
                    end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
                if wait.is_zero() {
                    return Ok(None);
                }
                let woken = hub.wake.wait_timeout(ring, wait);
                ring = woken.unwrap_or_else(|poison| poison.into_inner()).0;
            };
            drop(ring);
            let page = read_page(&self.store, self.next)?;
            self.turn_to(page, kept)?;
        }
    }

    /// As [`next_within`](Self::next_within) without a timeout, for asynchronous tasks.
    #[cfg(feature = "tokio")]
    pub(crate) async fn next_change(&mut self) -> Result<Option<Change<K>>> {
        loop {
            if let Some(change) = self.paged()? {
                return Ok(Some(change));
            }
            let hub = Arc::clone(&self.hub);
            let step = std::future::poll_fn(|context| {
                let mut ring = hub.ring();
                match self.step(&ring) {
                    Ok(Step::Wait) => {
                        ring.wake_later(context.waker());
                        std::task::Poll::Pending
                    }
                    done => std::task::Poll::Ready(done),
                }
            });
            match step.await? {
                Step::Change(change) => return Ok(Some(change)),
                Step::Closed => return Ok(None),
                Step::Wait => {}
                Step::ReadLog { kept } => {
                    // Until the page is here, nothing has moved: the task may be dropped.
                    let (store, next) = (Weak::clone(&self.store), self.next);
                    let page =
                        crate::asynchronous::blocking(move || read_page(&store, next)).await?;
                    self.turn_to(page, kept)?;
                }
            }
        }
    }

    /// The next change on the page of the log.
    fn paged(&mut self) -> Result<Option<Change<K>>> {
        while let Some(change) = self.page.pop_front() {
            self.next = change.sequence + 1;
            if self.filter.passes(&change.key) {
                return self.change(change.sequence, &change.key, change.kind).map(Some);
            }
        }
        Ok(None)
    }

    /// Looks at the changes in memory.
    fn step(&mut self, ring: &Ring) -> Result<Step<K>> {
        // A number from the future is one of an earlier opening of the store.
        if self.next < ring.first() || self.next > ring.next {
            let kept = ring.log.map_or(ring.first(), |log| log.first.min(ring.first()));
            if kept <= self.next && self.next <= ring.next {
                return Ok(Step::ReadLog { kept });
            }
            self.next = kept;
            return Err(Error::new(ErrorKind::Lagged));
        }
        let behind = usize::try_from(self.next - ring.first()).unwrap_or(usize::MAX);
        for (key, kind) in ring.changes.iter().skip(behind) {
            let sequence = self.next;
            self.next += 1;
            if self.filter.passes(key) {
                return self.change(sequence, key, *kind).map(Step::Change);
            }
        }
        Ok(if ring.closed { Step::Closed } else { Step::Wait })
    }

    /// Goes on with a page of the log.
    fn turn_to(&mut self, page: Vec<Logged>, kept: u64) -> Result<()> {
        // What was to be read may be forgotten by now.
        match page.first() {
            Some(first) if first.sequence == self.next => {
                self.page = page.into();
                Ok(())
            }
            first => {
                self.next = first.map_or(kept.max(self.hub.ring().first()), |it| it.sequence);
                Err(Error::new(ErrorKind::Lagged))
            }
        }
    }

    fn change(&self, sequence: u64, key: &[u8], kind: ChangeKind) -> Result<Change<K>> {
        Ok(Change { sequence, key: (self.decode)(key)?, kind })
    }
}

/// What a look at the changes in memory gives.
enum Step<K> {
    Change(Change<K>),
    /// The changes to be looked at are in the log only, which begins at `kept`.
    ReadLog {
        kept: u64,
    },
    Wait,
    Closed,
}

/// Changes of the log; none once the store is closed.
fn read_page(store: &Weak<Inner>, from: u64) -> Result<Vec<Logged>> {
    match store.upgrade() {
        Some(store) => changes::read(store.engine(), from),
        None => Ok(Vec::new()),
    }
}

/// Waits for each change; ends when the store is closed.
impl<K> Iterator for Watch<K> {
    type Item = Result<Change<K>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(Duration::MAX).transpose()
    }
}

/// The key of any record in a store, from [`Store::watch_all`](crate::Store::watch_all).
///
/// ```
/// use std::time::Duration;
/// use pickle_store::Store;
/// let store = Store::builder("memory:").open()?;
/// let users = store.collection::<u64, String>("users")?;
/// let mut changes = store.watch_all()?;
/// users.put(&7, &"ann".to_owned())?;
/// store.put("note", &1_u8)?;
/// let mut next = || changes.next_within(Duration::from_secs(1)).map(|it| it.unwrap().key);
/// assert_eq!(next()?.within(&users), Some(7));
/// assert!(next()?.object().unwrap() == "note");
/// # Ok::<(), pickle_store::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Box<[u8]>);

impl RecordKey {
    #[allow(clippy::unnecessary_wraps)] // as other keys are decoded
    pub(crate) fn decode(key: &[u8]) -> Result<Self> {
        Ok(Self(key.into()))
    }

    /// The key, where it is one of the store itself.
    pub fn object(&self) -> Option<AnyKey> {
        let name = self.0.strip_prefix(&[catalog::OBJECTS])?;
        AnyKey::decode(name).ok()
    }

    /// The key, where it is one of this collection.
    pub fn within<K: Key, V>(&self, collection: &Collection<K, V>) -> Option<K> {
        let ours = self.0.starts_with(collection.space());
        ours.then(|| collection.decode(&self.0).ok())?
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKey({})", catalog::readable(&self.0))
    }
}

/// What the watchers of a store share.
pub(crate) struct Hub {
    /// Whether changes are kept. Until anybody watches, writes pass side by side; from then on
    /// one by one, so that changes are in the order of the writes.
    watched: RwLock<bool>,
    ring: Mutex<Ring>,
    wake: Condvar,
}

struct Ring {
    changes: VecDeque<(Box<[u8]>, ChangeKind)>,
    bytes: usize,
    /// The number of the next change.
    next: u64,
    log: Option<Log>,
    closed: bool,
    /// Tasks that wait for a change.
    #[cfg(feature = "tokio")]
    tasks: Vec<std::task::Waker>,
}

impl Ring {
    #[cfg(feature = "tokio")]
    fn wake_later(&mut self, task: &std::task::Waker) {
        if !self.tasks.iter().any(|known| known.will_wake(task)) {
            self.tasks.push(task.clone());
        }
    }

    fn first(&self) -> u64 {
        self.next - self.changes.len() as u64
    }
}

impl Hub {
    /// With a log, changes are kept from the beginning on.
    pub(crate) fn new(log: Option<Log>) -> Self {
        let next = log.map_or(0, |log| log.next);
        let ring = Ring {
            changes: VecDeque::new(),
            bytes: 0,
            next,
            log,
            closed: false,
            #[cfg(feature = "tokio")]
            tasks: Vec::new(),
        };
        let watched = RwLock::new(log.is_some());
        Self { watched, ring: Mutex::new(ring), wake: Condvar::new() }
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
        write: impl FnOnce(&[Op]) -> Result<Applied>,
    ) -> Result<Applied> {
        let watched = self.watched.read().unwrap_or_else(|poison| poison.into_inner());
        if !*watched {
            return write(ops);
        }
        drop(watched);
        let _order = self.watched.write().unwrap_or_else(|poison| poison.into_inner());
        let log = self.ring().log;
        let (all, log) = match log {
            Some(log) => {
                let (entries, log) = log.append(ops);
                (Cow::Owned([ops, &entries].concat()), Some(log))
            }
            None => (Cow::Borrowed(ops), None),
        };
        let applied = write(&all)?;
        if applied == Applied::Committed {
            self.publish(ops, log);
        }
        Ok(applied)
    }

    fn publish(&self, ops: &[Op], log: Option<Log>) {
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
        ring.log = log;
        self.wake(ring);
    }

    /// Wakes all who wait for a change.
    fn wake(&self, ring: MutexGuard<'_, Ring>) {
        #[cfg(feature = "tokio")]
        let (mut ring, mut tasks) = (ring, Vec::new());
        #[cfg(feature = "tokio")]
        tasks.append(&mut ring.tasks);
        drop(ring);
        self.wake.notify_all();
        #[cfg(feature = "tokio")]
        tasks.into_iter().for_each(std::task::Waker::wake);
    }

    /// Ends all watches, once they have seen what there is.
    pub(crate) fn close(&self) {
        let mut ring = self.ring();
        ring.closed = true;
        self.wake(ring);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}
