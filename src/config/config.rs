//! What the user states; nothing in here changes while a machine runs.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::math::random::{Secret, mix};
use crate::pacing::Statistics;
use crate::pacing::{Fluctuation, Pacing};
use crate::path::loss::LossRate;
use crate::path::rtt::RttEstimator;
use crate::path::window::Moments;
use crate::plan::{Limits, Plan, Retries};
use crate::time::{duration, micros, rtt_micros, saturate};

/// The longest interval or bound that can be configured: 2^40 us, 12.7 days.
pub(crate) const SPAN_MAX_US: u64 = 1 << 40;
/// Named spans of time.
pub(crate) struct Span;

impl Span {
    pub(crate) const MILLISECOND_US: u64 = 1_000;
    pub(crate) const DAY_US: u64 = 86_400_000_000;
    pub(crate) const CENTURY_US: u64 = 36_525 * Self::DAY_US;
}

/// The first timeout, unless set: no path on Earth takes longer on an ordinary day.
const TIMEOUT_FIRST_US: u32 = 2_000_000;
/// The longest timeout, unless set.
const TIMEOUT_MAX_US: u32 = 60_000_000;
const RETRIES: Retries = Retries::exponential(2);
const JITTER_PERCENT: u8 = 10;
/// A hitch shorter than this is nobody's business, unless set.
const PAUSE_US: u32 = 1_000_000;

/// What the user states: a policy, the limits it is held to, and how a verdict is reached.
///
/// Every constructor and builder is `const` and checks what it is given against what is set already, so a
/// `Config` that exists is one that works, and machines are built from it infallibly.
///
/// | setting | unless set | builder |
/// |---|---|---|
/// | interval, shortest to longest | 0.9 to 4 base intervals | [`interval_between`](Self::interval_between) |
/// | first timeout, before any sample | 2 s | [`timeouts`](Self::timeouts) |
/// | timeout, shortest to longest | base / 10 to 60 s | [`timeouts`](Self::timeouts) |
/// | retries | 2, at doubling waits | [`retries`](Self::retries) |
/// | bound on detection time | none stated: interval + timeout + retries | [`detect_within`](Self::detect_within) |
/// | jitter | intervals shortened by up to 10 % | [`jitter_percent`](Self::jitter_percent) |
/// | seed | none | [`seed`](Self::seed) |
/// | answers that bring a dead peer back | 1 | [`rise`](Self::rise) |
/// | refusals in a row that are enough for `Dead` | none: the bound is waited for | [`dead_after_refusals`](Self::dead_after_refusals) |
/// | first probe | spread over one interval | [`start_at_once`](Self::start_at_once) |
/// | lateness that is reported | 1 s | [`report_pauses_over`](Self::report_pauses_over) |
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Retries};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1))?
///     .detect_within(Duration::from_secs(3))?
///     .seed(0x5eed_0f_0007)?;
/// # Ok(()) }
/// ```
///
/// With the feature `serde` a configuration is read through these builders too, so one that would be refused is an error of the format, with the
/// same words: `the first timeout of 0 s is out of range: …`. Spans are whole microseconds, and what is left out is as in the table:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use core::time::Duration;
/// use systole::Config;
///
/// let config: Config = serde_json::from_str(
///     r#"{ "policy": { "every_us": 1000000 }, "detect_within_us": 3000000 }"#,
/// )
/// .unwrap();
/// assert_eq!(config.bound(), Some(Duration::from_secs(3)));
/// # }
/// ```
///
/// The policy is `{ "every_us", "gain_percent" }`, `{ "fixed_us" }`, `{ "target_us", "mistakes_at_most_one_per_us", "probes_at_most" }`, or
/// `{ "at_most_us", "of" }` around another one, with `"at_least_us"` for a lifetime that is looked for; to see all the fields, write a configuration.
///
/// A configuration is written with its seed, from which the probe ids of a [`Monitor`](crate::Monitor) follow: whoever reads it can forge
/// replies. Keep what is written as a secret, or write the configuration before its seed is set and call [`seed`](Self::seed) on what is read.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use core::time::Duration;
/// use systole::Config;
///
/// let shared = Config::every(Duration::from_secs(5)).unwrap();
/// assert!(serde_json::to_string(&shared).unwrap().contains(r#""seed":null"#));
/// assert!(serde_json::to_string(&shared.seed(77).unwrap()).unwrap().contains(r#""seed":77"#)); // a secret
/// # }
/// ```
///
/// In a `const`, where `?` is not to be had, a bad setting stops the compiler:
///
/// ```
/// use core::time::Duration;
/// use systole::Config;
///
/// const CONFIG: Config = match Config::every(Duration::from_secs(5)) {
///     Ok(config) => config,
///     Err(_) => panic!("the interval is out of range"),
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config<P = Fluctuation> {
    pub(crate) settings: Settings<P>,
    /// 0: none.
    pub(crate) seed: Secret,
    /// The bound that the policy plans for: no other may be stated; 0: any.
    pub(crate) planned_us: u64,
    pub(crate) pause_us: u32,
    pub(crate) start_at_once: bool,
}

/// The part of a configuration that a running machine consults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Settings<P> {
    pub(crate) policy: P,
    pub(crate) limits: Limits,
}

impl<P: Pacing> Config<P> {
    /// How far the first probe is put off: uniformly in an interval as jitter has it; in a whole one, those who start last would meet those
    /// who beat for the second time.
    #[allow(clippy::cast_possible_truncation)] // 16 bits are wanted
    #[inline(never)]
    pub(crate) fn start_delay_us(&self) -> u64 {
        if self.start_at_once {
            return 0;
        }
        let draw = mix(!self.seed.0);
        let (share, jitter) = (draw >> 40, draw as u32 & 0xffff);
        let interval_us = self.settings.first_plan().interval_us();
        let interval_us = self.settings.limits.jittered(interval_us, jitter);
        (interval_us * share) >> 24 // no interval is over 2^40: the product fits
    }
}

impl<P: Pacing> Settings<P> {
    /// Draws up the plan of the policy, as it fits the limits.
    #[allow(clippy::trivially_copy_pass_by_ref)] // so that they are read where they are needed, not before
    #[allow(clippy::inline_always)] // on the way of every sample
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))] // once is enough
    pub(crate) fn plan(
        &self,
        state: &P::State,
        path: &Statistics<'_>,
        pushbacks: &u8,
        plan: &mut Plan,
    ) {
        let wish = self.policy.plan(state, path);
        let ceiling_us = self.policy.ceiling(state).map_or(u64::MAX, micros);
        self.limits.fit(wish, *pushbacks, ceiling_us, plan);
    }

    /// A copy; see [`Limits::copied`].
    pub(crate) const fn copied(&self) -> Self {
        Self {
            policy: self.policy,
            limits: self.limits.copied(),
        }
    }

    /// The plan before anything is known of the path.
    #[allow(clippy::inline_always)] // a result of this size would be copied by the library's `memcpy`
    #[inline(always)]
    pub(crate) fn first_plan(&self) -> Plan {
        let path = Statistics {
            moments: const { &Moments::new() },
            rtt: const { &RttEstimator::new() },
            loss: const { &LossRate::new() },
            limits: &self.limits,
        };
        let mut plan = Plan::from_micros(0, 0);
        self.plan(&P::INITIAL, &path, &0, &mut plan);
        plan
    }
}

impl<P: Pacing> Config<P> {
    /// A configuration for any policy whose intervals shall lie between `interval_min` and `interval_max`.
    ///
    /// # Errors
    /// Where the bounds are zero, inverted or above 12.7 days.
    pub const fn with_policy(
        policy: P,
        interval_min: Duration,
        interval_max: Duration,
    ) -> Result<Self, ConfigError> {
        let max_us = micros(interval_max);
        ensure!(check(Setting::IntervalMax, max_us, 1, SPAN_MAX_US));
        Self::around(policy, max_us, max_us, max_us).interval_between(interval_min, interval_max)
    }

    pub(super) const fn around(policy: P, base_us: u64, least_us: u64, most_us: u64) -> Self {
        let timeout_min = floor_of(base_us);
        Self {
            settings: Settings {
                policy,
                limits: Limits {
                    interval_min_us: least_us,
                    interval_max_us: if most_us < SPAN_MAX_US {
                        most_us
                    } else {
                        SPAN_MAX_US
                    },
                    bound_us: 0,
                    timeout_first_us: TIMEOUT_FIRST_US, // above any floor
                    timeout_min_us: timeout_min,
                    timeout_max_us: TIMEOUT_MAX_US,
                    retries: RETRIES,
                    jitter_percent: JITTER_PERCENT,
                    rise: 1,
                    refusals: 0,
                },
            },
            seed: Secret::NONE,
            planned_us: 0,
            pause_us: PAUSE_US,
            start_at_once: false,
        }
    }

    /// The shortest and the longest steady interval, jitter included.
    ///
    /// # Errors
    /// Where `min` is zero, `max` is below `min` or above 12.7 days, or a stated bound leaves no room for `min`.
    pub const fn interval_between(
        mut self,
        min: Duration,
        max: Duration,
    ) -> Result<Self, ConfigError> {
        let limits = &mut self.settings.limits;
        ensure!(check(Setting::IntervalMin, micros(min), 1, SPAN_MAX_US));
        ensure!(check(
            Setting::IntervalMax,
            micros(max),
            micros(min),
            SPAN_MAX_US
        ));
        if limits.bound_us > 0 {
            let room = limits.bound_us.saturating_sub(limits.tail_min_us());
            ensure!(check(Setting::IntervalMin, micros(min), 1, room));
        }
        limits.interval_min_us = micros(min);
        limits.interval_max_us = micros(max);
        Ok(self)
    }

    /// The timeout before there is a sample, and the shortest and the longest one after.
    ///
    /// The shortest should be no less than what the peer may take on a bad day, such as a garbage collection: once
    /// an answer is that late, retries begin. The longest is the greatest round-trip time that is ever waited for.
    ///
    /// # Errors
    /// Where `min` is zero, `max` is below `min` or over 71 minutes, `first` lies outside of the two, or a stated
    /// bound leaves no room for the retries.
    pub const fn timeouts(
        mut self,
        first: Duration,
        min: Duration,
        max: Duration,
    ) -> Result<Self, ConfigError> {
        let (first_us, min_us, max_us) = (micros(first), micros(min), micros(max));
        ensure!(check(Setting::TimeoutMin, min_us, 1, u32::MAX as u64));
        ensure!(check(Setting::TimeoutMax, max_us, min_us, u32::MAX as u64));
        ensure!(check(Setting::TimeoutFirst, first_us, min_us, max_us));
        self.settings.limits.timeout_first_us = rtt_micros(first);
        self.settings.limits.timeout_min_us = rtt_micros(min);
        self.settings.limits.timeout_max_us = rtt_micros(max);
        self.checked(Setting::TimeoutMin, min_us, 1)
    }

    /// How an overdue probe is asked again.
    ///
    /// # Errors
    /// More than [`Retries::MAX`], or more than fit into a stated bound at the shortest timeout.
    pub const fn retries(mut self, retries: Retries) -> Result<Self, ConfigError> {
        ensure!(check(
            Setting::Retries,
            retries.count() as u64,
            0,
            Retries::MAX as u64
        ));
        self.settings.limits.retries = retries;
        self.checked(Setting::Retries, retries.count() as u64, 0)
    }

    /// The longest time from a crash to the verdict `Dead`, if polled on time. It comes before the policy's wishes:
    /// intervals are shortened, retries shed and timeouts cut to keep it.
    ///
    /// # Errors
    /// Where the shortest interval, the shortest timeout and the retries do not fit, or above 12.7 days; under a
    /// [`Target`](crate::pacing::Target), where it differs from the bound that the planner plans for.
    pub const fn detect_within(mut self, bound: Duration) -> Result<Self, ConfigError> {
        let limits = &mut self.settings.limits;
        if self.planned_us > 0 {
            let (least, most) = (self.planned_us, self.planned_us);
            ensure!(check(Setting::DetectWithin, micros(bound), least, most));
        }
        let least = limits.interval_min_us.saturating_add(limits.tail_min_us());
        ensure!(check(
            Setting::DetectWithin,
            micros(bound),
            least,
            SPAN_MAX_US
        ));
        limits.bound_us = micros(bound);
        Ok(self)
    }

    /// How far jitter may shorten an interval, so that devices do not beat in step; 10 unless set, 0 turns it off.
    /// It never lengthens an interval, and never takes it below the shortest.
    ///
    /// # Errors
    /// Above 50.
    pub const fn jitter_percent(mut self, percent: u8) -> Result<Self, ConfigError> {
        ensure!(check(Setting::Jitter, percent as u64, 0, 50));
        self.settings.limits.jitter_percent = percent;
        Ok(self)
    }

    /// The device's seed: its jitter, the spread of its first probe and its probe ids follow from it.
    ///
    /// Never use a constant, since devices with the same seed send in step. A serial number is enough
    /// to prevent that. Where strangers can send packets to the device, draw the seed from a random
    /// source: whoever guesses it can forge replies.
    ///
    /// A [`Heartbeat`](crate::Heartbeat) without a seed draws its jitter from the round-trip times; a
    /// [`Monitor`](crate::Monitor) refuses to be without one.
    ///
    /// # Errors
    /// Zero, which is what an empty serial number and a forgotten initialisation look like.
    pub const fn seed(mut self, seed: u64) -> Result<Self, ConfigError> {
        ensure!(check(Setting::Seed, seed, 1, u64::MAX));
        self.seed = Secret(seed);
        Ok(self)
    }

    /// How many answers in a row bring a dead peer back; 1 unless set.
    ///
    /// # Errors
    /// Zero.
    pub const fn rise(mut self, answers: u8) -> Result<Self, ConfigError> {
        ensure!(check(Setting::Rise, answers as u64, 1, u8::MAX as u64));
        self.settings.limits.rise = answers;
        Ok(self)
    }

    /// Calls the peer dead after so many refusals in a row, though its bound has not passed: it answered that nothing serves there. Retries
    /// are spaced as ever, and so a service that restarts within them is not dead.
    ///
    /// A refusal is a probe that [failed](crate::Monitor::handle_failure) as [`Refused`](crate::Failure::Refused),
    /// [`Reset`](crate::Failure::Reset), [`Garbage`](crate::Failure::Garbage) or [`Unhealthy`](crate::Failure::Unhealthy). One that merely was
    /// not answered ends the row.
    ///
    /// # Errors
    /// Below 2: the first one makes the peer suspect.
    pub const fn dead_after_refusals(mut self, refusals: u8) -> Result<Self, ConfigError> {
        ensure!(check(Setting::Refusals, refusals as u64, 2, u8::MAX as u64));
        self.settings.limits.refusals = refusals;
        Ok(self)
    }

    /// Sends the first probe at once rather than at a random moment of the first interval. For a single monitor
    /// that someone is waiting for; a fleet that starts this way starts in step.
    #[must_use]
    pub const fn start_at_once(mut self) -> Self {
        self.start_at_once = true;
        self
    }

    /// Reports our own lateness as an event where it is at least `lateness`, up to 71 minutes; none is reported where that is longer. All lateness is
    /// credited to the peer in any case.
    #[must_use]
    pub const fn report_pauses_over(mut self, lateness: Duration) -> Self {
        self.pause_us = rtt_micros(lateness);
        self
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn is_pause(&self, late_us: u64) -> bool {
        self.pause_us < u32::MAX && late_us >= u64::from(self.pause_us)
    }

    const fn checked(self, setting: Setting, value: u64, min: u64) -> Result<Self, ConfigError> {
        let limits = &self.settings.limits;
        let least = limits.interval_min_us.saturating_add(limits.tail_min_us());
        if limits.bound_us > 0 && least > limits.bound_us {
            return Err(limits.too_much(setting, value, min));
        }
        Ok(self)
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &P {
        &self.settings.policy
    }

    /// The shortest steady interval.
    #[must_use]
    pub const fn interval_min(&self) -> Duration {
        duration(self.settings.limits.interval_min_us)
    }

    /// The longest steady interval.
    #[must_use]
    pub const fn interval_max(&self) -> Duration {
        duration(self.settings.limits.interval_max_us)
    }

    /// The shortest timeout.
    #[must_use]
    pub const fn timeout_min(&self) -> Duration {
        duration(self.settings.limits.timeout_min_us as u64)
    }

    /// The longest timeout.
    #[must_use]
    pub const fn timeout_max(&self) -> Duration {
        duration(self.settings.limits.timeout_max_us as u64)
    }

    /// The stated bound on detection time, if any.
    #[must_use]
    pub const fn bound(&self) -> Option<Duration> {
        match self.settings.limits.bound_us {
            0 => None,
            bound_us => Some(duration(bound_us)),
        }
    }

    /// How many refusals in a row are enough for `Dead`, if that is configured.
    #[must_use]
    pub const fn refusals(&self) -> Option<u8> {
        match self.settings.limits.refusals {
            0 => None,
            refusals => Some(refusals),
        }
    }

    /// Whether the device's seed is set.
    #[must_use]
    pub const fn is_seeded(&self) -> bool {
        self.seed.0 != 0
    }
}

impl Limits {
    /// What the retries take at the shortest timeout.
    const fn tail_min_us(&self) -> u64 {
        self.timeout_min_us as u64 * self.retries.total_weight() as u64
    }

    /// The refusal of a `value` that leaves no room beside the stated bound.
    const fn too_much(&self, setting: Setting, value: u64, min: u64) -> ConfigError {
        let room = self.bound_us.saturating_sub(self.interval_min_us);
        let max = match setting {
            Setting::TimeoutMin => room / self.retries.total_weight() as u64,
            _ => self.retries_that_fit(room),
        };
        ConfigError {
            setting,
            value,
            min,
            max,
        }
    }

    const fn retries_that_fit(&self, room: u64) -> u64 {
        let mut fewer = self.retries;
        while fewer.count() > 0 && fewer.total_weight() as u64 * self.timeout_min_us as u64 > room {
            fewer = fewer.less_one();
        }
        fewer.count() as u64
    }
}

/// The shortest timeout beside a base interval: a tenth of it, so that a hitch that short sets off no retries. Up to 1 s, at least 1 us.
const fn floor_of(base_us: u64) -> u32 {
    match saturate(base_us / 10) {
        0 => 1,
        tenth if tenth > 1_000_000 => 1_000_000,
        tenth => tenth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn every_five_seconds() {
        let config = Config::every(Duration::from_secs(5)).unwrap();
        assert_eq!(config.interval_min(), Duration::from_millis(4_500));
        assert_eq!(config.interval_max(), Duration::from_secs(20));
        assert_eq!(config.bound(), None);
    }

    #[test]
    fn a_bound_says_what_it_needs() {
        let error = Config::every(SECOND)
            .unwrap()
            .detect_within(SECOND)
            .unwrap_err();
        assert_eq!(error.setting(), Setting::DetectWithin);
        assert_eq!(error.value(), 1_000_000);
        assert_eq!(error.range(), (900_000 + 7 * 100_000, SPAN_MAX_US));
    }

    #[test]
    fn retries_that_do_not_fit_the_bound_say_how_many_do() {
        let config = Config::every(SECOND)
            .unwrap()
            .detect_within(Duration::from_secs(3))
            .unwrap();
        let error = config.retries(Retries::exponential(5)).unwrap_err();
        assert_eq!((error.setting(), error.range()), (Setting::Retries, (0, 3)));
    }
}
