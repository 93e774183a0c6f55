//! What the caller says: our own pauses, traffic, other settings, pushback, another incarnation.

use super::Pulse;
use crate::config::Settings;
use crate::pacing::Pacing;
use crate::time::Instant;
use crate::verdict::{Reason, Verdict};

impl<const N: usize, P: Pacing> Pulse<N, P> {
    /// Nobody looked for `span_us`.
    pub(crate) fn lapsed(&mut self, span_us: u64) {
        self.settings.policy.on_lapse(&mut self.state, span_us);
    }

    /// Something else than a reply arrived.
    pub(crate) fn traffic(&mut self, now: Instant) {
        self.settings.policy.on_traffic(&mut self.state, now);
    }

    /// Whether it puts off the next steady probe.
    pub(crate) fn yields_to_traffic(&self) -> bool {
        self.settings.policy.yields_to_traffic()
    }

    /// What was under way counts for nothing.
    pub(crate) fn void(&mut self) {
        self.settings.policy.on_void(&mut self.state);
    }

    /// Gives the peer enough time for one more probe before the bound.
    pub(crate) fn allow_one_probe(&mut self, now: Instant) {
        if let Some(dead_at) = self.dead_at() {
            let needed = now.plus(u64::from(self.plan.timeout_us()));
            self.mark = self.mark.plus(needed.since(dead_at));
            self.retries = 0;
        }
    }

    /// Other settings from now on. What is known of the path stays.
    pub(crate) fn reconfigure(&mut self, settings: Settings<P>) {
        self.settings = settings;
        self.risen = 0;
        self.retries = 0;
        self.replan();
    }

    /// Keeps a bound of at least `bound_us` in force until the next plan is drawn up.
    pub(crate) const fn loosen(&mut self, bound_us: u64) {
        self.plan.loosen(bound_us);
    }

    /// Puts the planned bound into force again.
    pub(crate) fn tighten(&mut self) {
        self.replan();
    }

    /// The server wants fewer probes.
    pub(crate) fn push_back(&mut self) {
        let pushbacks = self.pushbacks.saturating_add(1);
        if self.plan.interval_us() < self.settings.limits.interval_max_us {
            self.pushbacks = pushbacks;
        }
        self.replan();
    }

    /// A new incarnation of the peer: the path is the same, what was heard of the old one is void.
    pub(crate) fn restart(&mut self) {
        self.started = false;
        self.episode = false;
        self.retries = 0;
        self.risen = 0;
        self.pushbacks = 0;
        self.void();
        self.turn(Verdict::Unknown, Reason::Restarted);
    }
}
