//! The loop of a thread that keeps a lease.

use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::mpsc::SyncSender;
use std::time::Instant as Moment;

use super::super::super::lease::Next;
use super::{Bell, Shared, StopOutcome};
use crate::Event;
use crate::lease::{Answer, EventKind, Request};

/// The longest sleep; the thread then looks again.
const FAR: Duration = Duration::from_secs(86_400);

/// The state that the thread owns.
pub(super) struct Keeper<F> {
    shared: Arc<Shared>,
    bell: Arc<Bell>,
    events: SyncSender<Event<EventKind>>,
    ask: F,
}

impl<F, E> Keeper<F>
where
    F: FnMut(Request, Duration) -> Result<Answer, E>,
{
    pub(super) fn new(
        shared: &Arc<Shared>,
        bell: &Arc<Bell>,
        events: SyncSender<Event<EventKind>>,
        ask: F,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            bell: Arc::clone(bell),
            events,
            ask,
        }
    }

    /// Keeps the lease until the stop, and then until it is released or the time is up.
    #[expect(
        clippy::disallowed_methods,
        reason = "the end of a stop, beside the machine"
    )]
    pub(super) fn run(mut self) {
        let mut end = None;
        loop {
            let rings = self.bell.rings();
            if let Some(within) = self.bell.stopping() {
                end = end.or(Moment::now().checked_add(within));
            }
            let wait = self.drain();
            if end.is_some() && wait.is_none() {
                return self.bell.end(StopOutcome::Completed);
            }
            let left = end.map_or(FAR, |end| end.saturating_duration_since(Moment::now()));
            if left.is_zero() {
                return self.bell.end(StopOutcome::TimedOut);
            }
            self.bell.wait_since(rings, wait.unwrap_or(FAR).min(left));
        }
    }

    /// Does everything that is due now. Returns the time until the lease is to be polled again, or
    /// `None` where there is nothing to do any more.
    fn drain(&mut self) -> Option<Duration> {
        let mut told = false;
        let wait = loop {
            match self.shared.poll() {
                Next::Send(request) => self.ask(&request),
                Next::Event(event) => {
                    told = true;
                    let _ = self.events.try_send(event); // the queue may be full
                }
                Next::Wait(wait) => break Some(wait),
                Next::Idle => break None,
            }
        };
        if told {
            self.bell.ring();
        }
        wait
    }

    fn ask(&mut self, request: &Request) {
        let timeout = self
            .shared
            .with(|state, now| state.lease.snapshot(now).timeout);
        let asked = catch_unwind(AssertUnwindSafe(|| (self.ask)(*request, timeout)));
        let answer = asked.ok().and_then(Result::ok);
        self.shared
            .with(|state, now| state.handle_answer(request, answer, now));
    }
}
