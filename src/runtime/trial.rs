//! The result of leaving a second flow idle.

use core::time::Duration;

use crate::pacing::{Lifetime, Pacing};
use crate::{Instant, Monitor};

/// The result of leaving a [second flow](crate::pacing::LifetimeRange::with_second_flow) idle, with
/// the time it was idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trial {
    /// The flow still worked after this time.
    Survived(Duration),
    /// The flow was lost after this time, while the flow in use still works.
    Lost(Duration),
    /// The trial showed nothing: the flow could not be opened, or the peer replies over neither
    /// flow.
    Inconclusive,
}

impl Trial {
    /// Passes the result to `monitor`. Returns `false` for `Inconclusive`, which is not passed on.
    pub(super) fn tell<const N: usize, P: Pacing>(
        self,
        monitor: &mut Monitor<N, Lifetime<P>>,
        now: Instant,
    ) -> bool {
        match self {
            Self::Survived(idle) => monitor.handle_trial_survived(idle, now),
            Self::Lost(idle) => monitor.handle_trial_lost(idle, now),
            Self::Inconclusive => return false,
        }
        true
    }
}
