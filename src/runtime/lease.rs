//! What the adapters of a lease share.

#[cfg(feature = "std")]
mod clock;
#[cfg(feature = "std")]
mod shared;

#[cfg(feature = "std")]
pub(super) use shared::{Next, Shared};

use core::time::Duration;

use crate::lease::{Action, Answer, Config, EventKind, Lease, Request};
use crate::{Event, Instant, Output};

/// Names one holding: from the event that told of it to the next one that tells of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tenure {
    /// The number of the event.
    number: u32,
    pub(super) epoch: u64,
}

/// A lease, and which holding the holder was told of.
#[derive(Debug)]
pub(super) struct Tenured {
    pub(super) lease: Lease,
    told: Option<Tenure>,
}

impl Tenured {
    pub(super) fn new(config: Config, now: Instant) -> Self {
        Self {
            lease: Lease::new(config, now),
            told: None,
        }
    }

    pub(super) fn poll(&mut self, now: Instant) -> Output<Request, Event<EventKind>> {
        let output = self.lease.poll(now);
        if let Output::Event(Event { number, kind, .. }) = output {
            match kind {
                EventKind::Held { epoch } | EventKind::Regained { epoch } => {
                    self.told = Some(Tenure { number, epoch });
                }
                EventKind::Fenced { .. } | EventKind::Lost { .. } => self.told = None,
                EventKind::Late { .. } | EventKind::PromiseBroken => {}
            }
        }
        output
    }

    /// Hands in the answer to `request`; `None` where it failed. A release that was answered is a
    /// release, whatever the answer.
    pub(super) fn handle_answer(
        &mut self,
        request: &Request,
        answer: Option<Answer>,
        now: Instant,
    ) {
        let lease = &mut self.lease;
        match answer {
            None => _ = lease.handle_failed(request.id, now),
            Some(Answer::Pushback { wait }) => lease.handle_pushback(wait, now),
            Some(_) if request.action == Action::Release => _ = lease.handle_released(now),
            Some(Answer::Granted { ttl, epoch }) => {
                lease.handle_granted(request.id, ttl, epoch, now);
            }
            Some(Answer::Refused(why)) => _ = lease.handle_refused(request.id, why, now),
            Some(Answer::Released) => {}
        }
    }

    /// Returns the holding that goes on at `now`.
    pub(super) fn tenure(&self, now: Instant) -> Option<Tenure> {
        self.told.filter(|&told| self.is_held(told, now))
    }

    /// Returns whether the holder may act in `tenure` at `now`.
    pub(super) fn is_held(&self, tenure: Tenure, now: Instant) -> bool {
        let told = self.told == Some(tenure) && self.lease.epoch() == tenure.epoch;
        told && self.lease.is_held(now)
    }

    /// Returns the time left until the fence of `tenure`; `None` where it has ended.
    #[cfg(any(feature = "tokio", feature = "embassy"))]
    pub(super) fn until_fence(&self, tenure: Tenure, now: Instant) -> Option<Duration> {
        let fence = self.lease.fence_at()?;
        self.is_held(tenure, now)
            .then(|| fence.saturating_duration_since(now))
    }

    /// Returns the time left until the holder should begin to stop; `None` where it is over.
    pub(super) fn until_stop(&self, tenure: Tenure, now: Instant) -> Option<Duration> {
        let left = self.lease.stop_at()?.saturating_duration_since(now);
        (self.is_held(tenure, now) && !left.is_zero()).then_some(left)
    }
}
