//! What the server answers, and what became of what the caller handed in.

use core::fmt;
use core::time::Duration;

/// What the server answered to a [`Request`](crate::lease::Request), as the closures of the
/// adapters return it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Answer {
    /// It granted the lease ([`handle_granted`](crate::lease::Lease::handle_granted)).
    Granted {
        /// What the server counts from the moment at which it processed the request.
        ttl: Duration,
        /// The fencing token of the server; 0 always where it has none.
        epoch: u64,
    },
    /// It refused the request ([`handle_refused`](crate::lease::Lease::handle_refused)).
    Refused(Refusal),
    /// It has the lease back, or does not know it
    /// ([`handle_released`](crate::lease::Lease::handle_released)).
    Released,
    /// It wants to be left alone for so long
    /// ([`handle_pushback`](crate::lease::Lease::handle_pushback)).
    Pushback {
        /// How long, for example by `Retry-After`.
        wait: Duration,
    },
}

/// What became of a grant, returned by [`Lease::handle_granted`](crate::lease::Lease::handle_granted).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum GrantOutcome {
    /// The lease is held, and the fence moved later.
    Extended,
    /// The lease is held, and the fence did not move later: a request that was sent later is
    /// acknowledged already, or the server granted less.
    Unextended,
    /// The answer took so long that what it grants may be over. The lease is not held.
    TooLate,
    /// The server granted no time at all. The lease is lost, as if it had been refused.
    Nothing,
    /// The epoch is lower than one that was seen, so the grant is an old one. It changes nothing.
    Stale,
    /// No such request is outstanding: it was answered or forgotten, or was never made. Nothing
    /// changes.
    Unknown,
}

/// Why a server refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Refusal {
    /// Somebody else holds the lease.
    HeldByAnother,
    /// The server does not know the lease any more: it expired or was deleted.
    Expired,
    /// The server does not allow it.
    Denied,
    /// The server granted a new epoch to a renewal, so the lease was given away in between.
    EpochChanged,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::HeldByAnother => "held by another",
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::EpochChanged => "epoch changed",
        })
    }
}

/// What became of a refusal, returned by
/// [`Lease::handle_refused`](crate::lease::Lease::handle_refused).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RefusalOutcome {
    /// The lease is over.
    Lost,
    /// The lease was not held. It is asked for again.
    NotYet,
    /// An acquisition was refused that was sent before the one that was granted. Nothing changes.
    Old,
    /// No such request is outstanding. Nothing changes.
    Unknown,
}
