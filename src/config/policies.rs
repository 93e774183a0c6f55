//! Where a configuration begins: with a policy.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::config::{Config, SPAN_MAX_US, Span};
use crate::pacing::{Fixed, Fluctuation, Lifetime, Reach, Target};
use crate::plan::Retries;
use crate::time::{micros, saturate};

impl Config<Fluctuation> {
    /// The founding rule: an interval of `base` on a steady path, longer on an unsteady one.
    ///
    /// Intervals lie between 0.9 and 4 times `base`. See [`Fluctuation`] for what the rule is good for, and what it is not.
    ///
    /// # Errors
    /// Where `base` is below 1 us or above 12.7 days.
    pub const fn every(base: Duration) -> Result<Self, ConfigError> {
        let base_us = micros(base);
        ensure!(check(Setting::Interval, base_us, 1, SPAN_MAX_US));
        let least = base_us - base_us / 10;
        Ok(Self::around(
            Fluctuation::new(base),
            base_us,
            least,
            4 * base_us,
        ))
    }

    /// How much of the fluctuation lengthens the interval: 100 % unless set; 0 keeps it at its base.
    ///
    /// # Errors
    /// Above 1,000 %.
    pub const fn gain_percent(mut self, percent: u16) -> Result<Self, ConfigError> {
        ensure!(check(Setting::Gain, percent as u64, 0, 1_000));
        self.settings.policy = self.settings.policy.with_gain_percent(percent);
        Ok(self)
    }
}

impl Config<Fixed> {
    /// The same interval whatever the path does. Timeouts and retries still follow the round-trip times.
    ///
    /// # Errors
    /// Where `interval` is below 1 us or above 12.7 days.
    pub const fn fixed(interval: Duration) -> Result<Self, ConfigError> {
        let interval_us = micros(interval);
        ensure!(check(Setting::Interval, interval_us, 1, SPAN_MAX_US));
        let least = interval_us - interval_us / 10;
        Ok(Self::around(
            Fixed::new(interval),
            interval_us,
            least,
            interval_us,
        ))
    }
}

impl Config<Lifetime<Fixed>> {
    /// As seldom as what is on the way survives: finds the longest interval within `reach`, and keeps to it. See [`Lifetime`].
    ///
    /// Intervals lie between the shortest and the longest of `reach`; jitter shortens them by up to 2 %, and there are 3 retries. A peer that is called dead is asked
    /// as often as the search began. The bound is an interval and its retries, and so long: this keeps a flow open, it is not quick to
    /// notice a failure.
    ///
    /// # Errors
    /// None that [`Reach`] has not refused before.
    pub const fn lifetime(reach: Reach) -> Result<Self, ConfigError> {
        let (least_us, most_us) = (micros(reach.least()), micros(reach.most()));
        ensure!(check(Setting::LifetimeMin, least_us, 1, most_us));
        let policy = Lifetime::search(Fixed::new(reach.most()), reach);
        let mut config = Self::around(policy, least_us, least_us, most_us);
        config.settings.limits.retries = LIFETIME_RETRIES;
        config.jitter_percent(LIFETIME_JITTER_PERCENT)
    }
}

/// Every per cent of jitter is half a per cent more probes, and devices with lifetimes of their own do not beat in step for long.
const LIFETIME_JITTER_PERCENT: u8 = 2;
/// One more than usual: four losses in a row taken for a lost flow are dear, and nothing here is in a hurry.
const LIFETIME_RETRIES: Retries = Retries::exponential(3);

impl Config<Target> {
    /// Detects failures within `within`, and is wrong at most once a day; interval, timeout and retries follow from what the path is
    /// measured to do.
    ///
    /// The bound is a guarantee; the time between mistakes is audited ([`Promise`](crate::Promise)), and is ten bounds where those are longer
    /// than a day. [`detect_within`](Self::detect_within) refuses to state another bound afterwards: the planner plans for this one.
    ///
    /// ```
    /// use core::time::Duration;
    /// use systole::pacing::Target;
    /// use systole::{Config, Instant, Monitor};
    ///
    /// const WEEK: Duration = Duration::from_secs(7 * 86_400);
    /// # fn main() -> Result<(), systole::ConfigError> {
    /// let config = Config::target(Duration::from_secs(10))?
    ///     .mistakes_at_most_one_per(WEEK)?
    ///     .probes_at_most(500)? // in 1,000 s
    ///     .seed(0x5eed_0f_0007)?;
    /// let monitor = Monitor::<32, Target>::new(config, Instant::ZERO)?;
    /// let plan = monitor.snapshot(Instant::ZERO).heart.plan;
    /// assert_eq!(plan.bound(), Duration::from_secs(10));
    /// assert_eq!(plan.interval().as_millis(), 2_000); // as often as the budget allows, until the path is known
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Where `within` is below 1 ms or above 12.7 days.
    pub const fn target(within: Duration) -> Result<Self, ConfigError> {
        let bound_us = micros(within);
        ensure!(check(
            Setting::DetectWithin,
            bound_us,
            Span::MILLISECOND_US,
            SPAN_MAX_US
        ));
        let target = Target::new(within);
        let mut config = Self::around(target, bound_us, bound_us / 25, bound_us / 100 * 95);
        config.planned_us = bound_us;
        let limits = &mut config.settings.limits;
        limits.bound_us = bound_us;
        limits.timeout_min_us = saturate(bound_us / 50);
        limits.timeout_max_us = saturate(bound_us / 25 * 24);
        limits.timeout_first_us = saturate(bound_us / 14);
        limits.retries = Retries::closing(0);
        Ok(config)
    }

    /// The least expected time from one mistake to the next; a day unless set, or ten bounds where those are longer.
    ///
    /// # Errors
    /// Where it is below ten bounds or above a century.
    pub const fn mistakes_at_most_one_per(mut self, apart: Duration) -> Result<Self, ConfigError> {
        match self.settings.policy.with_recurrence(apart) {
            Ok(target) => self.settings.policy = target,
            Err(error) => return Err(error),
        }
        Ok(self)
    }

    /// The most steady probes in 1,000 seconds; without limit unless set. Where it is in the way of the other requirements, the
    /// [promise](crate::Promise) says so.
    ///
    /// # Errors
    /// Fewer than two a bound.
    pub const fn probes_at_most(mut self, in_1000_s: u32) -> Result<Self, ConfigError> {
        match self.settings.policy.with_budget(in_1000_s) {
            Ok(target) => self.settings.policy = target,
            Err(error) => return Err(error),
        }
        Ok(self)
    }

    /// The same planner that learns nothing and keeps to one interval, at most 95 % of the bound: to
    /// measure what adaptation is worth on a network, run both.
    #[must_use]
    pub const fn without_adaptation(mut self, interval: Duration) -> Self {
        self.settings.policy = self.settings.policy.frozen(interval);
        self
    }
}
