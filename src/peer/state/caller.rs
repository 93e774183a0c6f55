//! What the caller says: our own pauses, traffic, other settings, pushback, another incarnation.

use super::PeerState;
use crate::config::Settings;
use crate::math::saturating;
use crate::pacing::Pacing;
use crate::peer::credit::Credit;
use crate::peer::verdict::{Reason, Verdict};
use crate::time::Instant;

impl<const N: usize, P: Pacing> PeerState<N, P> {
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
        let needed = now.plus(u64::from(self.plan.timeout_us()));
        let credited_us = match self.dead_at() {
            Some(dead_at) => needed.since(dead_at),
            None => 0, // a dead peer gets it once it is heard again
        };
        self.credit.add(credited_us, now);
    }

    /// A dead peer was alive at `alive_at`: the silence counts from the last moment at which it was given time since.
    pub(crate) const fn credit_since(&mut self, alive_at: Instant) {
        self.credit.count_from(alive_at);
    }

    /// No more of the silence is credited than lies after the last sign of life. With one probe under way at a time, none does.
    pub(crate) const fn limit_credit(&mut self) {
        self.credit.limit(self.mark);
    }

    /// Credits `span_us` up to `at`, in which the peer could not be asked.
    pub(crate) const fn credit(&mut self, span_us: u64, at: Instant) {
        if self.is_pending() {
            self.credit.add(span_us, at);
        }
    }

    /// Keeps a bound that was not stated wide enough for the first probe after the last proof of
    /// life, which was sent at `next` or will be. The interval may have become shorter since, and the
    /// bound with it, but that probe was not sent earlier for that.
    pub(crate) fn allow_sent(&mut self, next: Instant) {
        if self.settings.limits.bound_us == 0 {
            self.allow_lead(next);
        }
    }

    /// Keeps the bound wide enough for the probe that goes out at `next`, where the answer before it took longer than an interval: it is
    /// waited for one timeout, and asked again where no bound was stated.
    pub(crate) fn allow_lead(&mut self, next: Instant) {
        let (lead_us, interval_us) = (next.since(self.counts_from()), self.plan.interval_us());
        if lead_us <= interval_us || !self.is_pending() {
            return;
        }
        let tail_us = if self.settings.limits.bound_us > 0 {
            self.plan.timeout_us().into()
        } else {
            saturating::minus(self.plan.bound_us(), interval_us)
        };
        self.plan.loosen(lead_us + tail_us);
    }

    /// The probe that was said to be sent was not.
    pub(crate) fn unsent(&mut self) {
        self.void();
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
        self.pushbacks = 0;
        self.forget_peer(Reason::Restarted);
    }

    /// Nothing is known of the peer any more; the bound counts from the next probe. What is known of the path stays.
    pub(crate) fn forget_peer(&mut self, reason: Reason) {
        self.started = false;
        self.episode = false;
        self.retries = 0;
        self.risen = 0;
        self.refusals = 0;
        self.credit = Credit::NONE;
        self.void();
        self.turn(Verdict::Unknown, reason);
    }
}
