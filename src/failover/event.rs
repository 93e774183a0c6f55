//! What a group has to tell, in order.

use core::fmt;
use core::time::Duration;

use heapless::Vec;

use crate::time::Instant;

/// What a group has to tell: each change once, in the order in which they happened. Numbers rise by one an
/// event.
///
/// The group decides nothing new while a change is not told yet, so that none is lost however seldom it is
/// polled. Only switches that the caller makes without polling in between may be told as one, from the
/// endpoint told last to the one that is active now; the numbers then show a gap.
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
        /// When.
        at: Instant,
        /// The endpoint that was active.
        from: usize,
        /// The endpoint that is.
        to: usize,
        /// Why.
        reason: SwitchReason,
    },
    /// An endpoint failed and is left alone for a while.
    Quarantined {
        /// The event's number.
        number: u32,
        /// When.
        at: Instant,
        /// Which.
        endpoint: usize,
        /// For how long.
        #[cfg_attr(
            feature = "serde",
            serde(rename = "span_us", with = "crate::time::serde")
        )]
        span: Duration,
    },
    /// A quarantine is over: the endpoint is probed again. It ends early where nothing else is left.
    Released {
        /// The event's number.
        number: u32,
        /// When.
        at: Instant,
        /// Which.
        endpoint: usize,
    },
    /// The group is out of service, or seems to be. Told once an outage, whatever becomes of it.
    Down {
        /// The event's number.
        number: u32,
        /// When.
        at: Instant,
        /// What it is taken for.
        outage: Outage,
    },
    /// An outage is over: the active endpoint is healthy.
    Restored {
        /// The event's number.
        number: u32,
        /// When.
        at: Instant,
    },
}

impl FailoverEvent {
    /// The event's number.
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

/// As a line of a log: `switched from 0 to 1: dead`. Endpoints are told by their index.
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

/// Why another endpoint is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SwitchReason {
    /// The active one was called dead.
    Dead,
    /// The active one answers, too late to be of use.
    Slow,
    /// The active one was suspected, and another one had answered since.
    Suspected,
    /// The path of the active one is worse than usual, that of the other one is not.
    Degraded,
    /// A better one has been healthy for the hold-down.
    Preferred,
    /// The active one was disabled.
    Disabled,
    /// The caller asked for it.
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

/// What an outage is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Outage {
    /// Half of the endpoints or more are suspected at once, two at least: the fault is ours.
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

/// How many events wait at most, releases apart: a decision, of which none is made while any waits, leaves a
/// switch and a quarantine; the caller makes switches.
const WAITING: usize = 4;

/// A quarantine that ended.
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
    /// One an endpoint at most: it is not quarantined again before its release is told.
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

    /// The number of the next event; never 0.
    fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1).max(1);
        self.number
    }

    /// Tells `event`, which is given its number.
    pub(super) fn tell(&mut self, event: impl FnOnce(u32) -> FailoverEvent) {
        let event = event(self.next_number());
        #[cfg(feature = "tracing")]
        trace(&event);
        if let Err(switch) = self.events.push(event) {
            self.join(&switch);
        }
    }

    /// The quarantine of `endpoint` is over.
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

    /// Makes one of the last switch and `next`: what finds no room is a switch that the caller makes, and so
    /// is what came before it.
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

    /// The earliest pending event.
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

/// Records what happened to a group with `tracing`, in the span of the caller.
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
