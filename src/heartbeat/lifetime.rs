//! The inputs and queries of a heartbeat with the [`Lifetime`] policy.

use core::time::Duration;

use crate::heartbeat::Heartbeat;
use crate::pacing::{Lifetime, LifetimeRecord, Pacing};

impl<const N: usize, P: Pacing> Heartbeat<N, Lifetime<P>> {
    /// Records that the flow was lost while the peer is alive; see
    /// [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost). Call it before you pass the
    /// reply that showed the loss to [`next_interval`](Self::next_interval).
    pub fn flow_lost(&mut self) {
        self.peer.flow_lost(self.sent);
    }

    /// Returns how long a second flow should stay idle next, if there is something to try; see
    /// [`Monitor::trial`](crate::Monitor::trial).
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.peer.trial()
    }

    /// Records that the second flow survived `idle`.
    pub fn trial_survived(&mut self, idle: Duration) {
        self.peer.tried(idle, true);
    }

    /// Records that the second flow was lost after `idle`, while the flow in use was not.
    pub fn trial_lost(&mut self, idle: Duration) {
        self.peer.tried(idle, false);
    }

    /// Returns the record to store for this network.
    #[must_use]
    pub const fn lifetime_record(&self) -> LifetimeRecord {
        self.peer.lifetime_record()
    }

    /// Restarts the search for the lifetime from a record that was stored for this network `age`
    /// ago.
    pub fn recall(&mut self, memory: LifetimeRecord, age: Duration) {
        self.peer.recall(memory, age);
    }
}
