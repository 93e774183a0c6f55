//! The tasks that wait for a verdict.

use core::task::Waker;

use heapless::Vec;

/// The number of tasks that are woken at the moment of an event. Further ones check again an
/// interval later.
const WAITERS: usize = 4;

/// The wakers of the waiting tasks, one slot each.
pub(super) struct Waiters(Vec<Waker, WAITERS>);

impl Waiters {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Stores `waker`. Returns whether there was a slot for it.
    pub(super) fn register(&mut self, waker: &Waker) -> bool {
        let known = self.0.iter().any(|place| place.will_wake(waker));
        known || self.0.push(waker.clone()).is_ok()
    }

    /// Wakes all waiting tasks and forgets their wakers. A task that still waits registers again.
    pub(super) fn wake(&mut self) {
        while let Some(waker) = self.0.pop() {
            waker.wake();
        }
    }
}
