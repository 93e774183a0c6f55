//! The outstanding probes, in a fixed number of slots without a heap.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::{ProbeError, Reply};
use crate::runtime::machine::Terms;
use crate::runtime::reply::result_of;
use crate::{Instant, ProbeId};

/// The number of probes that may be outstanding at once.
pub(super) const MAX_IN_FLIGHT: usize = 4;

/// The slots of the outstanding probes.
pub(super) struct Probes<'a, Fut> {
    places: [Place<'a, Fut>; MAX_IN_FLIGHT],
    /// Reports a probe as unsent because it was dropped early: its silence is no evidence.
    withdraw: &'a dyn Fn(ProbeId),
    /// Returns whether the machine has waited for a probe for as long as its reply may take.
    is_overdue: &'a dyn Fn(ProbeId) -> bool,
}

/// A slot for one probe.
pub(super) struct Place<'a, Fut> {
    probe: Pin<&'a mut Option<Fut>>,
    id: Option<ProbeId>,
    sent: Instant,
    /// The moment from which its reply no longer proves life.
    until: Instant,
}

impl<'a, Fut> Probes<'a, Fut> {
    pub(super) fn new(
        rooms: [Pin<&'a mut Option<Fut>>; MAX_IN_FLIGHT],
        withdraw: &'a dyn Fn(ProbeId),
        is_overdue: &'a dyn Fn(ProbeId) -> bool,
    ) -> Self {
        Self {
            places: rooms.map(Place::new),
            withdraw,
            is_overdue,
        }
    }

    /// Drops the probes whose replies no longer prove life.
    pub(super) fn cut(&mut self, now: Instant) {
        for place in self.places.iter_mut().filter(|place| place.until <= now) {
            place.clear();
        }
    }

    /// Starts probe `id` in a free slot, else in the slot of the oldest overdue probe, else, if the
    /// peer is dead, in the slot of the latest probe. Returns `false` if there is no such slot: all
    /// probes may then still get their replies in time.
    #[must_use]
    pub(super) fn launch(
        &mut self,
        id: ProbeId,
        now: Instant,
        terms: Terms,
        probe: impl FnOnce() -> Fut,
    ) -> bool {
        let place = self.place(terms);
        place.is_some_and(|place| {
            place.take(id, now, terms, probe());
            true
        })
    }

    /// Returns the slot for a new probe. If the peer is dead, it is probed at every interval by
    /// replacing the latest probe. The earlier probes stay outstanding, because the round trips may
    /// have become long.
    fn place(&mut self, terms: Terms) -> Option<&mut Place<'a, Fut>> {
        let is_overdue = self.is_overdue;
        let is_free = |place: &Place<'a, Fut>| place.id.is_none_or(is_overdue);
        let by_age = |place: &&mut Place<'a, Fut>| place.id.map(|_| place.sent);
        if terms.is_dead() && !self.places.iter().any(is_free) {
            return self.places.iter_mut().max_by_key(by_age);
        }
        let free = self.places.iter_mut().filter(|place| is_free(place));
        free.min_by_key(by_age)
    }
}

impl<Fut, A, E> Probes<'_, Fut>
where
    Fut: Future<Output = Result<A, E>>,
    A: 'static,
    E: Into<ProbeError>,
{
    /// Polls the probes. Returns the result of one that has ended.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<(ProbeId, Result<Reply, ProbeError>)> {
        for place in &mut self.places {
            if let Some(ended) = place.poll(context) {
                return Poll::Ready(ended);
            }
        }
        Poll::Pending
    }
}

/// Withdraws the probes that are not overdue when the loop is dropped. Dropping it is a local act
/// and no evidence against the peer.
impl<Fut> Drop for Probes<'_, Fut> {
    fn drop(&mut self) {
        let under_way = self.places.iter().filter_map(|place| place.id);
        let early = under_way.filter(|&id| !(self.is_overdue)(id));
        early.for_each(self.withdraw);
    }
}

impl<'a, Fut> Place<'a, Fut> {
    const fn new(probe: Pin<&'a mut Option<Fut>>) -> Self {
        Self {
            probe,
            id: None,
            sent: Instant::ZERO,
            until: Instant::ZERO,
        }
    }

    fn take(&mut self, id: ProbeId, now: Instant, terms: Terms, probe: Fut) {
        self.probe.set(Some(probe));
        self.id = Some(id);
        self.sent = now;
        self.until = now.saturating_add(terms.reply_window);
    }

    fn clear(&mut self) {
        self.probe.set(None);
        self.id = None;
    }
}

impl<Fut, A, E> Place<'_, Fut>
where
    Fut: Future<Output = Result<A, E>>,
    A: 'static,
    E: Into<ProbeError>,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Option<(ProbeId, Result<Reply, ProbeError>)> {
        let id = self.id?;
        match self.probe.as_mut().as_pin_mut()?.poll(context) {
            Poll::Ready(reply) => {
                self.clear();
                Some((id, result_of(reply)))
            }
            Poll::Pending => None,
        }
    }
}
