//! The inputs and queries of a monitor with the [`Target`] policy.

use core::time::Duration;

use crate::monitor::Monitor;
use crate::pacing::{PathRecord, Target};
use crate::time::Instant;

impl<const N: usize> Monitor<N, Target> {
    /// Returns what was learnt about the path, to be stored for this network. It takes no more than
    /// a copy of 120 bytes.
    #[must_use]
    pub fn path_record(&self) -> PathRecord {
        self.peer.path_record()
    }

    /// Replaces what was learnt about the path by a record that was stored for this network `age`
    /// ago; by [`PathRecord::NOTHING`] for a network of which nothing is known. The new plan applies
    /// from the next probe on. Verdict, statistics and audit stay.
    ///
    /// Call it after construction, or when the device changes to another network.
    pub fn recall(&mut self, record: &PathRecord, age: Duration, now: Instant) {
        self.look(now);
        self.replan_with(|peer| peer.recall_path(record, age));
        self.settle();
    }
}
