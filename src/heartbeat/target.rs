//! The inputs and queries of a heartbeat with the [`Target`] policy.

use core::time::Duration;

use crate::heartbeat::Heartbeat;
use crate::pacing::{PathRecord, Target};

impl<const N: usize> Heartbeat<N, Target> {
    /// Returns what was learnt about the path; see
    /// [`Monitor::path_record`](crate::Monitor::path_record).
    #[must_use]
    pub fn path_record(&self) -> PathRecord {
        self.peer.path_record()
    }

    /// Replaces what was learnt about the path by a record that was stored for this network `age`
    /// ago; see [`Monitor::recall`](crate::Monitor::recall).
    pub fn recall(&mut self, record: &PathRecord, age: Duration) {
        self.peer.recall_path(record, age);
    }
}
