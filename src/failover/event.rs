//! The events of a group, in order.

use core::fmt;
use core::time::Duration;

use heapless::Vec;

use crate::time::Instant;

/// An event that a group reports: each change once, in the order in which they happened. Event
/// numbers rise by one.
///
/// The group decides nothing new before it has reported the last change, so that no event is lost
/// however seldom it is polled. Only switches that the caller makes without polling in between may
/// be joined into one event, from the endpoint reported last to the one that is active now. The
/// numbers then show a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FailoverEvent {
    /// Another endpoint is active: update what routes requests.
    Switched {
        /// The event's number.
        number: u32,
        /// When the group switched.
        at: Instant,
        /// The endpoint that was active.
        from: usize,
        /// The endpoint that is active now.
        to: usize,
        /// Why the group switched.
        reason: SwitchReason,
    },
    /// An endpoint failed, and is neither used nor probed for a while.
    Quarantined {
        /// The event's number.
        number: u32,
        /// When the quarantine began.
        at: Instant,
        /// The endpoint.
        endpoint: usize,
        /// How long the quarantine lasts.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "span_us", with = "crate::time::serde")
        )]
        span: Duration,
    },
    /// A quarantine ended, and the endpoint is probed again. A quarantine ends early where no other
    /// endpoint is left.
    Released {
        /// The event's number.
        number: u32,
        /// When the quarantine ended.
        at: Instant,
        /// The endpoint.
        endpoint: usize,
    },
    /// The group is out of service, or seems to be. Reported once per outage, whatever becomes of
    /// it.
    Down {
        /// The event's number.
        number: u32,
        /// When the outage was noticed.
        at: Instant,
        /// What kind of outage it is taken for.
        outage: Outage,
    },
    /// An outage is over: the active endpoint is healthy.
    Restored {
        /// The event's number.
        number: u32,
        /// When the outage ended.
        at: Instant,
    },
}

impl FailoverEvent {
    /// Returns the event's number.
    #[must_use]
    pub const fn number(&self) -> u32 {
        match *self {
            Self::Switched { number, .. }
            | Self::Quarantined { number, .. }
            | Self::Released { number, .. }
            | Self::Down { number, .. }
            | Self::Restored { number, .. } => number,
        }
    }
}

/// Formats the event as a line of a log: `switched from 0 to 1: dead`. Endpoints are named by their
/// index.
impl fmt::Display for FailoverEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switched {
                from, to, reason, ..
            } => write!(f, "switched from {from} to {to}: {reason}"),
            Self::Quarantined { endpoint, span, .. } => {
                write!(f, "{endpoint} quarantined for {span:?}")
            }
            Self::Released { endpoint, .. } => write!(f, "{endpoint} released"),
            Self::Down { outage, .. } => write!(f, "down: {outage}"),
            Self::Restored { .. } => f.write_str("restored"),
        }
    }
}

/// The reason for a switch to another endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SwitchReason {
    /// The verdict on the active endpoint was `Dead`.
    Dead,
    /// The active endpoint replies, but too late to be of use.
    Slow,
    /// The active endpoint was suspected, and another one has replied since.
    Suspected,
    /// The path of the active endpoint is worse than usual, and that of the other one is not.
    Degraded,
    /// A better endpoint has been healthy for the hold-down.
    Preferred,
    /// The active endpoint was disabled.
    Disabled,
    /// The caller requested it.
    Requested,
}

impl fmt::Display for SwitchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dead => "dead",
            Self::Slow => "slow",
            Self::Suspected => "suspected",
            Self::Degraded => "degraded",
            Self::Preferred => "preferred",
            Self::Disabled => "disabled",
            Self::Requested => "requested",
        })
    }
}

/// The kind of outage that a group assumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Outage {
    /// Half of the endpoints or more, and at least two, are suspected at once: a local fault is
    /// assumed.
    Isolated,
    /// All endpoints are dead, one after the other.
    AllDead,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Isolated => "half or more at once, the fault is ours",
            Self::AllDead => "all dead",
        })
    }
}

/// The most events that can wait, not counting releases. The group decides nothing while any event
/// waits, and one decision yields at most a switch and a quarantine; the rest is for switches that
/// the caller makes.
const WAITING: usize = 4;

/// The end of a quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Release {
    number: u32,
    at: Instant,
    endpoint: usize,
}

/// The events that wait, the earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending<const M: usize> {
    events: Vec<FailoverEvent, WAITING>,
    /// At most one per endpoint: an endpoint is not quarantined again before its release was
    /// reported.
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

    /// Returns the number of the next event, which is never 0.
    fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1).max(1);
        self.number
    }

    /// Queues the event that `event` builds from its number.
    pub(super) fn tell(&mut self, event: impl FnOnce(u32) -> FailoverEvent) {
        let event = event(self.next_number());
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
        let _ = self.releases.push(release); // there is room for one an endpoint
    }

    /// Joins `next` with the last event that waits. Only switches that the caller makes can fill
    /// the queue, so both are switches.
    fn join(&mut self, next: &FailoverEvent) {
        let (Some(FailoverEvent::Switched { from, .. }), FailoverEvent::Switched { to, .. }) =
            (self.events.last().copied(), *next)
        else {
            return;
        };
        let _ = self.events.pop();
        if from == to {
            return;
        }
        let mut joined = *next;
        if let FailoverEvent::Switched { from: first, .. } = &mut joined {
            *first = from;
        }
        let _ = self.events.push(joined); // in the place of the last
    }

    /// Removes and returns the earliest event.
    pub(super) fn take(&mut self) -> Option<FailoverEvent> {
        let release = self.releases.first().map(Release::event);
        let first = [self.events.first().copied(), release];
        let age = |event: &FailoverEvent| self.number.wrapping_sub(event.number());
        let first = first.into_iter().flatten().max_by_key(age)?;
        let others = |number| number != first.number();
        self.events.retain(|other| others(other.number()));
        self.releases.retain(|other| others(other.number));
        Some(first)
    }
}

/// Records the event with `tracing`, in the caller's span.
#[cfg(feature = "tracing")]
fn trace(event: &FailoverEvent) {
    match *event {
        FailoverEvent::Switched {
            number,
            from,
            to,
            reason,
            ..
        } => {
            tracing::warn!(target: "systole", number, from, to, ?reason, "another endpoint is active");
        }
        FailoverEvent::Quarantined {
            number,
            endpoint,
            span,
            ..
        } => {
            tracing::warn!(target: "systole", number, endpoint, ?span, "an endpoint is quarantined");
        }
        FailoverEvent::Released {
            number, endpoint, ..
        } => {
            tracing::info!(target: "systole", number, endpoint, "a quarantine is over");
        }
        FailoverEvent::Down { number, outage, .. } => {
            tracing::warn!(target: "systole", number, ?outage, "the group is out of service");
        }
        FailoverEvent::Restored { number, .. } => {
            tracing::info!(target: "systole", number, "the group is back in service");
        }
    }
}

impl Release {
    const fn event(&self) -> FailoverEvent {
        FailoverEvent::Released {
            number: self.number,
            at: self.at,
            endpoint: self.endpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::format;

    use super::*;

    #[test]
    fn events_read_as_lines_of_a_log() {
        let (number, at, endpoint) = (1, Instant::ZERO, 2);
        let span = Duration::from_secs(30);
        let outage = Outage::AllDead;
        for (event, line) in [
            (
                FailoverEvent::Switched {
                    number,
                    at,
                    from: 0,
                    to: 1,
                    reason: SwitchReason::Dead,
                },
                "switched from 0 to 1: dead",
            ),
            (
                FailoverEvent::Quarantined {
                    number,
                    at,
                    endpoint,
                    span,
                },
                "2 quarantined for 30s",
            ),
            (
                FailoverEvent::Released {
                    number,
                    at,
                    endpoint,
                },
                "2 released",
            ),
            (FailoverEvent::Down { number, at, outage }, "down: all dead"),
            (FailoverEvent::Restored { number, at }, "restored"),
        ] {
            assert_eq!(format!("{event}"), line);
        }
    }

    fn switched(from: usize, to: usize) -> impl FnOnce(u32) -> FailoverEvent {
        move |number| FailoverEvent::Switched {
            number,
            at: Instant::ZERO,
            from,
            to,
            reason: SwitchReason::Requested,
        }
    }

    fn taken(pending: &mut Pending<3>) -> alloc::vec::Vec<alloc::string::String> {
        let events = core::iter::from_fn(|| pending.take());
        events
            .map(|event| format!("{} {event}", event.number()))
            .collect()
    }

    #[test]
    fn events_come_in_the_order_in_which_they_happened() {
        let (at, mut pending) = (Instant::ZERO, Pending::<3>::new());
        pending.number = u32::MAX - 1;
        pending.released(0, at);
        pending.tell(|number| FailoverEvent::Restored { number, at });
        pending.released(1, at);
        pending.released(2, at);
        assert!(!pending.is_empty());
        let told = taken(&mut pending);
        let last = u32::MAX;
        let lines = [
            format!("{last} 0 released"),
            "1 restored".into(),
            "2 1 released".into(),
            "3 2 released".into(),
        ];
        assert_eq!(told, lines);
        assert!(pending.is_empty());
    }

    #[test]
    fn switches_for_which_there_is_no_room_are_told_as_one_and_leave_a_gap() {
        let mut pending = Pending::<3>::new();
        for (from, to) in [(0, 1), (1, 2), (2, 0), (0, 1), (1, 0), (0, 2)] {
            pending.tell(switched(from, to));
        }
        let lines = [
            "1 switched from 0 to 1: requested",
            "2 switched from 1 to 2: requested",
            "3 switched from 2 to 0: requested",
            "6 switched from 0 to 2: requested",
        ];
        assert_eq!(taken(&mut pending), lines);
        for (from, to) in [(2, 1), (1, 2), (2, 0), (0, 1), (1, 0)] {
            pending.tell(switched(from, to)); // back where it was: nothing to tell
        }
        assert_eq!(taken(&mut pending).len(), 3);
    }
}
