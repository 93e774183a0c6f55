//! What the caller of a [`Lifetime`] knows.

use core::time::Duration;

use crate::heartbeat::Heartbeat;
use crate::pacing::{Lifetime, Memory, Pacing};

impl<const N: usize, P: Pacing> Heartbeat<N, Lifetime<P>> {
    /// The flow is gone, and the peer is not; see [`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost). Call it before
    /// [`next_interval`](Self::next_interval) takes the answer that told it.
    pub fn flow_lost(&mut self) {
        self.pulse.flow_lost(self.sent);
    }

    /// How long a second flow is to idle next; see [`Monitor::trial`](crate::Monitor::trial).
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.pulse.trial()
    }

    /// The second flow was still there after `idle`.
    pub fn trial_survived(&mut self, idle: Duration) {
        self.pulse.tried(idle, true);
    }

    /// The second flow was gone after `idle`, while the flow in use is there.
    pub fn trial_lost(&mut self, idle: Duration) {
        self.pulse.tried(idle, false);
    }

    /// What is worth remembering of this network.
    #[must_use]
    pub const fn memory(&self) -> Memory {
        self.pulse.memory()
    }

    /// Goes on from what was remembered of this network `age` ago.
    pub fn recall(&mut self, memory: Memory, age: Duration) {
        self.pulse.recall(memory, age);
    }
}
