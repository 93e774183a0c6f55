//! A lease at a moment.

use core::time::Duration;

use crate::lease::promise::Promise;
use crate::peer::counters::one_more;
use crate::time::Instant;

/// A lease at a moment, returned by [`Lease::snapshot`](crate::lease::Lease::snapshot).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Snapshot {
    /// Whether the holder may act.
    pub is_held: bool,
    /// The epoch that the server gave last.
    pub epoch: u64,
    /// When the holder must stop at the latest, where anything was granted.
    pub fence_at: Option<Instant>,
    /// The TTL that the server granted last; zero where nothing is granted.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub ttl: Duration,
    /// The interval at which the lease is renewed, before jitter.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub interval: Duration,
    /// How long a renewal may have no answer before it is overdue.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub timeout: Duration,
    /// What is promised about lapses.
    pub promise: Promise,
    /// What happened so far.
    pub counters: Counters,
}

/// What happened to a lease so far. Counters never fall; they saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Counters {
    /// Requests that were sent.
    pub sent: u32,
    /// Requests that the server granted.
    pub granted: u32,
    /// Requests that the server refused.
    pub refused: u32,
    /// Requests that failed: they could not be sent, or their connection broke.
    pub failed: u32,
    /// Answers to requests that are not outstanding, or of an old epoch.
    pub ignored: u32,
    /// How often the fence was reached while the lease was held.
    pub fenced: u32,
    /// How often the server ended the lease.
    pub lost: u32,
}

impl Counters {
    pub(super) const fn count_sent(&mut self) {
        one_more(&mut self.sent);
    }

    pub(super) const fn count_granted(&mut self) {
        one_more(&mut self.granted);
    }

    pub(super) const fn count_refused(&mut self) {
        one_more(&mut self.refused);
    }

    pub(super) const fn count_failed(&mut self) {
        one_more(&mut self.failed);
    }

    pub(super) const fn count_ignored(&mut self) {
        one_more(&mut self.ignored);
    }

    pub(super) const fn count_fenced(&mut self) {
        one_more(&mut self.fenced);
    }

    pub(super) const fn count_lost(&mut self) {
        one_more(&mut self.lost);
    }
}
