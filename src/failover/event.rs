//! What a group has to tell, one pending slot a kind.

use core::fmt;
use core::time::Duration;

use heapless::Vec;

use crate::time::Instant;

/// What a group has to tell. Numbers rise by one an event; where the caller drains too seldom, the latest event of a kind stays and
/// the numbers show a gap.
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

    /// Which pending slot it takes.
    const fn kind(&self) -> usize {
        match self {
            Self::Switched { .. } => 0,
            Self::Quarantined { .. } => 1,
            Self::Released { .. } => 2,
            Self::Down { .. } => 3,
            Self::Restored { .. } => 4,
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
    /// The active one was barred.
    Barred,
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
            Self::Barred => "barred",
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
    Ours,
    /// All endpoints are dead, one after the other.
    AllDead,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ours => "half or more at once, the fault is ours",
            Self::AllDead => "all dead",
        })
    }
}

/// The kinds of events.
pub(super) const KINDS: usize = 5;

/// The events that wait, the earliest first: the latest of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    events: Vec<FailoverEvent, KINDS>,
    number: u32,
}

impl Pending {
    pub(super) const fn new() -> Self {
        Self {
            events: Vec::new(),
            number: 0,
        }
    }

    /// Tells `event`, which is given its number; never 0.
    pub(super) fn tell(&mut self, event: impl FnOnce(u32) -> FailoverEvent) {
        self.number = self.number.wrapping_add(1).max(1);
        let event = event(self.number);
        #[cfg(feature = "tracing")]
        trace(&event);
        self.events.retain(|other| other.kind() != event.kind());
        let _ = self.events.push(event); // there is room for one of each kind
    }

    /// The earliest pending event.
    pub(super) fn take(&mut self) -> Option<FailoverEvent> {
        let first = self.events.first().copied()?;
        self.events.retain(|other| other.number() != first.number());
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

    #[test]
    fn events_come_in_order_and_an_overwritten_one_leaves_a_gap() {
        let (at, mut pending) = (Instant::ZERO, Pending::new());
        let released = |endpoint| {
            move |number| FailoverEvent::Released {
                number,
                at,
                endpoint,
            }
        };
        pending.tell(released(0));
        pending.tell(|number| FailoverEvent::Restored { number, at });
        pending.tell(released(1));
        let numbers = [(); 3].map(|()| pending.take().map(|event| event.number()));
        assert_eq!(numbers, [Some(2), Some(3), None]);
        pending.number = u32::MAX;
        pending.tell(released(2));
        assert_eq!(pending.take().map(|event| event.number()), Some(1));
    }
}
