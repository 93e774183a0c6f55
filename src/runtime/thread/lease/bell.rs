//! What wakes the thread and those who wait for it.

use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant as Moment;

use super::StopOutcome;

/// Wakes everybody who waits, whenever the lease may have changed.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rings: u64,
    stop: Option<Duration>,
    ended: Option<StopOutcome>,
}

impl Bell {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.rings = state.rings.wrapping_add(1);
        self.rung.notify_all();
    }

    pub(super) fn ring(&self) {
        self.change(|_| {});
    }

    /// Asks the thread to end within that time.
    pub(super) fn stop(&self, within: Duration) {
        self.change(|state| state.stop = Some(within));
    }

    /// Returns within which time the thread has to end, if it has.
    pub(super) fn stopping(&self) -> Option<Duration> {
        self.state().stop
    }

    /// Records that the thread has ended.
    pub(super) fn end(&self, outcome: StopOutcome) {
        self.change(|state| state.ended = Some(outcome));
    }

    pub(super) fn ended(&self) -> Option<StopOutcome> {
        self.state().ended
    }

    /// Returns how often it was rung, to pass to [`wait_since`](Self::wait_since).
    pub(super) fn rings(&self) -> u64 {
        self.state().rings
    }

    /// Waits until it is rung, or `within` has passed.
    pub(super) fn wait(&self, within: Duration) {
        self.wait_since(self.rings(), within);
    }

    /// Waits until it was rung since it had been rung `seen` times, or `within` has passed.
    pub(super) fn wait_since(&self, seen: u64, within: Duration) {
        let still = |state: &mut State| state.rings == seen;
        drop(self.rung.wait_timeout_while(self.state(), within, still));
    }

    /// Waits until `found` returns something, for at most `within`.
    #[expect(
        clippy::disallowed_methods,
        reason = "a wait for people, beside the machine"
    )]
    pub(super) fn wait_for<T>(&self, within: Duration, found: impl Fn() -> Option<T>) -> Option<T> {
        let start = Moment::now();
        loop {
            let rings = self.rings();
            let found = found();
            let left = within.saturating_sub(start.elapsed());
            if found.is_some() || left.is_zero() {
                return found;
            }
            self.wait_since(rings, left);
        }
    }
}
