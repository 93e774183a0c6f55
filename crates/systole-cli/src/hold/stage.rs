//! What a supervisor is doing.

use std::future::pending;

use systole::Instant;

use super::guarded::Guarded;
use super::message::Report;

pub(super) enum Stage {
    /// The lease is not held.
    Waiting,
    /// The command runs, or is being ended.
    Running(Box<Guarded>),
    /// The lease is given back, until this time. Then follows an exit with this status, or if there
    /// is none, the lease is waited for again.
    Leaving {
        until: Instant,
        code: Option<u8>,
        /// Whether the server is told; otherwise the lease expires.
        told: bool,
    },
}

impl Stage {
    /// Returns when there is something to do, where the lease is waited for until `give_up_at`, and
    /// the machine of the lease wants to be asked at `lease`.
    pub(super) fn wake(&self, lease: Option<Instant>, give_up_at: Instant) -> Instant {
        let own = match self {
            Self::Waiting => give_up_at,
            Self::Running(_) => Instant::MAX,
            Self::Leaving { until, .. } => *until,
        };
        lease.map_or(own, |lease| lease.min(own))
    }

    /// Waits for the next report of the guard, if there is one. Cancel safe.
    pub(super) async fn report(&mut self) -> Option<Report> {
        match self {
            Self::Running(guarded) => guarded.report().await,
            _ => pending().await,
        }
    }
}
