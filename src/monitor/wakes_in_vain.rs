//! When a wake of the device is in vain.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// When this wake is in vain, too, after as many as are evidence, on observed time; never where that is not so.
    pub(super) fn wake_in_vain_at(&self) -> Instant {
        let Some(patience_us) = self.wakes.patience_us() else {
            return Instant::MAX;
        };
        let asked = self.outstanding.latest_open(self.looser.since);
        asked.map_or(Instant::MAX, |sent| sent.plus(patience_us.into()))
    }
}
