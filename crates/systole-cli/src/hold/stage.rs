//! What a supervisor is doing.

use std::future::pending;
use std::time::Duration;

use systole::Instant;

use super::guarded::Guarded;
use super::message::Report;

/// How long the end waits for the server to confirm that the lease was released.
const RELEASE_MAX: Duration = Duration::from_secs(2);

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
    /// Returns the stage in which the lease is given back at `now`, unless the server need not be
    /// told.
    pub(super) const fn leaving(code: Option<u8>, told: bool, now: Instant) -> Self {
        let span = if told { RELEASE_MAX } else { Duration::ZERO };
        let until = now.saturating_add(span);
        Self::Leaving { until, code, told }
    }

    /// Lets the lease that would be given back expire: something may still act in its name.
    pub(super) const fn let_expire(&mut self, now: Instant) {
        if let Self::Leaving { until, code, told } = self {
            *told = false;
            *until = if code.is_some() { now } else { Instant::MAX };
        }
    }

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
