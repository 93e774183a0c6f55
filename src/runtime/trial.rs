//! What became of a second flow that was to idle.

use core::time::Duration;

use crate::pacing::{Lifetime, Pacing};
use crate::{Instant, Monitor};

/// What became of a [second flow](crate::pacing::LifetimeRange::with_second_flow) that was to idle, and how long it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trial {
    /// It was still there.
    Survived(Duration),
    /// It was gone, while the flow in use is there.
    Lost(Duration),
    /// Nobody knows: it could not be opened, or the peer does not answer over either flow.
    Inconclusive,
}

impl Trial {
    /// Tells `monitor`, where there is something to tell; returns whether there was.
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
