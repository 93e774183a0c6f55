//! What a lifetime policy is told beside what every policy learns.

use core::time::Duration;

use super::PeerState;
use crate::pacing::{Lifetime, LifetimeRecord, Pacing};
use crate::time::Instant;

impl<const N: usize, P: Pacing> PeerState<N, P> {
    /// The flow is gone, and with it what the server asked for over it.
    pub(crate) fn flow_lost(&mut self, now: Instant) {
        self.pushbacks = 0;
        self.settings.policy.on_flow_lost(&mut self.state, now);
        self.adapt();
    }
}

impl<const N: usize, P: Pacing> PeerState<N, Lifetime<P>> {
    pub(crate) fn trial(&self) -> Option<Duration> {
        self.settings.policy.trial(&self.state)
    }

    /// The second flow idled for `idle`.
    pub(crate) fn tried(&mut self, idle: Duration, survived: bool) {
        let policy = &self.settings.policy;
        policy.on_trial(&mut self.state, idle, survived);
        self.adapt();
    }

    pub(crate) const fn lifetime_record(&self) -> LifetimeRecord {
        Lifetime::<P>::lifetime_record(&self.state)
    }

    pub(crate) fn recall(&mut self, memory: LifetimeRecord, age: Duration) {
        Lifetime::<P>::on_recall(&mut self.state, memory, age);
        self.adapt();
    }
}
