//! The builder of a configuration: it collects the settings and checks them.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure, keep_first};
use crate::config::{Config, SPAN_MAX_US, Settings};
use crate::math::fixed_point::divided;
use crate::math::random::Secret;
use crate::pacing::{Fluctuation, Pacing};
use crate::plan::{Limits, Retries};
use crate::time::{micros, rtt_micros, saturate};

/// The default first timeout: longer than the round-trip time of any path on Earth.
const TIMEOUT_FIRST_US: u32 = 2_000_000;
/// The default longest timeout.
const TIMEOUT_MAX_US: u32 = 60_000_000;
const RETRIES: Retries = Retries::exponential(2);
const JITTER_PERCENT: u8 = 10;
/// The shortest lateness of this process that is reported, unless set: 1 s.
const PAUSE_US: u32 = 1_000_000;

/// Collects the settings of a [`Config`]. [`build`](Self::build) checks them.
///
/// | setting | default | method |
/// |---|---|---|
/// | interval, shortest to longest | 0.9 to 4 base intervals | [`interval_between`](Self::interval_between) |
/// | first timeout, before any sample | 2 s | [`timeouts`](Self::timeouts) |
/// | timeout, shortest to longest | base / 10 to 60 s | [`timeouts`](Self::timeouts) |
/// | retries | 2, at doubling waits | [`retries`](Self::retries) |
/// | bound on detection time | none stated: the sum of interval, timeout and retries | [`detect_within`](Self::detect_within) |
/// | jitter | intervals shortened by up to 10 % | [`jitter_percent`](Self::jitter_percent) |
/// | seed | none | [`seed`](Self::seed) |
/// | replies in a row after which a dead peer is alive | 1 | [`rise`](Self::rise) |
/// | refusals in a row that suffice for `Dead` | none: the bound has to pass | [`dead_after_refusals`](Self::dead_after_refusals) |
/// | first probe | spread over one interval | [`without_initial_delay`](Self::without_initial_delay) |
/// | lateness of this process that is reported | from 1 s on | [`report_pauses_over`](Self::report_pauses_over) |
///
/// Each method checks the range of its own setting; `build` checks the settings against each
/// other, so their order does not matter. The first error is kept.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Retries};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1))
///     .detect_within(Duration::from_millis(1_500))
///     .retries(Retries::fixed(1))
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder<P = Fluctuation> {
    pub(super) config: Config<P>,
    pub(super) error: Option<ConfigError>,
}

impl<P: Pacing> Config<P> {
    /// Starts a builder with any policy, whose intervals are limited to `interval_min` to
    /// `interval_max`.
    ///
    /// # Errors
    /// [`Builder::build`] refuses limits that are zero, inverted or above 12.7 days.
    pub const fn with_policy(
        policy: P,
        interval_min: Duration,
        interval_max: Duration,
    ) -> Builder<P> {
        let max_us = micros(interval_max);
        Builder::around(policy, max_us, max_us, max_us)
            .require(check(Setting::IntervalMax, max_us, 1, SPAN_MAX_US))
            .interval_between(interval_min, interval_max)
    }

    /// Returns a builder that holds the settings of this configuration, to change some of them.
    pub const fn into_builder(self) -> Builder<P> {
        Builder {
            config: self,
            error: None,
        }
    }
}

impl<P: Pacing> Builder<P> {
    /// Returns a builder with the defaults for a base interval, and the limits of the interval.
    pub(super) const fn around(policy: P, base_us: u64, least_us: u64, most_us: u64) -> Self {
        let most_us = if most_us < SPAN_MAX_US {
            most_us
        } else {
            SPAN_MAX_US
        };
        let limits = Limits {
            interval_min_us: least_us,
            interval_max_us: most_us,
            bound_us: 0,
            timeout_first_us: TIMEOUT_FIRST_US, // above any shortest timeout
            timeout_min_us: floor_of(base_us),
            timeout_max_us: TIMEOUT_MAX_US,
            retries: RETRIES,
            jitter_percent: JITTER_PERCENT,
            rise: 1,
            refusals: 0,
        };
        Config {
            settings: Settings { policy, limits },
            seed: Secret::NONE,
            planned_us: 0,
            pause_us: PAUSE_US,
            without_initial_delay: false,
        }
        .into_builder()
    }

    /// Stores the error of a check, unless there is an earlier one.
    pub(crate) const fn require(mut self, checked: Result<(), ConfigError>) -> Self {
        keep_first(&mut self.error, checked);
        self
    }

    /// Returns the configuration as stated so far, for a builder that checks it in its own `build`.
    pub(crate) const fn unchecked(self) -> Config<P> {
        self.config
    }

    /// Checks the settings and returns the configuration.
    ///
    /// # Errors
    /// Returns the error of the first setting that was out of its own range. If there is none,
    /// returns [`Setting::DetectWithin`] if the stated bound is shorter than the shortest interval,
    /// the shortest timeout and the retries take.
    pub const fn build(self) -> Result<Config<P>, ConfigError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let limits = &self.config.settings.limits;
        if limits.bound_us > 0 {
            let (bound_us, least_us) = (limits.bound_us, limits.least_bound_us());
            ensure!(check(
                Setting::DetectWithin,
                bound_us,
                least_us,
                SPAN_MAX_US
            ));
        }
        Ok(self.config)
    }

    /// Sets the shortest and the longest steady interval, jitter included.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a `min` of zero, and a `max` below `min` or above 12.7 days.
    pub const fn interval_between(mut self, min: Duration, max: Duration) -> Self {
        let (min_us, max_us) = (micros(min), micros(max));
        let limits = &mut self.config.settings.limits;
        limits.interval_min_us = min_us;
        limits.interval_max_us = max_us;
        self.require(check(Setting::IntervalMin, min_us, 1, SPAN_MAX_US))
            .require(check(Setting::IntervalMax, max_us, min_us, SPAN_MAX_US))
    }

    /// Sets the timeout before the first sample, and the shortest and the longest one after it.
    ///
    /// The shortest timeout should be at least as long as the longest pause of a healthy peer, such
    /// as a garbage collection, because a later reply starts retries. The longest timeout is also
    /// the greatest round-trip time that can be measured.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a `min` of zero, a `max` below `min` or above 71 minutes, and
    /// a `first` outside `min` to `max`.
    pub const fn timeouts(mut self, first: Duration, min: Duration, max: Duration) -> Self {
        let (first_us, min_us, max_us) = (micros(first), micros(min), micros(max));
        let limits = &mut self.config.settings.limits;
        limits.timeout_first_us = rtt_micros(first);
        limits.timeout_min_us = rtt_micros(min);
        limits.timeout_max_us = rtt_micros(max);
        self.require(check(Setting::TimeoutMin, min_us, 1, u32::MAX as u64))
            .require(check(Setting::TimeoutMax, max_us, min_us, u32::MAX as u64))
            .require(check(Setting::TimeoutFirst, first_us, min_us, max_us))
    }

    /// Sets how an overdue probe is retried.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than [`Retries::MAX`].
    pub const fn retries(mut self, retries: Retries) -> Self {
        let count = retries.count() as u64;
        self.config.settings.limits.retries = retries;
        self.require(check(Setting::Retries, count, 0, Retries::MAX as u64))
    }

    /// States the longest time from a crash to the verdict `Dead`, if polled on time. The bound
    /// takes precedence over the policy: to keep it, the machine shortens intervals and timeouts
    /// and omits retries.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a bound that is above 12.7 days, that leaves no room for the
    /// shortest interval, the shortest timeout and the retries, or that differs from the one a
    /// [`Target`](crate::pacing::Target) plans for.
    pub const fn detect_within(mut self, bound: Duration) -> Self {
        let bound_us = micros(bound);
        let limits = &mut self.config.settings.limits;
        let (least, most) = match self.config.planned_us {
            0 if bound_us == 0 || bound_us > SPAN_MAX_US => (limits.least_bound_us(), SPAN_MAX_US),
            0 => (1, SPAN_MAX_US), // `build` compares it with the other settings
            planned_us => (planned_us, planned_us),
        };
        limits.bound_us = bound_us;
        self.require(check(Setting::DetectWithin, bound_us, least, most))
    }

    /// Sets by how much jitter may shorten an interval, in per cent; 10 unless set, 0 turns jitter
    /// off. Jitter prevents devices from sending at the same time. It never lengthens an interval,
    /// and never makes it shorter than the shortest interval.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than 50.
    pub const fn jitter_percent(mut self, percent: u8) -> Self {
        self.config.settings.limits.jitter_percent = percent;
        self.require(check(Setting::Jitter, percent as u64, 0, 50))
    }

    /// Sets the seed. It determines the jitter, the time of the first probe and the probe ids.
    ///
    /// Give each device a different seed: devices with the same seed send at the same time. A
    /// serial number is enough for that. If probe ids must be hard to guess, to protect against
    /// forged replies, take the seed from a random source.
    ///
    /// A [`Heartbeat`](crate::Heartbeat) without a seed derives its jitter from the round-trip
    /// times; a [`Monitor`](crate::Monitor) needs a seed.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses zero, which is the usual value of an empty serial number or a
    /// forgotten initialisation.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Secret(seed);
        self.require(check(Setting::Seed, seed, 1, u64::MAX))
    }

    /// Sets the number of replies in a row after which a dead peer is alive; 1 unless set. A reply
    /// after the timeout continues the row. A probe without any reply ends the row. With
    /// [`Config::target`](crate::Config::target), a row that ends with a reply to a probe sent more
    /// than a quarter of the bound ago takes at least two replies.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses zero.
    pub const fn rise(mut self, replies: u8) -> Self {
        self.config.settings.limits.rise = replies;
        self.require(check(Setting::Rise, replies as u64, 1, u8::MAX as u64))
    }

    /// Sets the number of refusals in a row that suffice for `Dead` before the bound has passed.
    /// Retries are spaced as usual, so a service that restarts between two retries is not called
    /// dead.
    ///
    /// A refusal is a probe that [failed](crate::Monitor::handle_failure) as
    /// [`Refused`](crate::Failure::Refused), [`Reset`](crate::Failure::Reset),
    /// [`InvalidReply`](crate::Failure::InvalidReply) or [`Unhealthy`](crate::Failure::Unhealthy).
    /// A probe without a reply ends the row.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses less than 2, because the first refusal only makes the peer
    /// suspect.
    pub const fn dead_after_refusals(mut self, refusals: u8) -> Self {
        self.config.settings.limits.refusals = refusals;
        self.require(check(Setting::Refusals, refusals as u64, 2, u8::MAX as u64))
    }

    /// Sends the first probe at once rather than at a random time in the first interval. Use this
    /// for a single monitor whose first verdict is needed soon. Many monitors that start together
    /// would all send at the same time.
    pub const fn without_initial_delay(mut self) -> Self {
        self.config.without_initial_delay = true;
        self
    }

    /// Sets the shortest lateness of this process that is reported as an event; 1 s unless set.
    /// Above 71 minutes none is reported. The peer's bound is extended by all lateness in any case.
    pub const fn report_pauses_over(mut self, lateness: Duration) -> Self {
        self.config.pause_us = rtt_micros(lateness);
        self
    }
}

/// Returns the default shortest timeout for a base interval: a tenth of it, at least 1 us and at
/// most 1 s. Shorter delays of a reply start no retries.
const fn floor_of(base_us: u64) -> u32 {
    match saturate(divided(base_us, 10)) {
        0 => 1,
        tenth if tenth > 1_000_000 => 1_000_000,
        tenth => tenth,
    }
}

#[cfg(test)]
mod tests;
