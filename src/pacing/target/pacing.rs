//! The planner as a policy: which event changes what.

use super::Target;
use crate::math::saturating;
use crate::pacing::target::state::TargetState;
use crate::pacing::{Answer, EpisodeEnd, Outcome, Pacing, Statistics};
use crate::plan::{Plan, Promise};
use crate::time::Instant;

impl Pacing for Target {
    type State = TargetState;

    const INITIAL: TargetState = TargetState::NEW;

    fn on_probe(&self, state: &mut TargetState, now: Instant, retry: bool) {
        self.start(state);
        state.audit.begin(now);
        if retry || self.is_overdue(state, now) {
            state.savings = state.savings.saturating_sub(2);
            return;
        }
        let most = self.savings_most(state);
        state.savings = state.savings.saturating_add(1).min(most);
        if !state.awaited.open {
            Self::start_silence(state, now);
        }
    }

    fn on_answer(&self, state: &mut TargetState, answer: &Answer) {
        state.now = answer.now;
        let median_us = u64::from(state.disturbance.median_us());
        let mut length_us = answer.rtt_us.map_or(0, u64::from);
        if state.awaited.open && answer.sent >= state.awaited.sent() {
            length_us = saturating::max(length_us, self.end_silence(state, answer));
            state.since = state.since.saturating_add(1);
        } else if self.overlaps(state) {
            let silence_us = saturating::minus(length_us, median_us);
            self.count(state, silence_us, state.share(), state.grade);
            state.since = state.since.saturating_add(1);
        }
        self.record_reply(state, length_us, answer);
        if self.is_long(saturating::minus(length_us, median_us)) || state.is_due() {
            self.replan(state);
        }
    }

    /// If probes overlap, the awaited probe may not be the first lost probe.
    fn on_miss(&self, state: &mut TargetState, sent: Instant, _: Instant) {
        let earlier = !state.awaited.open || sent < state.awaited.sent();
        let unheard = sent.plus(state.disturbance.median_us().into()) > state.now;
        if earlier && unheard && self.overlaps(state) {
            Self::start_silence(state, sent);
        }
    }

    fn on_episode_end(&self, state: &mut TargetState, end: &EpisodeEnd) {
        state.audit.settle();
        if end.outcome == Outcome::Survived {
            return;
        }
        state.now = end.now;
        if end.outcome == Outcome::Refuted {
            let promised_us = self.promised_us(state);
            state.audit.mistake(end.now, promised_us);
        }
        state
            .disturbance
            .record(self.bound_us, end.now, self.bound_us);
        state.grade = state.disturbance.grade(end.now, self.bound_us);
        self.replan(state);
    }

    fn confirms_late_replies(&self) -> bool {
        true
    }

    fn on_void(&self, state: &mut TargetState) {
        state.awaited.open = false;
    }

    fn on_lapse(&self, state: &mut TargetState, span_us: u64) {
        if span_us > self.bound_us >> 6 {
            state.awaited.open = false;
        }
    }

    fn plan(&self, state: &TargetState, _: &Statistics<'_>) -> Plan {
        self.plan_of(state)
    }

    fn promise(&self, state: &TargetState) -> Option<Promise> {
        Some(self.promise_of(state))
    }

    fn is_broken(&self, state: &TargetState) -> bool {
        state.audit.is_broken()
    }
}
