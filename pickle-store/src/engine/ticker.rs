//! Work that is done every so often, until its owner goes.

use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A thread that ends when this is dropped.
pub(crate) struct Ticker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Runs `work` after each period.
    pub(crate) fn new(period: Duration, work: impl Fn() + Send + 'static) -> Self {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let shared = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (stopped, wake) = &*shared;
            let mut stop = stopped.lock().unwrap_or_else(|poison| poison.into_inner());
            while !*stop {
                let wait = wake.wait_timeout(stop, period);
                drop(wait.unwrap_or_else(|poison| poison.into_inner()));
                work();
                stop = stopped.lock().unwrap_or_else(|poison| poison.into_inner());
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(|poison| poison.into_inner()) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has no more to say.
            let _ = thread.join();
        }
    }
}
