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
use crate::plan::{Plan, Promise, Retries};
use crate::time::{duration, micros, saturate};

mod audit;
mod disturbance;
mod exponent;
mod outlook;
mod pacing;
mod path_record;
mod record;
mod replan;
mod risk;
mod silences;
mod start;
mod state;

pub use path_record::PathRecord;
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
/// - Where mistakes that no interval avoids are certain to be more frequent than the target allows,
///   the price of a mistake grows with the square root of the stated time only.
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
/// The planner was compared with settings chosen in hindsight for each of seven recorded
/// networks (`lab`; the whole monitor in the loop, with nothing set but the target). At 3 s it
/// needs 1.1 to 1.3 times their probes for 26 to 4 mistakes in 8 hours. At 10 s it needs 1.1 to 1.3
/// times for 20 to 8 mistakes, and up to 1.6 times for 6. The constants were chosen on these
/// recordings. On two others, at bounds of 30 and 60 s, it needs 1.6 and 1.2 times the probes of
/// their best constant interval (`tests/held_out.rs`).
///
/// - A late reply of a dead peer, to a probe sent more than a quarter of the bound ago, has to be
///   confirmed by another one. On recordings whose outages come in clusters, this avoids up to a
///   third of the mistakes; the peer is called dead for up to a quarter longer in total.
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
            audited: state.audit.span(state.now),
            infeasible: self.infeasible(state),
        }
    }
}

#[cfg(test)]
mod tests;
