//! A watch at rest, until somebody looks again.

use super::Watch;
use crate::time::Instant;

#[derive(Clone, Debug)]
pub(crate) struct DormantWatch {
    /// How far observed time is behind the caller's clock.
    behind_us: u64,
    /// When lateness was last credited; where observed time is stopped, when it was last looked at.
    credited: Instant,
}

impl Watch {
    #[cfg(feature = "alloc")]
    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped
    }
}

impl DormantWatch {
    pub(crate) const fn of(watch: &Watch) -> Self {
        Self {
            behind_us: watch.now.since(watch.seen),
            credited: if watch.stopped {
                watch.now
            } else {
                watch.credited
            },
        }
    }

    /// The watch again, as it was when lateness was last credited; the next look brings it up to the present.
    pub(crate) const fn wake(&self, stopped: bool) -> Watch {
        Watch {
            now: self.credited,
            seen: self.credited.minus(self.behind_us),
            credited: self.credited,
            stopped,
        }
    }

    /// Observed time at `now`, if nobody is late.
    pub(crate) const fn seen_at(&self, now: Instant) -> Instant {
        now.minus(self.behind_us)
    }
}
