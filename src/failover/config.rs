//! The configuration of a group. It does not change while the group runs.

use core::time::Duration;

use crate::config::Config as MonitorConfig;
use crate::config::SPAN_MAX_US;
use crate::config::error::{ConfigError, Setting, check, ensure, keep_first};
use crate::pacing::{Fixed, Pacing};
use crate::path::early_warning::EarlyWarning;
use crate::plan::Retries;
use crate::time::{duration, micros};

#[cfg(feature = "serde")]
mod serde;

/// Which of several available endpoints is the best.
///
/// An endpoint whose path is [as usual](crate::path::EarlyWarning) is better than any whose path is
/// worse than usual. Among endpoints that are equal in this, the preference decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Preference {
    /// The first endpoint in the list is the best.
    #[default]
    Order,
    /// The endpoint with the shortest smoothed round-trip time is the best. A group returns only to
    /// an endpoint that takes less than 3/4 of the time of the active one.
    Rtt,
    /// The endpoint of the greatest weight is the best. Where [loads](crate::Failover::handle_load)
    /// are reported, it is the endpoint with the greatest product of weight and spare capacity, and
    /// a group returns only to an endpoint whose product is more than 4/3 of that of the active
    /// one.
    Weight,
}

/// What a group does when a better endpoint than the active one is healthy again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Failback {
    /// The group stays with the active endpoint.
    #[default]
    Stay,
    /// The group returns to the better endpoint once that has been healthy for the hold-down and
    /// the group has not switched for as long.
    Prefer,
}

/// What makes a group leave the active endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SwitchOn {
    /// The group leaves the active endpoint when that is dead, or too slow to be of use.
    #[default]
    Failure,
    /// The group leaves the active endpoint when that is suspected and another one has replied
    /// since. One lost probe is enough. This is quick, and meant for networks without loss.
    Suspicion,
    /// The group leaves the active endpoint when that has failed. It also does so when the path of
    /// the active endpoint is worse than usual by the [early warning](crate::path::EarlyWarning),
    /// and another endpoint, whose path is as usual, has been healthy for the hold-down.
    ///
    /// A warning does not quarantine an endpoint, and causes no switch within a hold-down of the
    /// last switch.
    Warning,
}

/// The configuration of a [`Failover`](crate::Failover): how it probes its endpoints and how it
/// decides. A [`Builder`] creates it.
///
/// ```
/// use core::time::Duration;
/// use systole::failover::{self, Failback, Preference};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = failover::Config::builder()
///     .preference(Preference::Weight)
///     .failback(Failback::Prefer)
///     .seed(0x5eed_0f_0007)
///     .build()?;
/// assert_eq!(config.bound(), Duration::from_millis(1_000 + 3 * 800));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config<P = Fixed> {
    pub(crate) active: MonitorConfig<P>,
    pub(super) standby: MonitorConfig<P>,
    pub(super) rules: Rules,
}

/// The settings that decisions depend on. Spans are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Rules {
    pub(super) request_us: u64,
    pub(super) quarantine_us: u64,
    pub(super) quarantine_max_us: u64,
    pub(super) hold_us: u64,
    pub(super) preference: Preference,
    pub(super) failback: Failback,
    pub(super) switch_on: SwitchOn,
    pub(super) warn_above: u16,
    /// How many probes in a row without a reply in time make a failure.
    pub(super) tries: u8,
    pub(super) enabled: bool,
}

impl Rules {
    /// The rules of a group without endpoints, which decides nothing. They are all zeros, for
    /// memory that is zeroed at the start.
    pub(super) const NONE: Self = Self {
        request_us: 0,
        quarantine_us: 0,
        quarantine_max_us: 0,
        hold_us: 0,
        preference: Preference::Order,
        failback: Failback::Stay,
        switch_on: SwitchOn::Failure,
        warn_above: 0,
        tries: 0,
        enabled: false,
    };

    /// Returns a new early warning with the configured threshold.
    pub(super) const fn warning(&self) -> EarlyWarning {
        EarlyWarning::new().warn_above(self.warn_above)
    }

    /// Returns how long the group waits before it switches to an endpoint that is back. In this
    /// time it can probe each of the others once more and get a reply.
    pub(super) const fn grace_us(&self) -> u64 {
        self.request_us.saturating_mul(2)
    }

    /// Returns how long an endpoint has to be healthy after an outage before its health counts as
    /// lasting.
    pub(super) fn settled_us(&self) -> u64 {
        self.hold_us.max(self.grace_us())
    }
}

impl<P: Pacing> Config<P> {
    /// Starts a builder for a group that probes its active endpoint with the configuration `active`
    /// and all others with `standby`, which should probe less often.
    ///
    /// The request timeout is the interval of `active` or its longest timeout, whichever is
    /// shorter. A reply that takes longer is of no use, so all timeouts of both configurations are
    /// limited to it. [`request_timeout`](Builder::request_timeout) sets another one. The number of
    /// retries is that of each configuration.
    pub const fn probing(active: MonitorConfig<P>, standby: MonitorConfig<P>) -> Builder<P> {
        Builder::around(active, standby, active.settings.limits.request_us())
    }

    /// Returns a builder that holds these settings, to change some of them.
    pub const fn into_builder(self) -> Builder<P> {
        Builder {
            config: self,
            error: None,
        }
    }

    /// Returns the longest time from the crash of the active endpoint to the decision that it
    /// failed, for any behaviour of the path, if the group is polled on time.
    ///
    /// The bound is the stated one. Where none is stated, it is the longest interval plus the
    /// longest timeout of the first probe and of each retry. The switch follows as soon as another
    /// endpoint has replied to a probe that was sent after the suspicion began, which has usually
    /// happened by then.
    #[must_use]
    pub const fn bound(&self) -> Duration {
        let limits = &self.active.settings.limits;
        if limits.bound_us > 0 {
            return duration(limits.bound_us);
        }
        let tail =
            (limits.timeout_max_us as u64).saturating_mul(limits.retries.total_weight() as u64);
        duration(limits.interval_max_us.saturating_add(tail))
    }
}

impl Config<Fixed> {
    /// Starts a builder with its defaults: the active endpoint is probed every second, the others
    /// every 5 s, with a request timeout of 800 ms and 2 retries. Only the seed is missing.
    pub const fn builder() -> Builder<Fixed> {
        Builder::fixed()
    }
}

/// Collects the settings of a [`failover::Config`](crate::failover::Config). [`build`](Self::build)
/// checks them.
///
/// | setting | default | method |
/// |---|---|---|
/// | probing of the active endpoint, and of the others | every 1 s, every 5 s | [`probing`](crate::failover::Config::probing) |
/// | request timeout | 800 ms; with [`probing`](crate::failover::Config::probing) the interval of the active endpoint or its longest timeout, whichever is shorter | [`request_timeout`](Self::request_timeout) |
/// | retries | 2, one timeout apart | [`retries`](Self::retries) |
/// | fail-over | on | [`enabled`](Self::enabled) |
/// | quarantine | 30 s, doubled with each failure, up to 5 min | [`quarantine`](Self::quarantine) |
/// | hold-down | 30 s | [`hold_down`](Self::hold_down) |
/// | best endpoint | the first | [`preference`](Self::preference) |
/// | return to a better endpoint | stay | [`failback`](Self::failback) |
/// | switch on | failure | [`switch_on`](Self::switch_on) |
/// | threshold of warnings | 12 octaves | [`warn_above`](Self::warn_above) |
/// | seed | none | [`seed`](Self::seed) |
///
/// Each method checks the range of its own setting; `build` checks the settings against each other.
/// The first error is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder<P = Fixed> {
    config: Config<P>,
    error: Option<ConfigError>,
}

impl Builder<Fixed> {
    const fn fixed() -> Self {
        let active = MonitorConfig::fixed(Duration::from_secs(1));
        let standby = MonitorConfig::fixed(Duration::from_secs(5));
        Self::around(active.unchecked(), standby.unchecked(), u32::MAX)
            .request_timeout(Duration::from_millis(800))
            .retries(2)
    }
}

impl<P: Pacing> Builder<P> {
    /// Returns a builder with the defaults and a request timeout of `request_us`, to which all
    /// other timeouts are limited.
    pub(super) const fn around(
        mut active: MonitorConfig<P>,
        mut standby: MonitorConfig<P>,
        request_us: u32,
    ) -> Self {
        active.settings.limits.cap_timeouts(request_us);
        standby.settings.limits.cap_timeouts(request_us);
        Config {
            rules: Rules {
                request_us: request_us as u64,
                quarantine_us: 30_000_000,
                quarantine_max_us: 300_000_000,
                hold_us: 30_000_000,
                preference: Preference::Order,
                failback: Failback::Stay,
                switch_on: SwitchOn::Failure,
                warn_above: EarlyWarning::THRESHOLD,
                tries: tries(&active),
                enabled: true,
            },
            active,
            standby,
        }
        .into_builder()
    }

    /// Stores the error of a check, unless an earlier one is stored.
    pub(super) const fn require(mut self, checked: Result<(), ConfigError>) -> Self {
        keep_first(&mut self.error, checked);
        self
    }

    /// Checks the settings and returns the configuration.
    ///
    /// # Errors
    /// Returns the error of the first setting that was out of its own range. If there is none,
    /// returns [`Setting::DetectWithin`] where a stated bound leaves no room for the request
    /// timeout and the retries.
    pub const fn build(self) -> Result<Config<P>, ConfigError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        ensure!(self.config.active.into_builder().build());
        ensure!(self.config.standby.into_builder().build());
        Ok(self.config)
    }

    /// Sets the request timeout: how long a reply of any endpoint is waited for, and how long it
    /// may take to be of use.
    ///
    /// An endpoint has failed, although it replies, when its replies to one probe and to all
    /// retries of it take longer. The request timeout is fixed, whereas the timeouts of
    /// [`probing`](crate::failover::Config::probing) follow the measured round-trip times.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses zero, more than 71 minutes, and a timeout for which a stated
    /// bound leaves no room.
    pub const fn request_timeout(mut self, timeout: Duration) -> Self {
        let us = micros(timeout);
        let config = &mut self.config;
        let timeouts = [timeout; 3];
        config.active = with_timeouts(config.active, timeouts);
        config.standby = with_timeouts(config.standby, timeouts);
        config.rules.request_us = us;
        self.require(check(Setting::RequestTimeout, us, 1, u32::MAX as u64))
    }

    /// Sets how often an overdue probe is retried, each time one timeout after the last.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than [`Retries::MAX`], and more than fit into a stated
    /// bound.
    pub const fn retries(mut self, retries: u8) -> Self {
        let config = &mut self.config;
        config.active = with_retries(config.active, retries);
        config.standby = with_retries(config.standby, retries);
        config.rules.tries = tries(&config.active);
        let most = Retries::MAX as u64;
        self.require(check(Setting::Retries, retries as u64, 0, most))
    }

    /// Sets whether the group switches by itself. If not, it quarantines no endpoint either, and
    /// probes all of them.
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.config.rules.enabled = enabled;
        self
    }

    /// Sets how long a failed endpoint is neither used nor probed: `first`, and twice as long after
    /// each further failure, up to `longest`. An endpoint that was healthy without a break for
    /// twice its last quarantine starts with `first` again.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a `first` of zero, and a `longest` below `first` or above
    /// 12.7 days.
    pub const fn quarantine(mut self, first: Duration, longest: Duration) -> Self {
        let (first, longest) = (micros(first), micros(longest));
        self.config.rules.quarantine_us = first;
        self.config.rules.quarantine_max_us = longest;
        self.require(check(Setting::Quarantine, first, 1, SPAN_MAX_US))
            .require(check(Setting::QuarantineMax, longest, first, SPAN_MAX_US))
    }

    /// Sets how long a better endpoint has to be healthy without a break before the group returns
    /// to it. The group also must not have switched for as long. Choose a hold-down that is longer
    /// than a flapping endpoint stays healthy.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses zero and more than 12.7 days.
    pub const fn hold_down(mut self, hold_down: Duration) -> Self {
        let us = micros(hold_down);
        self.config.rules.hold_us = us;
        self.require(check(Setting::HoldDown, us, 1, SPAN_MAX_US))
    }

    /// Sets which endpoint is the best.
    pub const fn preference(mut self, preference: Preference) -> Self {
        self.config.rules.preference = preference;
        self
    }

    /// Sets whether the group returns to a better endpoint.
    pub const fn failback(mut self, failback: Failback) -> Self {
        self.config.rules.failback = failback;
        self
    }

    /// Sets what makes the group leave the active endpoint.
    pub const fn switch_on(mut self, switch_on: SwitchOn) -> Self {
        self.config.rules.switch_on = switch_on;
        self
    }

    /// Sets the score from which the path of an endpoint is worse than usual, in thousandths of an
    /// octave; see [`EarlyWarning::warn_above`].
    pub const fn warn_above(mut self, milli_octaves: u16) -> Self {
        self.config.rules.warn_above = milli_octaves;
        self
    }

    /// Sets the seed of this device, from which the seed of each endpoint is derived; see
    /// [`config::Builder::seed`](crate::config::Builder::seed).
    ///
    /// # Errors
    /// [`build`](Self::build) refuses zero.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.config.active = self.config.active.into_builder().seed(seed).unchecked();
        self.require(check(Setting::Seed, seed, 1, u64::MAX))
    }
}

const fn with_timeouts<P: Pacing>(
    config: MonitorConfig<P>,
    [first, min, max]: [Duration; 3],
) -> MonitorConfig<P> {
    config.into_builder().timeouts(first, min, max).unchecked()
}

const fn with_retries<P: Pacing>(config: MonitorConfig<P>, retries: u8) -> MonitorConfig<P> {
    let retries = Retries::fixed(retries);
    config.into_builder().retries(retries).unchecked()
}

/// Returns how many probes in a row without a reply in time make a failure.
const fn tries<P: Pacing>(active: &MonitorConfig<P>) -> u8 {
    active.settings.limits.retries.count().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_what_the_table_says() {
        let config = Config::builder().build().unwrap();
        assert_eq!(config.rules.tries, 3);
        assert_eq!(config.rules.request_us, 800_000);
        assert_eq!(config.active.interval_max(), Duration::from_secs(1));
        assert_eq!(config.standby.interval_max(), Duration::from_secs(5));
    }

    #[test]
    fn a_stated_bound_is_the_groups() {
        let stated = |config: MonitorConfig<Fixed>| {
            let builder = config.into_builder().detect_within(Duration::from_secs(7));
            builder.build().unwrap()
        };
        let config = Config::builder().build().unwrap();
        let by_limits = Duration::from_secs(1) + config.active.timeout_max() * 3;
        assert_eq!(config.bound(), by_limits);
        let config = Config::probing(stated(config.active), config.standby);
        assert_eq!(config.build().unwrap().bound(), Duration::from_secs(7));
    }

    #[test]
    fn a_request_timeout_has_to_fit_a_stated_bound() {
        let active =
            MonitorConfig::fixed(Duration::from_secs(1)).detect_within(Duration::from_secs(4));
        let active = active.build().unwrap();
        let config = Config::probing(active, active).request_timeout(Duration::from_secs(2));
        let error = config.build().unwrap_err();
        assert_eq!(error.setting(), Setting::DetectWithin);
    }
}
