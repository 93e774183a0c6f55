//! The probes under way: a few places, no heap.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Fault;
use crate::{Instant, ProbeId};

/// Probes under way at once; the oldest gives way.
pub(super) const AT_ONCE: usize = 4;

pub(super) struct Probes<'a, Fut>([Place<'a, Fut>; AT_ONCE]);

/// Room for one probe.
pub(super) struct Place<'a, Fut> {
    probe: Pin<&'a mut Option<Fut>>,
    id: Option<ProbeId>,
    sent: Instant,
    /// When its answer could no longer prove life.
    until: Instant,
}

impl<'a, Fut, A, E> Probes<'a, Fut>
where
    Fut: Future<Output = Result<A, E>>,
    E: Into<Fault>,
{
    pub(super) fn new(rooms: [Pin<&'a mut Option<Fut>>; AT_ONCE]) -> Self {
        Self(rooms.map(|probe| Place {
            probe,
            id: None,
            sent: Instant::ZERO,
            until: Instant::ZERO,
        }))
    }

    /// Drops the probes whose time is up.
    pub(super) fn cut(&mut self, now: Instant) {
        for place in self.0.iter_mut().filter(|place| place.until <= now) {
            place.clear();
        }
    }

    /// Starts probe `id` at `sent`, in a free place or that of the oldest.
    pub(super) fn launch(&mut self, id: ProbeId, sent: Instant, until: Instant, probe: Fut) {
        let by_age = |place: &&mut Place<'a, Fut>| place.id.map(|_| place.sent);
        if let Some(place) = self.0.iter_mut().min_by_key(by_age) {
            place.probe.set(Some(probe));
            (place.id, place.sent, place.until) = (Some(id), sent, until);
        }
    }

    /// A probe that has ended.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<(ProbeId, Result<(), Fault>)> {
        for place in &mut self.0 {
            if let Some(ended) = place.poll(context) {
                return Poll::Ready(ended);
            }
        }
        Poll::Pending
    }
}

impl<Fut, A, E> Place<'_, Fut>
where
    Fut: Future<Output = Result<A, E>>,
    E: Into<Fault>,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Option<(ProbeId, Result<(), Fault>)> {
        let id = self.id?;
        match self.probe.as_mut().as_pin_mut()?.poll(context) {
            Poll::Ready(answer) => {
                self.clear();
                Some((id, answer.map(drop).map_err(Into::into)))
            }
            Poll::Pending => None,
        }
    }

    fn clear(&mut self) {
        self.probe.set(None);
        self.id = None;
    }
}
