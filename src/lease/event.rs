//! What a lease tells.

use core::fmt;
use core::time::Duration;

use crate::lease::outcome::Refusal;

/// What happened to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EventKind {
    /// The lease is held. The server gave it this epoch.
    Held {
        /// The fencing token of the server.
        epoch: u64,
    },
    /// A renewal is overdue. It is retried.
    Late {
        /// The time that is left until the fence.
        #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
        left: Duration,
    },
    /// The holder must not act any more: the server may give the lease away from now on. Renewals
    /// go on, and if the server still knows the lease, [`Regained`](Self::Regained) follows.
    Fenced {
        /// Why.
        reason: FenceReason,
    },
    /// The server said that the lease is over. It is asked for again.
    Lost {
        /// What the server said.
        why: Refusal,
    },
    /// The lease is held again.
    Regained {
        /// The fencing token of the server. If it is the same as before, nobody else held the lease
        /// in between.
        epoch: u64,
    },
    /// The lease lapsed more often than was [promised](crate::lease::Promise). The plan is
    /// corrected.
    PromiseBroken,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { epoch } => write!(f, "held, epoch {epoch}"),
            Self::Late { left } => write!(f, "renewal late, {left:?} left"),
            Self::Fenced { reason } => write!(f, "fenced: {reason}"),
            Self::Lost { why } => write!(f, "lost: {why}"),
            Self::Regained { epoch } => write!(f, "regained, epoch {epoch}"),
            Self::PromiseBroken => f.pad("promise broken"),
        }
    }
}

/// Why the holder must not act any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FenceReason {
    /// No renewal was acknowledged in time.
    Elapsed,
    /// The clock ran backwards, or the caller said that it cannot be trusted
    /// ([`resync`](crate::lease::Lease::resync)). How much time has passed is unknown.
    Clock,
}

impl fmt::Display for FenceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Elapsed => "no renewal was acknowledged in time",
            Self::Clock => "the clock cannot be trusted",
        })
    }
}
