//! What the caller of a [`Lifetime`] knows: that a flow is gone, and what became of a second one.

use core::time::Duration;

use crate::monitor::Monitor;
use crate::pacing::{Lifetime, LifetimeRecord, Pacing};
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// The flow is gone, and the peer is not: it was closed or reset while it idled, or the peer answers over a new one, or from now on sees us
    /// at another address. [How a lost flow looks](Lifetime#how-a-lost-flow-looks) says when to call it; before or after the reply that told it makes no
    /// difference, as long as it is before the next steady probe.
    ///
    /// What is under way is void, and the peer is asked at once, over the new flow, and has time to answer. The interval of a [`Lifetime`] becomes shorter; other
    /// policies learn nothing from it, unless they [wish to](Pacing::on_flow_lost).
    pub fn handle_flow_lost(&mut self, now: Instant) {
        self.look(now);
        let seen = self.clock.seen();
        self.replan_with(|peer| peer.flow_lost(seen));
        self.start_over();
        self.settle();
    }
}

impl<const N: usize, P: Pacing> Monitor<N, Lifetime<P>> {
    /// How long a [second flow](crate::pacing::LifetimeRange::with_second_flow) is to idle next: open it, exchange a few packets as on the first one, let it be silent for that
    /// long, and ask over it more than once. Nothing where there is no second flow, or nothing to try for now; ask again after each answered probe.
    ///
    /// One that survived may idle on for the next trial: being asked has refreshed it.
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.peer.trial()
    }

    /// The second flow was still there after `idle`.
    pub fn handle_trial_survived(&mut self, idle: Duration, now: Instant) {
        self.handle_trial(idle, true, now);
    }

    /// The second flow was gone after `idle`, while the flow in use is there: where both are silent, the peer or the way may be.
    pub fn handle_trial_lost(&mut self, idle: Duration, now: Instant) {
        self.handle_trial(idle, false, now);
    }

    fn handle_trial(&mut self, idle: Duration, survived: bool, now: Instant) {
        self.look(now);
        self.replan_with(|peer| peer.tried(idle, survived));
        self.settle();
    }

    /// What is worth remembering of this network.
    #[must_use]
    pub const fn lifetime_record(&self) -> LifetimeRecord {
        self.peer.lifetime_record()
    }

    /// The device is in another network, or has just started in one: goes on from what was remembered of it `age` ago, or from
    /// [`LifetimeRecord::NOTHING`]. The idle under way counts for nothing. Where the peer is reached over a new flow, call [`restarted`](Self::restarted) or
    /// [`probe_now`](Self::probe_now) besides.
    pub fn recall(&mut self, memory: LifetimeRecord, age: Duration, now: Instant) {
        self.look(now);
        self.replan_with(|peer| peer.recall(memory, age));
        self.settle();
    }
}
