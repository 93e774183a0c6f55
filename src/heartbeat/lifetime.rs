//! Inputs and queries of a heartbeat with the [`Lifetime`] policy.

use core::time::Duration;

use crate::heartbeat::Heartbeat;
use crate::pacing::{Lifetime, LifetimeRecord, Pacing};

impl<const N: usize, P: Pacing> Heartbeat<N, Lifetime<P>> {
    /// Records that the flow was lost while the peer lives on; see
    /// [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost). Call it before
    /// [`next_interval`](Self::next_interval) takes the reply that showed it.
    pub fn flow_lost(&mut self) {
        self.peer.flow_lost(self.sent);
    }

    /// Returns how long a second flow is to stay idle next; see
    /// [`Monitor::trial`](crate::Monitor::trial).
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.peer.trial()
    }

    /// Records that the second flow still existed after `idle`.
    pub fn trial_survived(&mut self, idle: Duration) {
        self.peer.tried(idle, true);
    }

    /// Records that the second flow was lost after `idle`, while the flow in use still exists.
    pub fn trial_lost(&mut self, idle: Duration) {
        self.peer.tried(idle, false);
    }

    /// Returns what is worth remembering of this network.
    #[must_use]
    pub const fn lifetime_record(&self) -> LifetimeRecord {
        self.peer.lifetime_record()
    }

    /// Continues from what was remembered of this network `age` ago.
    pub fn recall(&mut self, memory: LifetimeRecord, age: Duration) {
        self.peer.recall(memory, age);
    }
}
