//! The queue of a group's events.

use heapless::Vec;

use super::event::EventKind;
use crate::peer::event::Event;
use crate::time::Instant;

/// The most events that can be queued, not counting releases. The group makes no decision while an
/// event is queued, and one decision yields at most a switch and a quarantine. The rest is for
/// switches that the caller requests.
const WAITING: usize = 4;

/// The end of a quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Release {
    number: u32,
    at: Instant,
    endpoint: usize,
}

impl Release {
    const fn event(&self) -> Event<EventKind> {
        let endpoint = self.endpoint;
        Event::new(self.number, self.at, EventKind::Released { endpoint })
    }
}

/// The queued events, the earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending<const M: usize> {
    events: Vec<Event<EventKind>, WAITING>,
    /// The queued releases. There is at most one per endpoint, because an endpoint is not
    /// quarantined again before its release was reported.
    releases: Vec<Release, M>,
    number: u32,
}

impl<const M: usize> Pending<M> {
    pub(super) const fn new() -> Self {
        Self {
            events: Vec::new(),
            releases: Vec::new(),
            number: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.releases.is_empty()
    }

    /// Numbers the next events after those of `before`.
    pub(super) const fn number_after(&mut self, before: &Self) {
        self.number = before.number;
    }

    /// Returns the number of the next event, which is never 0.
    fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1).max(1);
        self.number
    }

    /// Queues an event that happened at `at`.
    pub(super) fn tell(&mut self, at: Instant, kind: EventKind) {
        let event = Event::new(self.next_number(), at, kind);
        #[cfg(feature = "tracing")]
        trace(&event);
        if let Err(switch) = self.events.push(event) {
            self.join(&switch);
        }
    }

    /// Queues the release of `endpoint`.
    pub(super) fn released(&mut self, endpoint: usize, at: Instant) {
        let number = self.next_number();
        let release = Release {
            number,
            at,
            endpoint,
        };
        #[cfg(feature = "tracing")]
        trace(&release.event());
        // There is room for one per endpoint.
        let _ = self.releases.push(release);
    }

    /// Joins `next` with the last queued event. Only switches that the caller requests can fill the
    /// queue, so both are switches.
    fn join(&mut self, next: &Event<EventKind>) {
        let last = self.events.last().map(|event| event.kind);
        let (Some(EventKind::Switched { from, .. }), EventKind::Switched { to, reason, .. }) =
            (last, next.kind)
        else {
            return;
        };
        let _ = self.events.pop();
        if from == to {
            return;
        }
        let kind = EventKind::Switched { from, to, reason };
        // There is room, since the last event was removed.
        let _ = self.events.push(Event { kind, ..*next });
    }

    /// Removes and returns the earliest event.
    pub(super) fn take(&mut self) -> Option<Event<EventKind>> {
        let release = self.releases.first().map(Release::event);
        let first = [self.events.first().copied(), release];
        let age = |event: &Event<EventKind>| self.number.wrapping_sub(event.number);
        let first = first.into_iter().flatten().max_by_key(age)?;
        self.events.retain(|other| other.number != first.number);
        self.releases.retain(|other| other.number != first.number);
        Some(first)
    }
}

/// Records the event with `tracing`, in the span of the caller.
#[cfg(feature = "tracing")]
fn trace(event: &Event<EventKind>) {
    let number = event.number;
    match event.kind {
        EventKind::Switched { from, to, reason } => {
            tracing::warn!(target: "systole", number, from, to, ?reason, "another endpoint is active");
        }
        EventKind::Quarantined { endpoint, span } => {
            tracing::warn!(target: "systole", number, endpoint, ?span, "an endpoint is quarantined");
        }
        EventKind::Released { endpoint } => {
            tracing::info!(target: "systole", number, endpoint, "a quarantine is over");
        }
        EventKind::Down { outage } => {
            tracing::warn!(target: "systole", number, ?outage, "the group is out of service");
        }
        EventKind::Restored => {
            tracing::info!(target: "systole", number, "the group is back in service");
        }
    }
}

#[cfg(test)]
mod tests;
