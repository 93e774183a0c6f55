//! A cell that holds the verdict and lets other threads wait for it.

use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::Verdict;

/// The latest verdict, and a signal that it has changed.
#[derive(Debug, Default)]
pub(super) struct VerdictCell {
    posted: Mutex<Posted>,
    changed: Condvar,
}

/// What the cell holds.
#[derive(Debug, Default)]
struct Posted {
    verdict: Verdict,
    /// Whether the worker thread has ended.
    ended: bool,
}

impl VerdictCell {
    /// Stores the verdict and wakes the waiting threads.
    pub(super) fn post(&self, verdict: Verdict) {
        self.lock().verdict = verdict;
        self.changed.notify_all();
    }

    /// Records that the worker thread has ended, and wakes the waiting threads.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until the verdict is `wanted`, the worker thread has ended, or `within` has passed.
    pub(super) fn wait_for(&self, wanted: Verdict, within: Option<Duration>) {
        let waits = |posted: &mut Posted| posted.verdict != wanted && !posted.ended;
        self.wait_while(waits, within);
    }

    /// Waits until the worker thread has ended, but at most for `within`. Returns whether it has.
    pub(super) fn wait_for_end(&self, within: Duration) -> bool {
        self.wait_while(|posted| !posted.ended, Some(within));
        self.lock().ended
    }

    fn wait_while(&self, waits: impl FnMut(&mut Posted) -> bool, within: Option<Duration>) {
        let posted = self.lock();
        match within {
            Some(within) => drop(self.changed.wait_timeout_while(posted, within, waits)),
            None => drop(self.changed.wait_while(posted, waits)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
