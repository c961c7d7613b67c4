//! Threads that commit at the same time share one `fsync`: each commits without it, and one of them
//! makes all that was committed durable.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::error::Result;

/// Who waits for the disk.
#[derive(Default)]
pub(super) struct Group {
    /// Writes that were begun, and those of them that have been made or refused since.
    begun: AtomicU64,
    ended: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The last write that is durable.
    synced: u64,
    /// Whether some thread is in `fsync`; the others wait for it and share the next.
    busy: bool,
}

/// A write on its way: until this is dropped, a sync that begins waits for it.
pub(super) struct Begun<'a>(&'a Group);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Release);
    }
}

impl Group {
    /// Announces a write.
    pub(super) fn begin(&self) -> Begun<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Begun(self)
    }

    /// Returns when write `number` is durable. `sync` makes all durable that was committed, and
    /// returns the number of the last; `pause` lets others write.
    pub(super) fn wait_for(
        &self,
        number: u64,
        pause: impl Fn(),
        sync: impl FnOnce() -> Result<u64>,
    ) -> Result<()> {
        let mut state = self.state();
        loop {
            if state.synced >= number {
                return Ok(());
            }
            if !state.busy {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(|poison| poison.into_inner());
        }
        state.busy = true;
        drop(state);
        let busy = Busy(self);
        // Who has begun waits for nothing but the writers' lock, and holds that for a moment. So it
        // is cheaper to take all of them along than to sync again for each.
        let begun = self.begun.load(Ordering::Relaxed);
        while self.ended.load(Ordering::Acquire) < begun {
            pause();
        }
        let synced = sync();
        if let Ok(last) = synced {
            let mut state = self.state();
            state.synced = state.synced.max(last);
        }
        drop(busy);
        // Where it failed, redb refuses all work, and the next in line fails as well.
        synced.map(drop)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

/// Held by the thread that syncs.
struct Busy<'a>(&'a Group);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state().busy = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc;

    use super::*;
    use crate::error::Error;

    #[test]
    fn a_sync_takes_along_who_has_begun_to_write() {
        let group = Group::default();
        let written = AtomicBool::new(false);
        let (pausing, paused) = mpsc::channel();
        let begun = group.begin();
        std::thread::scope(|scope| {
            let (group, written) = (&group, &written);
            let waiting = scope.spawn(move || {
                group.wait_for(
                    1,
                    || pausing.send(()).unwrap_or_default(),
                    || {
                        assert!(written.load(Ordering::Acquire), "synced before the other write");
                        Ok(2)
                    },
                )
            });
            // Fails where it does not pause at all.
            let _ = paused.recv();
            written.store(true, Ordering::Release);
            drop(begun);
            waiting.join().unwrap().unwrap();
        });
        group.wait_for(2, || (), || panic!("it is durable already")).unwrap();
    }

    #[test]
    fn after_a_failed_sync_the_next_tries_itself() {
        let group = Group::default();
        let failed = group.wait_for(1, || (), || Err(Error::corrupt("no"))).unwrap_err();
        assert_eq!(failed.to_string(), "corrupt store: no");
        group.wait_for(1, || (), || Ok(1)).unwrap();
    }
}
