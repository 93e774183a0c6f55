//! A verdict that is alive until a moment, unless that moment is moved.

use crate::Action;
use systole::Instant;

/// The verdict of a detector that trusts the peer until `until`.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    pub(super) until: Instant,
    dead: bool,
}

impl Trust {
    pub(super) const fn new(until: Instant) -> Self {
        Self { until, dead: false }
    }

    /// Returns the change of verdict that is due, once.
    pub(super) fn turn(&mut self, now: Instant) -> Option<Action> {
        let dead = now >= self.until;
        if dead == self.dead {
            return None;
        }
        self.dead = dead;
        Some(if dead { Action::Dead } else { Action::Alive })
    }

    /// Returns when the verdict next changes by itself.
    pub(super) const fn deadline(&self) -> Instant {
        if self.dead { Instant::MAX } else { self.until }
    }
}
