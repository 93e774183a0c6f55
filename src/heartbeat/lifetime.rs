//! What the caller of a [`Lifetime`] knows.

use core::time::Duration;

use crate::heartbeat::Heartbeat;
use crate::pacing::{Lifetime, LifetimeRecord, Pacing};

impl<const N: usize, P: Pacing> Heartbeat<N, Lifetime<P>> {
    /// The flow is gone, and the peer is not; see [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost). Call it before
    /// [`next_interval`](Self::next_interval) takes the answer that told it.
    pub fn flow_lost(&mut self) {
        self.peer.flow_lost(self.sent);
    }

    /// How long a second flow is to idle next; see [`Monitor::trial`](crate::Monitor::trial).
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.peer.trial()
    }

    /// The second flow was still there after `idle`.
    pub fn trial_survived(&mut self, idle: Duration) {
        self.peer.tried(idle, true);
    }

    /// The second flow was gone after `idle`, while the flow in use is there.
    pub fn trial_lost(&mut self, idle: Duration) {
        self.peer.tried(idle, false);
    }

    /// What is worth remembering of this network.
    #[must_use]
    pub const fn lifetime_record(&self) -> LifetimeRecord {
        self.peer.lifetime_record()
    }

    /// Goes on from what was remembered of this network `age` ago.
    pub fn recall(&mut self, memory: LifetimeRecord, age: Duration) {
        self.peer.recall(memory, age);
    }
}
