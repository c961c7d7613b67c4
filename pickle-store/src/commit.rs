//! Group commit: threads that write at once share one sync.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// Who waits for the disk, and up to where it has come.
#[derive(Default)]
pub(crate) struct Commits {
    state: Mutex<State>,
    synced: Condvar,
}

#[derive(Default)]
struct State {
    /// Commits that the engine has made.
    made: u64,
    /// Commits that are on disk.
    synced: u64,
    /// A thread is syncing for all.
    is_syncing: bool,
    /// Why nothing is written any more.
    poison: Option<String>,
}

impl Commits {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when an earlier sync did.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.state().poison {
            None => Ok(()),
            Some(cause) => Err(Error::new(ErrorKind::Poisoned { cause: cause.clone() })),
        }
    }

    /// Makes commits impossible from now on.
    ///
    /// After a failed sync the operating system may have dropped what it could not write, and
    /// report success the next time.
    pub(crate) fn poison(&self, error: &Error) {
        self.state().poison.get_or_insert_with(|| error.to_string());
        self.synced.notify_all();
    }

    /// Counts a commit that the engine has made; returns its number.
    pub(crate) fn made(&self) -> u64 {
        let mut state = self.state();
        state.made += 1;
        state.made
    }

    /// Waits until a commit is on disk.
    pub(crate) fn sync(&self, number: u64, engine: &dyn Engine) -> Result<()> {
        let mut state = self.state();
        loop {
            if state.synced >= number {
                return Ok(());
            }
            if let Some(cause) = &state.poison {
                return Err(Error::new(ErrorKind::Poisoned { cause: cause.clone() }));
            }
            if state.is_syncing {
                state = self.synced.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.is_syncing = true;
            let made = state.made;
            drop(state);
            let synced = engine.sync();
            state = self.state();
            state.is_syncing = false;
            match &synced {
                Ok(()) => state.synced = made,
                Err(error) => state.poison = Some(error.to_string()),
            }
            self.synced.notify_all();
            synced?;
        }
    }
}
