//! When a wake of the device is in vain.

use super::wakes::{LAST_ROUND_TRIPS_SHIFT, enough_us};
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::probe::Fate;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// When this wake is in vain, too, after as many as are evidence, on observed time; never where that is not so.
    pub(super) fn wake_in_vain_at(&self) -> Instant {
        if !self.wakes.are_evidence(&self.peer) {
            return Instant::MAX;
        }
        let is_asked = |fate| matches!(fate, Fate::Waiting | Fate::Overdue);
        let asked = self.outstanding.latest_of(is_asked);
        let enough_us = u64::from(enough_us(&self.peer, LAST_ROUND_TRIPS_SHIFT));
        asked.map_or(Instant::MAX, |sent| sent.plus(enough_us))
    }
}
