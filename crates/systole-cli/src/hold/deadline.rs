//! When a command is told to end and when it is killed, derived from the fence of its lease.

use std::time::Duration;

use systole::Instant;

/// The time from SIGKILL to the moment at which no process of the command runs any more.
pub(super) const KILL_MARGIN: Duration = Duration::from_millis(100);

/// The times of a holding, by the clock of leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// When the command is asked to end.
    pub(super) term_at: Instant,
    /// When it is killed.
    pub(super) kill_at: Instant,
}

impl Deadline {
    /// Returns the times for a lease that is held until `fence`, and a command that needs `grace`
    /// to end.
    pub(super) const fn of(fence: Instant, grace: Duration) -> Self {
        let kill_at = fence.saturating_sub(KILL_MARGIN);
        Self {
            term_at: kill_at.saturating_sub(grace),
            kill_at,
        }
    }

    /// Returns when the kernel kills the guard, if that has not killed the command by then.
    pub(super) fn last(self) -> Instant {
        self.kill_at.saturating_add(KILL_MARGIN / 2)
    }
}
