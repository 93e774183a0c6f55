//! The quality-of-service planner: it derives interval, timeout and retries from a stated bound on
//! detection time and a stated rate of mistakes.

// Counts and spans are converted to shares in single precision. Seven digits are enough for an
// extrapolation.
#![allow(clippy::cast_precision_loss)]

use core::time::Duration;

use crate::config::Span;
use crate::config::error::{ConfigError, Setting, check};
use crate::math::fixed_point::{divided, scaled_q16};
use crate::math::saturating;
use crate::pacing::Statistics;
use crate::pacing::{Answer, EpisodeEnd, Outcome, Pacing};
use crate::plan::Promise;
use crate::plan::{Plan, Retries};
use crate::time::{Instant, duration, micros, saturate};

mod audit;
mod disturbance;
mod exponent;
mod outlook;
mod replan;
mod risk;
mod silences;
mod start;
mod state;

use state::Awaited;
pub use state::TargetState;

/// Shares of the bound, in 2^16. They were fitted together on seven recorded networks. Unless a
/// comment states otherwise, the effect of small changes of a constant is within the noise (3 % of
/// the probes).
mod shape {
    /// 0.04. The shortest timeout of a steady probe, and the largest addition to the usual
    /// round-trip time unless four mean deviations are more. Values of 0.05 to 0.08 cost 5 to 7 %
    /// more.
    pub(super) const TIMEOUT: u32 = 2_621;
    /// The longest usual round-trip time that leaves time to probe: 7/8.
    pub(super) const LAG_MOST: u32 = 57_344;
    /// The shortest time between the last retry and the bound, in per cent of the bound: 3. If the
    /// usual round-trip time is longer, it applies instead.
    pub(super) const MARGIN: u8 = 3;
    /// The interval while the peer is dead: 0.12. Any value from 0.08 to 0.25 is as good.
    pub(super) const DEAD: u32 = 7_864;
    /// The largest number of retries of an episode. With 8 or 10, the planner needs 5 % more probes
    /// at 3 s if mistakes are to be rare.
    pub(super) const RETRIES: u8 = 16;
    /// The length of a silence after which the plan is recomputed at once: 0.14.
    pub(super) const LONG: u32 = 9_175;
}

/// Plans as few probes as possible that detect a failure within a bound and make mistakes no more
/// often than stated. [`Config::target`](crate::Config::target) creates it.
///
/// Nothing else has to be set. The planner probes slowly while replies arrive and fast once a probe
/// is overdue. It calls the peer `Dead` only if nothing was received for the whole bound.
///
/// How slowly it may probe depends on the *silences* of this path, which it measures: for each
/// steady probe, the time until anything is received, less the usual round-trip time. A histogram
/// counts the silences, with weights that make the result independent of how often the path was
/// probed. From the histogram and the loss rate, the planner computes for each interval how often a
/// silence would outlast the bound. It chooses the cheapest interval that meets the target, with a
/// price of a mistake in probes that follows from the target.
///
/// - A new path is probed 6 to 20 times per bound, as Chen's configurator computes for an unknown
///   path. The interval then grows in steps of at most 1.6 as the path proves reliable, at first
///   with each reply. A single episode shortens it.
/// - Unusual round trips and silences often precede longer silences. So the more unusual the latest
///   ones were, the shorter is the interval, and the more so the more reliably this predicted long
///   silences on this path.
/// - A target that cannot be met is reported ([`Promise::infeasible`]). A broken promise is
///   reported ([`EventKind::PromiseBroken`](crate::EventKind::PromiseBroken)), and the planner then
///   probes more often.
///
/// # Costs and limits
///
/// The state takes 192 bytes. On x86-64 a sample takes about 600 instructions more than with the
/// fluctuation rule, plans included (`benches/replan.rs`). Every sample uses integers only. Every
/// 64th sample, and each sample after a long silence, also uses single-precision floating point.
///
/// The planner was compared with settings chosen in hindsight for each of seven recorded mobile
/// networks (`lab`; the whole monitor in the loop, with nothing set but the target). At 3 s it
/// needs 1.1 to 1.3 times their probes for two or more mistakes in 8 hours, and up to 1.7 times for
/// fewer. At 10 s it needs 1.1 to 1.4 times for seven or more, and 1.5 to 2.2 times for fewer. The
/// constants were chosen on these recordings. On two others, at bounds of 30 and 60 s, it needs 1.3
/// and 1.4 times the probes of their best constant interval (`tests/held_out.rs`).
///
/// Other detectors were given the best single setting for all networks: fixed misses, a fast-retry
/// checker, and NFD-S of \[Chen02\]. If at most four mistakes happen in 8 hours, they need at least
/// 2.7 times the probes of the planner, and they call the live peer dead for twice as long in
/// total.
///
/// - The round trip takes up a part of the bound. On a constant path without losses, the planner
///   sends 1.1 probes per bound if the round trip is short, 2 if it is a fifth of the bound, 5 at a
///   half and 13 to 18 at four fifths. Over 7/8 the target is infeasible. From a third on, probes
///   overlap: the next probe is sent before the reply to the last one arrives, and there are no
///   retries.
/// - The planner assumes that silences longer than those measured follow a power law. If they do
///   not, as with short bursts of loss alone, a low mistake rate is expensive until the planner has
///   learnt their distribution. With bursts of 0.2 s, a bound of 3 s and one mistake in 4 hours,
///   the planner costs 1.4 times the best constant interval in the first two hours. Over eight
///   hours, it costs no more than that interval.
/// - Only refuted verdicts are known to be mistakes. A loss of all packets for longer than the
///   bound is indistinguishable from an outage and is not counted as a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Target {
    bound_us: u64,
    recurrence_us: u64,
    /// The largest number of probes in 1,000 s; 0: no limit.
    budget: u32,
    /// A constant interval in 2^-16 of the bound; 0: the interval is learnt.
    constant: u16,
}

/// The number of bounds after which the counts are halved. Rare silences require a long memory.
/// With bursts of 0.2 s, the planner costs 16 % more than the best constant interval with this
/// value, and 38 % more with 600. The recorded networks show no difference.
const MEMORY: u32 = 1_500;

/// The shortest time between mistakes that may be stated, in bounds.
const BOUNDS_APART: u64 = 10;

impl Target {
    pub(crate) const fn new(within: Duration) -> Self {
        let (bound_us, day) = (micros(within), Span::DAY_US);
        let least = bound_us.saturating_mul(BOUNDS_APART);
        Self {
            bound_us,
            recurrence_us: if least > day { least } else { day },
            budget: 0,
            constant: 0,
        }
    }

    pub(crate) const fn with_recurrence(mut self, apart: Duration) -> Result<Self, ConfigError> {
        let (least, most) = (self.least_recurrence_us(), Span::CENTURY_US);
        if let Err(error) = check(Setting::MistakeRecurrence, micros(apart), least, most) {
            return Err(error);
        }
        self.recurrence_us = micros(apart);
        Ok(self)
    }

    /// Returns the shortest time between mistakes that may be stated.
    const fn least_recurrence_us(&self) -> u64 {
        self.bound_us.saturating_mul(BOUNDS_APART)
    }

    pub(crate) const fn with_budget(mut self, probes: u32) -> Result<Self, ConfigError> {
        // At least two per bound, since the timeout has to fit in between.
        let least = divided(2_000_000_000, self.bound_us).saturating_add(1);
        if let Err(error) = check(Setting::ProbeBudget, probes as u64, least, u32::MAX as u64) {
            return Err(error);
        }
        self.budget = probes;
        Ok(self)
    }

    #[allow(clippy::cast_possible_truncation)] // a share below 1
    pub(crate) const fn frozen(mut self, interval: Duration) -> Self {
        let share = micros(interval).saturating_mul(1 << 16) / self.bound_us;
        self.constant = if share > 62_259 { 62_259 } else { share as u16 };
        self
    }

    /// Creates a planner for `bound_us` that allows one mistake per `recurrence_us`. A shorter time
    /// than [`least_recurrence_us`](Self::least_recurrence_us) is raised to it.
    pub(crate) const fn apart(bound_us: u64, recurrence_us: u64) -> Self {
        let mut target = Self::new(duration(bound_us));
        target.recurrence_us = saturating::max(recurrence_us, target.least_recurrence_us());
        target
    }

    /// Returns the usual round-trip time; 0 before the first sample.
    pub(crate) const fn usual_us(state: &TargetState) -> u32 {
        state.disturbance.median_us()
    }

    /// Returns the bound in microseconds.
    pub(crate) const fn bound_us(&self) -> u64 {
        self.bound_us
    }

    /// Returns the longest time from a crash to the verdict `Dead`.
    #[must_use]
    pub const fn detect_within(&self) -> Duration {
        duration(self.bound_us)
    }

    /// Returns the shortest expected time from one mistake to the next.
    #[must_use]
    pub const fn mistakes_at_most_one_per(&self) -> Duration {
        duration(self.recurrence_us)
    }

    /// Returns the largest number of steady probes in 1,000 seconds, or `None` if they are not
    /// limited.
    #[must_use]
    pub const fn probes_at_most(&self) -> Option<u32> {
        match self.budget {
            0 => None,
            budget => Some(budget),
        }
    }

    /// Records a reply that arrived `length_us` after the steady probe.
    fn record_reply(&self, state: &mut TargetState, length_us: u64, answer: &Answer) {
        state
            .disturbance
            .record(length_us, answer.now, self.bound_us);
        if let Some(rtt_us) = answer.rtt_us {
            let waited_us = rtt_us.saturating_add(answer.held_us); // the wait that a timeout covers
            state.disturbance.sample(waited_us);
            let deviation_us = waited_us.abs_diff(state.disturbance.median_us());
            state.spread_us = state.spread_us - state.spread_us / 16 + deviation_us / 16;
        }
        let (usual, median) = (state.usual_us, state.disturbance.median_us());
        if median / 2 > usual || median < usual / 2 {
            state.usual_us = median;
            state.halve();
        }
        state.grade = state.disturbance.grade(answer.now, self.bound_us);
    }

    /// Returns whether a silence is long enough to recompute the plan at once.
    const fn is_long(&self, silence_us: u64) -> bool {
        silence_us > scaled_q16(self.bound_us, shape::LONG)
    }

    /// Returns whether the reply to the steady probe is later than usual.
    fn is_overdue(&self, state: &TargetState, now: Instant) -> bool {
        state.awaited.open && now.since(state.awaited.sent) > self.timeout_us(state)
    }

    /// Starts to measure the silence after the steady probe sent at `sent`.
    fn start_silence(state: &mut TargetState, sent: Instant) {
        state.awaited = Awaited {
            sent,
            share: state.share(),
            grade: state.grade,
            open: true,
        };
    }

    /// Returns whether steady probes are sent before the reply to the last one arrives, because the
    /// round trip takes longer than the interval.
    fn overlaps(&self, state: &TargetState) -> bool {
        self.timeout_us(state) > scaled_q16(self.bound_us, u32::from(self.share(state)))
    }

    /// Records the first reply to the awaited steady probe or to a later probe. Returns the time
    /// since that steady probe.
    fn end_silence(&self, state: &mut TargetState, answer: &Answer) -> u64 {
        debug_assert!(state.awaited.open && answer.sent >= state.awaited.sent);
        let length_us = answer.now.since(state.awaited.sent);
        state.awaited.open = false;
        let mut silence_us = saturating::minus(length_us, state.disturbance.median_us().into());
        let lost = answer.sent > state.awaited.sent;
        if lost {
            silence_us = self.unexplained_us(state, silence_us);
        }
        let (share, grade) = (state.awaited.share, state.awaited.grade);
        self.count(state, silence_us, share, grade);
        if lost {
            state.silences.add_lost();
        }
        length_us
    }

    /// Returns the part of a silence after a lost probe that independent losses do not explain.
    /// Subtracts the wait until the next probe. If the rest is shorter than the longest expected
    /// run of independent losses, returns 0.
    fn unexplained_us(&self, state: &TargetState, silence_us: u64) -> u64 {
        let interval_us = scaled_q16(self.bound_us, u32::from(state.awaited.share));
        let wait_us = saturating::min(self.timeout_us(state), interval_us);
        let rest_us = saturating::minus(silence_us, wait_us);
        if rest_us < wait_us * u64::from(state.independent) {
            return 0;
        }
        rest_us
    }

    /// Counts a silence of `silence_us` after a probe that stands for `share` of the bound.
    fn count(&self, state: &mut TargetState, silence_us: u64, share: u16, grade: u8) {
        state.risk.add(grade, share, self.is_long(silence_us));
        state.silences.add(silence_us, self.bound_us, share);
        if state.silences.span() >= MEMORY {
            state.halve();
        }
    }

    /// Returns the plan, which depends on the state alone.
    pub(crate) fn plan_of(&self, state: &TargetState) -> Plan {
        let interval_us = scaled_q16(self.bound_us, u32::from(self.share(state)));
        let timeout_us = self.timeout_us(state);
        let affordable = u8::try_from(state.savings / 2).unwrap_or(u8::MAX);
        let retries = if timeout_us > interval_us {
            Retries::NONE // steady probes take their place
        } else {
            Retries::closing(affordable.clamp(1, shape::RETRIES))
        };
        debug_assert!(interval_us > 0 && interval_us < self.bound_us);
        let dead_us = match affordable {
            0 => 0, // the steady interval, which the limits may shorten
            _ => scaled_q16(self.bound_us, shape::DEAD),
        };
        Plan::from_micros(interval_us, saturate(timeout_us))
            .with_retries(retries)
            .with_margin_percent(state.margin)
            .with_dead_interval_us(dead_us)
    }

    /// Returns the promise for the path as measured.
    pub(crate) fn promise_of(&self, state: &TargetState) -> Promise {
        Promise {
            detect_within: self.detect_within(),
            mistakes_at_most_one_per: duration(self.expected_us(state)),
            probes_per_s: f64::from(state.cost) * 1e6 / self.bound_us.max(1) as f64,
            mistakes: state.audit.mistakes(),
            audited: state.now.saturating_duration_since(state.audit.since()),
            infeasible: self.infeasible(state),
        }
    }
}

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
        if state.awaited.open && answer.sent >= state.awaited.sent {
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
        let earlier = !state.awaited.open || sent < state.awaited.sent;
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

#[cfg(test)]
mod tests;
