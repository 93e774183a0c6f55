//! The loop of a task that keeps a lease.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::panic::catch_unwind;

use ::tokio::select;
use ::tokio::sync::{Notify, broadcast, oneshot, watch};
use ::tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use ::tokio::time::{Instant as Moment, timeout};

use super::super::super::lease::Next;
use super::super::timer::sleep_closely;
use super::{Shared, StopOutcome, Tenure};
use crate::Event;
use crate::lease::{Answer, EventKind, Request};

/// The number of requests under way. The oldest is dropped for a further one.
const IN_FLIGHT: usize = 8;
/// How long a release takes at most where the handle was dropped.
const RELEASE_WITHIN: Duration = Duration::from_secs(1);
/// The deadline of a timer that need not fire.
const FAR: Duration = Duration::from_secs(86_400 * 365);

/// The state that the task owns.
pub(super) struct Keeper<F> {
    shared: Arc<Shared>,
    changed: Arc<Notify>,
    events: broadcast::Sender<Event<EventKind>>,
    told: watch::Sender<Option<Tenure>>,
    requests: JoinSet<Option<Answer>>,
    running: VecDeque<(AbortHandle, Request)>,
    ask: F,
}

impl<F, Fut, E> Keeper<F>
where
    F: FnMut(Request) -> Fut,
    Fut: Future<Output = Result<Answer, E>> + Send + 'static,
{
    pub(super) fn new(
        shared: &Arc<Shared>,
        changed: &Arc<Notify>,
        events: broadcast::Sender<Event<EventKind>>,
        told: watch::Sender<Option<Tenure>>,
        ask: F,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            changed: Arc::clone(changed),
            events,
            told,
            requests: JoinSet::new(),
            running: VecDeque::new(),
            ask,
        }
    }

    /// Keeps the lease until `stop` says within which time to release it, or was dropped.
    pub(super) async fn run(mut self, stop: oneshot::Receiver<Duration>) -> StopOutcome {
        let within = select! {
            biased;
            within = stop => within.unwrap_or(RELEASE_WITHIN),
            () = self.turns(false) => RELEASE_WITHIN, // it goes on for ever
        };
        self.shared.with(|state, now| state.lease.release(now));
        self.requests.abort_all();
        match timeout(within, self.turns(true)).await {
            Ok(()) => StopOutcome::Completed,
            Err(_) => StopOutcome::TimedOut,
        }
    }

    /// Runs the loop, and ends where `to_the_end` is set and nothing is left to do.
    async fn turns(&mut self, to_the_end: bool) {
        let changed = Arc::clone(&self.changed);
        loop {
            while let Some(done) = self.requests.try_join_next_with_id() {
                self.handle_end(done);
            }
            let wait = self.drain();
            if to_the_end && wait.is_none() {
                return;
            }
            let until = Moment::now() + wait.unwrap_or(FAR).min(FAR);
            select! {
                biased;
                Some(done) = self.requests.join_next_with_id() => self.handle_end(done),
                () = changed.notified() => {}
                () = sleep_closely(until) => {}
            }
        }
    }

    /// Does everything that is due now. Returns the time until the lease is to be polled again, or
    /// `None` where there is nothing to do any more.
    fn drain(&mut self) -> Option<Duration> {
        let wait = loop {
            match self.shared.poll() {
                Next::Send(request) => self.launch(request),
                // There may be no reader.
                Next::Event(event) => drop(self.events.send(event)),
                Next::Wait(wait) => break Some(wait),
                Next::Idle => break None,
            }
        };
        let tenure = self.shared.tenure();
        self.told
            .send_if_modified(|last| core::mem::replace(last, tenure) != tenure);
        wait
    }

    /// Starts a request.
    fn launch(&mut self, request: Request) {
        let asked = catch_unwind(AssertUnwindSafe(|| (self.ask)(request)));
        let Ok(asked) = asked else {
            return self.handle_answer(&request, None);
        };
        if self.running.len() >= IN_FLIGHT
            && let Some((oldest, _)) = self.running.pop_front()
        {
            oldest.abort();
        }
        let handle = self.requests.spawn(async move { asked.await.ok() });
        self.running.push_back((handle, request));
    }

    fn handle_end(&mut self, done: Result<(Id, Option<Answer>), JoinError>) {
        let (id, answer) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), None),
        };
        let place = self
            .running
            .iter()
            .position(|(handle, _)| handle.id() == id);
        if let Some((_, request)) = place.and_then(|place| self.running.remove(place)) {
            self.handle_answer(&request, answer);
        }
    }

    fn handle_answer(&self, request: &Request, answer: Option<Answer>) {
        self.shared
            .with(|state, now| state.handle_answer(request, answer, now));
    }
}
