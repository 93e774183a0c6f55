//! What a planner learnt about the path before.

use core::time::Duration;

use super::PeerState;
use crate::pacing::{PathRecord, Target};

impl<const N: usize> PeerState<N, Target> {
    pub(crate) fn path_record(&self) -> PathRecord {
        self.settings.policy.path_record(&self.state)
    }

    pub(crate) fn recall_path(&mut self, record: &PathRecord, age: Duration) {
        self.settings.policy.recall(&mut self.state, record, age);
        self.adapt();
    }
}
