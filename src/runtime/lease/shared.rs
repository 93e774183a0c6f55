//! The lease that a loop and its handles share.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::Instant as Moment;

use super::clock::Clock;
use super::{Tenure, Tenured};
use crate::lease::{Config, EventKind, Request};
use crate::{Event, Instant, Output};

/// A lease with its clock. The lock is held for one call of the machine, and never across a wait.
/// The clock is read under it, so that no call sees time run backwards.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<Tenured>,
    clock: Clock,
    read: fn() -> Moment,
}

impl Shared {
    /// `read` reads the clock of the runtime.
    pub(crate) fn new(config: Config, read: fn() -> Moment) -> Self {
        let clock = Clock::new(read());
        let lease = Tenured::new(config.seeded(), clock.moment(read()));
        Self {
            state: Mutex::new(lease),
            clock,
            read,
        }
    }

    /// Calls `call` with the lease and the current time.
    pub(crate) fn with<R>(&self, call: impl FnOnce(&mut Tenured, Instant) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.moment((self.read)());
        call(&mut state, now)
    }

    /// Polls the lease. A wait is a span from now, rounded up.
    pub(crate) fn poll(&self) -> Next {
        self.with(|lease, now| match lease.poll(now) {
            Output::Send(request) => Next::Send(request),
            Output::Event(event) => Next::Event(event),
            Output::Wait(until) => Next::Wait(until.saturating_duration_since(now)),
            Output::Idle => Next::Idle,
        })
    }

    pub(crate) fn tenure(&self) -> Option<Tenure> {
        self.with(|lease, now| lease.tenure(now))
    }

    pub(crate) fn is_held(&self, tenure: Tenure) -> bool {
        self.with(|lease, now| lease.is_held(tenure, now))
    }
}

/// What to do next.
pub(crate) enum Next {
    Send(Request),
    Event(Event<EventKind>),
    Wait(Duration),
    Idle,
}
