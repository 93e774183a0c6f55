//! Other settings while the monitor runs.

use super::looser::Looser;
use crate::config::Config;
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::state::PeerState;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Other settings from `now` on, and a probe as soon as the timeout allows.
    ///
    /// | survives | does not |
    /// |---|---|
    /// | verdict, suspicion, statistics of the path, what the policy has learnt | interval, timeout, retries: planned anew, within an episode too |
    /// | probes under way and their timeouts, the ids of all | retries spent in an episode under way: they start over |
    /// | counters, events, pushbacks | answers counted towards [`rise`](crate::config::Builder::rise) |
    /// | the seed: that of `config` is not looked at | |
    ///
    /// A tighter bound would be broken by the plan that was in force until now. So a peer not called dead gets time for one probe and its
    /// retries, though never past the moment at which the old bound would have ended; until a probe sent since is answered, the bound
    /// in force, which the [snapshot](Self::snapshot) shows, is the looser one, and law 3 holds for it.
    pub fn reconfigure(&mut self, config: &Config<P>, now: Instant) {
        self.look(now);
        self.replan_with(|peer| peer.reconfigure(config.settings));
        self.pause_us = config.pause_us;
        self.pull_forward();
        self.settle();
    }

    /// Lets `change` draw up another plan, and keeps the bound that was in force for as long as that needs.
    pub(super) fn replan_with(&mut self, change: impl FnOnce(&mut PeerState<N, P>)) {
        let until = self.peer.dead_at();
        change(&mut self.peer);
        self.looser = Looser {
            bound_us: until.map_or(0, |until| self.looser_bound_us(until)),
            since: self.clock.seen(),
        };
        self.loosen();
        self.reschedule();
    }

    /// The bound to keep to where the verdict would have fallen at `until`.
    fn looser_bound_us(&self, until: Instant) -> u64 {
        let plan = self.peer.plan();
        let tail = plan.bound_us().saturating_sub(plan.interval_us());
        let enough = self.clock.seen().plus(tail).min(until);
        enough.since(self.peer.counts_from()).max(plan.bound_us())
    }

    /// Keeps the bound in force until a probe that is yet to be sent is answered.
    pub(super) const fn keep_bound(&mut self) {
        self.looser = Looser {
            bound_us: self.peer.plan().bound_us(),
            since: self.clock.seen(),
        };
    }

    /// Keeps the looser bound in force, whatever was planned, for as long as it is needed.
    pub(super) fn loosen(&mut self) {
        if self.looser.bound_us == 0 {
            return;
        }
        let over = self.peer.mark() >= self.looser.since; // or dead since then
        if over {
            self.looser.bound_us = 0;
            self.peer.tighten();
        } else {
            self.peer.loosen(self.looser.bound_us);
        }
    }
}
