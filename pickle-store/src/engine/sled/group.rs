//! Which frames of the journal are on disk, and who waits for it: threads share `fsync`s.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The threads that wait for frames to be on disk.
pub(super) struct Group {
    state: Mutex<State>,
    /// Frames up to this one are on disk: as in the state, to be read without its lock. Threads
    /// that wake up together would take turns at it, and sleep again.
    synced: AtomicU64,
    /// Whether there was a failure.
    poisoned: AtomicBool,
}

struct State {
    /// Frames up to this one are on disk.
    synced: u64,
    /// Whether some thread is in `fsync`; the others share the next.
    busy: bool,
    /// The highest frame that somebody waits for.
    wanted: u64,
    /// How many frames the next `fsync` is worth waiting for: as many as the last one put on disk,
    /// and as came meanwhile. Whoever wrote those is about to write again.
    expected: u64,
    /// How long the last `fsync` took.
    took: Duration,
    /// Who sleeps, and until which frame is on disk. Where nobody is in `fsync`, one of those whose
    /// frame is not is awake, or wakes up by itself.
    sleepers: Vec<(u64, Thread)>,
    /// The failure after which nothing is known of the disk.
    failed: Option<String>,
}

/// Whether an `fsync` may begin a little later, so that more threads share it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    None,
    ForOthers,
}

/// Where an `fsync` takes less, threads had better write meanwhile: what some of them do besides
/// takes as long.
const CHEAP: Duration = Duration::from_micros(100);

/// As long as one thread waits for others at most.
const PATIENCE: Duration = Duration::from_millis(1);

/// What a thread does whose frame is not on disk.
enum Next {
    Sync,
    /// For so long, or until it is woken.
    Sleep(Option<Duration>),
}

impl Group {
    /// All frames up to `seq` are on disk.
    pub(super) fn new(seq: u64) -> Self {
        let state = State {
            synced: seq,
            busy: false,
            wanted: seq,
            expected: 1,
            took: Duration::ZERO,
            sleepers: Vec::new(),
            failed: None,
        };
        let (synced, poisoned) = (AtomicU64::new(seq), AtomicBool::new(false));
        Self { state: Mutex::new(state), synced, poisoned }
    }

    /// Frames up to this one are on disk.
    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Returns when frame `seq` is on disk. `fsync` puts there what was appended, and says up to
    /// which frame; one thread calls it for all that wait.
    ///
    /// Those that shared the last one are waited for, where [`Patience`] allows it: they are about
    /// to write again, and else would take turns with the others, half of them in each `fsync`.
    pub(super) fn sync_to(
        &self,
        seq: u64,
        patience: Patience,
        fsync: impl FnOnce() -> (u64, std::io::Result<()>),
    ) -> Result<()> {
        let mut until = None;
        loop {
            self.check()?;
            if self.synced() >= seq {
                return Ok(());
            }
            let mut state = self.lock();
            // It may have changed before the lock was there.
            if state.failed.is_some() || state.synced >= seq {
                continue;
            }
            match state.next(seq, patience, &mut until) {
                Next::Sync => {
                    state.busy = true;
                    break;
                }
                Next::Sleep(time) => {
                    state.sleepers.push((seq, thread::current()));
                    drop(state);
                    match time {
                        Some(time) => thread::park_timeout(time),
                        None => thread::park(),
                    }
                }
            }
        }
        let begun = Instant::now();
        let (last, result) = fsync();
        match result {
            Ok(()) => {
                let mut state = self.lock();
                state.busy = false;
                state.expected = state.wanted.max(last).saturating_sub(state.synced);
                state.took = begun.elapsed();
                self.advance(state, last);
                Ok(())
            }
            Err(error) => Err(self.poison(format!("fsync of the journal: {error}"))),
        }
    }

    /// Takes note that frames up to `seq` are on disk, of whatever file.
    pub(super) fn reached(&self, seq: u64) {
        self.advance(self.lock(), seq);
    }

    fn advance(&self, mut state: MutexGuard<'_, State>, seq: u64) {
        state.synced = state.synced.max(seq);
        self.synced.store(state.synced, Ordering::Release);
        let woken = state.wake();
        drop(state);
        woken.iter().for_each(Thread::unpark);
    }

    /// Refuses all further work: what is on disk is not known any more.
    #[cold]
    pub(super) fn poison(&self, what: String) -> Error {
        let mut state = self.lock();
        // Before the lock goes: the next `fsync` may succeed and mean nothing.
        self.poisoned.store(true, Ordering::Release);
        state.busy = false;
        let error = Error::poisoned(state.failed.get_or_insert(what).clone());
        for (_, sleeper) in state.sleepers.drain(..) {
            sleeper.unpark();
        }
        error
    }

    /// Fails if an earlier failure left the disk in an unknown state.
    pub(super) fn check(&self) -> Result<()> {
        if !self.poisoned.load(Ordering::Acquire) {
            return Ok(());
        }
        // The flag is set before the text, under the same lock.
        Err(Error::poisoned(self.lock().failed.clone().unwrap_or_default()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

impl State {
    /// What the thread does that wants frame `seq`, and waits for others `until` some time.
    fn next(&mut self, seq: u64, patience: Patience, until: &mut Option<Instant>) -> Next {
        // One that wakes up by itself is still in the list.
        let me = thread::current().id();
        self.sleepers.retain(|(_, sleeper)| sleeper.id() != me);
        self.wanted = self.wanted.max(seq);
        if self.busy {
            return Next::Sleep(None);
        }
        let all_came = self.wanted.saturating_sub(self.synced) >= self.expected;
        if all_came || patience == Patience::None || self.took < CHEAP {
            return Next::Sync;
        }
        // Not longer than the `fsync` takes that is saved.
        let now = Instant::now();
        let until = *until.get_or_insert(now + self.took.min(PATIENCE));
        match until.checked_duration_since(now).filter(|left| !left.is_zero()) {
            Some(left) => Next::Sleep(Some(left)),
            None => Next::Sync,
        }
    }

    /// Takes out who sleeps no longer: those whose frame is on disk, and one that sees to the rest.
    fn wake(&mut self) -> Vec<Thread> {
        let synced = self.synced;
        let mut woken: Vec<_> = self.sleepers.extract_if(.., |(seq, _)| *seq <= synced).collect();
        if !self.busy {
            woken.extend(self.sleepers.pop());
        }
        woken.into_iter().map(|(_, sleeper)| sleeper).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// After an `fsync` of a minute that put two frames on disk, while a third came.
    fn group() -> Group {
        let group = Group::new(2);
        let mut state = group.lock();
        (state.wanted, state.expected, state.took) = (3, 3, Duration::from_secs(60));
        drop(state);
        group
    }

    fn next(group: &Group, seq: u64, patience: Patience, until: &mut Option<Instant>) -> Next {
        group.lock().next(seq, patience, until)
    }

    #[test]
    fn who_shared_the_last_fsync_is_waited_for() {
        let (group, patience) = (group(), Patience::ForOthers);
        assert!(matches!(next(&group, 3, patience, &mut None), Next::Sleep(Some(_))));
        assert!(matches!(next(&group, 4, patience, &mut None), Next::Sleep(Some(_))));
        assert!(matches!(next(&group, 5, patience, &mut None), Next::Sync));
    }

    #[test]
    fn nobody_is_waited_for_longer_than_said() {
        let group = group();
        let mut until = Some(Instant::now());
        assert!(matches!(next(&group, 3, Patience::ForOthers, &mut until), Next::Sync));
        assert!(matches!(next(&group, 3, Patience::None, &mut None), Next::Sync));
    }

    #[test]
    fn a_thread_alone_waits_for_nobody() {
        let group = Group::new(0);
        for seq in 1..4 {
            group.lock().took = Duration::from_secs(60);
            let fsync = || (seq, Ok(()));
            group.sync_to(seq, Patience::ForOthers, fsync).unwrap();
            assert_eq!((group.synced(), group.lock().expected), (seq, 1));
        }
    }

    #[test]
    fn frames_of_all_threads_are_on_disk_when_they_are_told_so() {
        let (group, appended) = (Group::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let seq = appended.fetch_add(1, Ordering::AcqRel) + 1;
                        let fsync = || (appended.load(Ordering::Acquire), Ok(()));
                        group.sync_to(seq, Patience::ForOthers, fsync).unwrap();
                        assert!(group.synced() >= seq);
                    }
                });
            }
        });
        assert_eq!(group.synced(), 4000);
        assert!(group.lock().sleepers.is_empty());
    }

    #[test]
    fn a_failed_fsync_fails_all_that_wait_for_it() {
        let (group, calls, ready) = (Group::new(0), AtomicU32::new(0), Barrier::new(8));
        let failed = thread::scope(|scope| {
            let sync = |seq| {
                ready.wait();
                group.sync_to(seq, Patience::ForOthers, || {
                    calls.fetch_add(1, Ordering::Relaxed);
                    (0, Err(std::io::Error::other("no such luck")))
                })
            };
            let threads = [1, 2, 3, 4, 5, 6, 7, 8].map(|seq| scope.spawn(move || sync(seq)));
            threads.map(|thread| thread.join().unwrap().unwrap_err().to_string())
        });
        let text =
            "the store must be opened again after a failure: fsync of the journal: no such luck";
        assert_eq!(failed, [text; 8]);
        assert_eq!(calls.into_inner(), 1);
    }
}
