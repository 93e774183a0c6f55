//! The search as a policy: it limits the intervals of the policy inside.

use core::time::Duration;

use super::Lifetime;
use crate::pacing::lifetime::state::LifetimeState;
use crate::pacing::{Answer, EpisodeEnd, Pacing, Statistics};
use crate::plan::{Plan, Promise};
use crate::time::{Instant, duration, micros};

impl<P: Pacing> Pacing for Lifetime<P> {
    type State = LifetimeState<P::State>;
    const INITIAL: Self::State = LifetimeState::new(P::INITIAL);

    fn on_probe(&self, state: &mut Self::State, now: Instant, retry: bool) {
        self.inner.on_probe(&mut state.inner, now, retry);
        if !retry {
            state.record_probe(now);
        }
    }

    fn on_answer(&self, state: &mut Self::State, answer: &Answer) {
        self.inner.on_answer(&mut state.inner, answer);
        state.record_reply(&self.reach, answer);
    }

    fn on_miss(&self, state: &mut Self::State, sent: Instant, now: Instant) {
        self.inner.on_miss(&mut state.inner, sent, now);
    }

    fn on_episode_end(&self, state: &mut Self::State, end: &EpisodeEnd) {
        self.inner.on_episode_end(&mut state.inner, end);
        state.end_episode(&self.reach, end.outcome);
    }

    fn on_lapse(&self, state: &mut Self::State, span_us: u64) {
        self.inner.on_lapse(&mut state.inner, span_us);
        state.lapse(span_us);
    }

    fn on_traffic(&self, state: &mut Self::State, now: Instant) {
        self.inner.on_traffic(&mut state.inner, now);
        state.traffic(&self.reach, now);
    }

    fn on_flow_lost(&self, state: &mut Self::State, now: Instant) {
        self.inner.on_flow_lost(&mut state.inner, now);
        state.lose_flow(&self.reach, now);
    }

    fn on_void(&self, state: &mut Self::State) {
        self.inner.on_void(&mut state.inner);
        state.forget_flow();
    }

    fn confirms_late_replies(&self) -> bool {
        self.inner.confirms_late_replies()
    }

    fn yields_to_traffic(&self) -> bool {
        self.reach.is_refreshed_by_traffic() && self.inner.yields_to_traffic()
    }

    fn ceiling(&self, state: &Self::State) -> Option<Duration> {
        let found = duration(state.found.interval_us(&self.reach));
        let inner = self.inner.ceiling(&state.inner);
        Some(inner.map_or(found, |inner| inner.min(found)))
    }

    fn plan(&self, state: &Self::State, path: &Statistics<'_>) -> Plan {
        let plan = self.inner.plan(&state.inner, path);
        let prudent_us = state.found.prudent_us(&self.reach, plan.timeout_us());
        plan.with_interval_at_most(prudent_us)
            .with_dead_interval_at_most(micros(self.reach.least()))
    }

    fn promise(&self, state: &Self::State) -> Option<Promise> {
        self.inner.promise(&state.inner)
    }

    fn is_broken(&self, state: &Self::State) -> bool {
        self.inner.is_broken(&state.inner)
    }
}
