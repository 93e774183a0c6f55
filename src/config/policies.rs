//! The policies with which a configuration starts.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check};
use crate::config::{Builder, Config, SPAN_MAX_US, Settings, Span};
use crate::math::fixed_point::divided;
use crate::pacing::{AnyPolicy, Fixed, Fluctuation, Lifetime, LifetimeRange, Target};
use crate::plan::Retries;
use crate::time::{micros, saturate};

impl Config<Fluctuation> {
    /// Starts a builder with the fluctuation rule: the interval is `base` on a steady path and
    /// longer on an unsteady one, within 0.9 and 4 times `base`. See [`Fluctuation`].
    ///
    /// # Errors
    /// [`Builder::build`] refuses a `base` below 1 us or above 12.7 days.
    pub const fn every(base: Duration) -> Builder<Fluctuation> {
        let base_us = micros(base);
        let least_us = base_us - divided(base_us, 10);
        let most_us = base_us.saturating_mul(4);
        Builder::around(Fluctuation::new(base), base_us, least_us, most_us).require(check(
            Setting::Interval,
            base_us,
            1,
            SPAN_MAX_US,
        ))
    }
}

impl Builder<Fluctuation> {
    /// Sets how much of the fluctuation lengthens the interval, in per cent; 100 unless set, 0
    /// keeps the interval at its base.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than 1,000.
    pub const fn gain_percent(mut self, percent: u16) -> Self {
        let policy = &mut self.config.settings.policy;
        *policy = policy.with_gain_percent(percent);
        self.require(check(Setting::Gain, percent as u64, 0, 1_000))
    }
}

impl Config<Fixed> {
    /// Starts a builder with a constant interval. Timeouts and retries still follow the round-trip
    /// times.
    ///
    /// # Errors
    /// [`Builder::build`] refuses an `interval` below 1 us or above 12.7 days.
    pub const fn fixed(interval: Duration) -> Builder<Fixed> {
        let us = micros(interval);
        Builder::around(Fixed::new(interval), us, us - divided(us, 10), us).require(check(
            Setting::Interval,
            us,
            1,
            SPAN_MAX_US,
        ))
    }
}

impl Config<Lifetime<Fixed>> {
    /// Starts a builder with a search for the longest interval within `reach` that the NATs and
    /// load balancers on the path allow. See [`Lifetime`].
    ///
    /// Jitter shortens intervals by up to 2 %, and there are 3 retries. A dead peer is probed at
    /// the interval with which the search began. The bound is the sum of an interval and its
    /// retries, so it is long: this policy keeps a flow open and does not detect failures quickly.
    ///
    /// # Errors
    /// [`Builder::build`] returns no error because of `reach`: [`LifetimeRange`] has already
    /// refused values out of range.
    pub const fn lifetime(reach: LifetimeRange) -> Builder<Lifetime<Fixed>> {
        let (least_us, most_us) = (micros(reach.least()), micros(reach.most()));
        let policy = Lifetime::search(Fixed::new(reach.most()), reach);
        Builder::around(policy, least_us, least_us, most_us)
            .require(check(Setting::LifetimeMin, least_us, 1, most_us))
            .retries(LIFETIME_RETRIES)
            .jitter_percent(LIFETIME_JITTER_PERCENT)
    }
}

/// The jitter of the lifetime policy, in per cent. Each per cent costs half a per cent more probes,
/// and devices that find different lifetimes soon send at different times anyway.
const LIFETIME_JITTER_PERCENT: u8 = 2;
/// One more than the default, because it is expensive to mistake lost packets for a lost flow. This
/// policy has no bound that would limit the number of retries.
const LIFETIME_RETRIES: Retries = Retries::exponential(3);

impl Config<Target> {
    /// Starts a builder with the planner, which detects failures within `within` and makes at most
    /// one mistake a day in expectation. It derives interval, timeout and retries from measurements
    /// of the path.
    ///
    /// The bound is a guarantee. The time between mistakes is an expectation, which the machine
    /// audits ([`Promise`](crate::plan::Promise)). It is a day, or ten bounds if that is longer,
    /// unless [set](Builder::mistakes_at_most_one_per).
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::pacing::Target;
    /// use systole::{Config, Instant, Monitor};
    ///
    /// const WEEK: Duration = Duration::from_secs(7 * 86_400);
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// let config = Config::target(Duration::from_secs(10))
    ///     .mistakes_at_most_one_per(WEEK)
    ///     .probes_at_most(500) // in 1,000 s
    ///     .seed(0x5eed_0f_0007)
    ///     .build()?;
    /// let monitor = Monitor::new(config, Instant::ZERO)?;
    /// let plan = monitor.snapshot(Instant::ZERO).path.plan;
    /// assert_eq!(plan.bound(), Duration::from_secs(10));
    /// // until the path is known, the shortest interval that the budget allows
    /// assert_eq!(plan.interval().as_millis(), 2_000);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Builder::build`] refuses a bound below 1 ms or above 12.7 days.
    pub const fn target(within: Duration) -> Builder<Target> {
        let bound_us = micros(within);
        let target = Target::new(within);
        let (least_us, most_us) = (divided(bound_us, 25), divided(bound_us, 100) * 95);
        let mut builder = Builder::around(target, bound_us, least_us, most_us);
        builder.config.planned_us = bound_us;
        let limits = &mut builder.config.settings.limits;
        limits.bound_us = bound_us;
        limits.timeout_min_us = saturate(divided(bound_us, 50));
        limits.timeout_max_us = saturate(least_us * 24);
        limits.timeout_first_us = saturate(divided(bound_us, 14));
        limits.retries = Retries::closing(0);
        builder.require(check(
            Setting::DetectWithin,
            bound_us,
            Span::MILLISECOND_US,
            SPAN_MAX_US,
        ))
    }

    /// Turns adaptation off: the planner learns nothing and keeps `interval`, limited to 95 % of
    /// the bound. Run one planner with adaptation and one without to measure the gain of adaptation
    /// on a network.
    #[must_use]
    pub const fn without_adaptation(mut self, interval: Duration) -> Self {
        self.settings.policy = self.settings.policy.frozen(interval);
        self
    }
}

impl Builder<Target> {
    /// Sets the shortest expected time from one mistake to the next; a day unless set, or ten
    /// bounds if that is longer.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses less than ten bounds and more than a century.
    pub const fn mistakes_at_most_one_per(self, apart: Duration) -> Self {
        let policy = self.config.settings.policy.with_recurrence(apart);
        self.replanned(policy)
    }

    /// Sets the largest number of steady probes in 1,000 seconds; no limit unless set. If this
    /// limit conflicts with the other requirements, the [promise](crate::plan::Promise) reports the
    /// conflict.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses fewer than two per bound.
    pub const fn probes_at_most(self, in_1000_s: u32) -> Self {
        let policy = self.config.settings.policy.with_budget(in_1000_s);
        self.replanned(policy)
    }

    /// Replaces the policy, or stores its error.
    const fn replanned(mut self, policy: Result<Target, ConfigError>) -> Self {
        match policy {
            Ok(policy) => {
                self.config.settings.policy = policy;
                self
            }
            Err(error) => self.require(Err(error)),
        }
    }
}

impl<P> Config<P> {
    /// Returns the same configuration for machines whose policy is chosen at run time.
    pub fn into_any(self) -> Config<AnyPolicy>
    where
        P: Into<AnyPolicy> + Copy,
    {
        let policy = self.settings.policy.into();
        self.with(policy)
    }

    /// Returns the same configuration with another policy.
    pub(super) fn with<Q>(self, policy: Q) -> Config<Q> {
        let limits = self.settings.limits;
        Config {
            settings: Settings { policy, limits },
            seed: self.seed,
            planned_us: self.planned_us,
            pause_us: self.pause_us,
            without_initial_delay: self.without_initial_delay,
        }
    }
}

#[cfg(feature = "serde")]
impl<P: Into<AnyPolicy> + Copy> Builder<P> {
    pub(super) fn into_any(self) -> Builder<AnyPolicy> {
        Builder {
            config: self.config.into_any(),
            error: self.error,
        }
    }
}
