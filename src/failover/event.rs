//! The events of a group, in order.

use core::fmt;
use core::time::Duration;

/// The kinds of events of a group. Each change is reported once. Events are reported in the order
/// in which the changes happened.
///
/// The group makes no decision before the caller has taken the previous event, so no event is lost
/// if polls are rare. The exception is switches that the caller requests without polling in
/// between: if the queue is full, they are joined into one event, from the endpoint reported last
/// to the one active now. The event numbers then have a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EventKind {
    /// Another endpoint became active. Route requests to it.
    Switched {
        /// The endpoint that was active.
        from: usize,
        /// The endpoint that is active now.
        to: usize,
        /// Why the group switched.
        reason: SwitchReason,
    },
    /// An endpoint failed. It is neither used nor probed for a while.
    Quarantined {
        /// The endpoint.
        endpoint: usize,
        /// How long the quarantine lasts.
        #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
        span: Duration,
    },
    /// A quarantine ended, and the endpoint is probed again. A quarantine ends early where no other
    /// endpoint is left.
    Released {
        /// The endpoint.
        endpoint: usize,
    },
    /// The group is out of service, or is assumed to be. One event is reported per outage, even if
    /// its kind changes.
    Down {
        /// The kind of outage that the group assumes.
        outage: Outage,
    },
    /// An outage ended: the active endpoint is healthy.
    Restored,
}

/// Formats the event as a line of a log: `switched from 0 to 1: dead`. Endpoints are named by their
/// index.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switched { from, to, reason } => {
                write!(f, "switched from {from} to {to}: {reason}")
            }
            Self::Quarantined { endpoint, span } => {
                write!(f, "{endpoint} quarantined for {span:?}")
            }
            Self::Released { endpoint } => write!(f, "{endpoint} released"),
            Self::Down { outage } => write!(f, "down: {outage}"),
            Self::Restored => f.write_str("restored"),
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
    /// The caller requested the switch.
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
    /// Half of the endpoints or more, and at least two, are suspected at once. The group assumes a
    /// local fault.
    Isolated,
    /// All endpoints in service are dead. They failed one after another.
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

#[cfg(test)]
mod tests;
