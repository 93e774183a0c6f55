//! What the planner has learnt about a path, to be stored, restored and shared.

use core::time::Duration;

use super::record::MEMORY;
use super::risk::{GRADES, Risk};
use super::silences::Silences;
use super::{Target, TargetState};
use crate::config::Span;
use crate::math::saturating;
use crate::time::micros;

#[cfg(feature = "serde")]
mod form;

/// What the planner has learnt about a path: how often silences of each length were, how long round
/// trips usually take, and what usually precedes a long silence.
///
/// Store it when a process ends, keyed by a name for the network, and pass it to
/// [`Monitor::recall`](crate::Monitor::recall) or [`Heartbeat::recall`](crate::Heartbeat::recall)
/// in the next one, which then plans as before from its first probe. Records of several peers behind
/// one path can be [merged](Self::merged), so that a new peer starts with what all of them have
/// seen.
///
/// A recalled record counts as much as at most 1,500 bounds of measurements, and half as much for each
/// day of its age. So what a peer measures itself soon outweighs it.
///
/// It takes 120 bytes. With the feature `serde`, its serialized form has a version and is checked
/// when it is read.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Instant, Monitor, Output};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let bound = Duration::from_secs(10);
/// let config = Config::target(bound).seed(0xd1ce).without_initial_delay().build()?;
/// let rtt = Duration::from_millis(40);
/// let mut monitor = Monitor::new(config, Instant::ZERO)?;
/// let mut now = Instant::ZERO;
/// while now < Instant::from_secs(3_600) {
///     match monitor.poll(now) {
///         Output::Send(id) => {
///             now = now.saturating_add(rtt);
///             monitor.handle_reply(id, now);
///         }
///         Output::Wait(until) => now = until,
///         _ => {}
///     }
/// }
/// let record = monitor.path_record(); // store it for the network "office"
///
/// let mut next = Monitor::new(config, Instant::ZERO)?;
/// next.recall(&record, Duration::from_secs(60), Instant::ZERO);
/// let interval = next.snapshot(Instant::ZERO).path.plan.interval();
/// assert!(interval > Duration::from_secs(8)); // a new path would start at about 1 s
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "form::PathRecord", try_from = "form::PathRecord")
)]
pub struct PathRecord {
    /// The bound in whose shares lengths are counted.
    bound_us: u64,
    silences: Silences,
    risk: Risk,
    /// The usual round-trip time; 0 if nothing was measured.
    usual_us: u32,
    /// The mean deviation from it.
    spread_us: u32,
    /// How often broken promises doubled the price of a mistake.
    strictness: u8,
}

/// The documented size.
const _: () = assert!(size_of::<PathRecord>() <= 120);

/// The age by which a record counts half: what a path does depends on the time of day.
const HALF_LIFE_US: u64 = Span::DAY_US;

impl PathRecord {
    /// The record of a path that was never measured.
    pub const NOTHING: Self = Self {
        bound_us: 1,
        silences: Silences::NEW,
        risk: Risk::NEW,
        usual_us: 0,
        spread_us: 0,
        strictness: 0,
    };

    /// Returns the number of probes that count in this record; older ones count less.
    #[must_use]
    pub const fn probes(&self) -> u32 {
        self.silences.probes()
    }

    /// Returns the record of this path and another, as if one peer had measured both. If they were
    /// made for different bounds, the result is for the bound of `self`, or of `other` if nothing
    /// was measured here.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        if self.probes() == 0 {
            return other.clone();
        }
        let mut merged = self.clone();
        let other = other.for_bound(self.bound_us);
        let (mine, theirs) = (u64::from(self.probes()), u64::from(other.probes()));
        let mean = |a: u32, b: u32| mean(a, mine, b, theirs);
        merged.usual_us = mean(self.usual_us, other.usual_us);
        merged.spread_us = mean(self.spread_us, other.spread_us);
        merged.strictness = self.strictness.max(other.strictness);
        merged.silences.merge(&other.silences);
        merged.risk.merge(&other.risk);
        merged
    }

    /// Returns the same record for another bound. Lengths are counted in octaves of the bound, so
    /// they are converted by whole octaves, and rather to a longer one.
    fn for_bound(&self, bound_us: u64) -> Self {
        let mut same = self.clone();
        while same.bound_us < bound_us && same.bound_us.saturating_mul(2) <= bound_us {
            same.bound_us = same.bound_us.saturating_mul(2);
            same.silences.double_bound();
            same.risk.double_bound();
        }
        while same.bound_us > bound_us {
            same.bound_us /= 2;
            same.silences.halve_bound();
            same.risk.halve_bound();
        }
        same.bound_us = bound_us;
        same
    }

    /// Returns what is left of the record after `age_us`.
    fn aged(&self, age_us: u64) -> Self {
        let mut aged = self.clone();
        let mut left_us = age_us;
        while left_us >= HALF_LIFE_US && aged.probes() > 0 {
            aged.halve();
            left_us -= HALF_LIFE_US;
        }
        while aged.silences.span() > MEMORY {
            aged.halve();
        }
        aged
    }

    fn halve(&mut self) {
        self.silences.halve();
        self.risk.halve();
    }
}

impl Default for PathRecord {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// Returns the mean of two values with these weights; `a` if both weights are 0.
#[allow(clippy::cast_possible_truncation)] // between the two
const fn mean(a: u32, weight_a: u64, b: u32, weight_b: u64) -> u32 {
    let sum = saturating::max(weight_a + weight_b, 1);
    if b > a {
        return a + ((b - a) as u64 * weight_b / sum) as u32;
    }
    a - ((a - b) as u64 * weight_b / sum) as u32
}

impl Target {
    /// Returns what was learnt about the path.
    pub(crate) fn path_record(&self, state: &TargetState) -> PathRecord {
        PathRecord {
            bound_us: self.bound_us(),
            silences: state.silences.clone(),
            risk: state.risk.clone(),
            usual_us: state.disturbance.median_us(),
            spread_us: state.spread_us,
            strictness: state.audit.strictness(),
        }
    }

    /// Goes on from a record that is `age` old. The plan applies at once, without the steps in which
    /// the interval of a new path grows.
    pub(crate) fn recall(&self, state: &mut TargetState, record: &PathRecord, age: Duration) {
        let record = record.for_bound(self.bound_us()).aged(micros(age));
        state.recall(
            record.silences,
            record.risk,
            record.usual_us,
            record.spread_us,
        );
        state.audit.recall(record.strictness);
        if state.silences.probes() == 0 {
            return self.start(state);
        }
        state.shares = [u16::MAX; GRADES];
        self.replan(state);
    }
}

#[cfg(test)]
mod tests;
