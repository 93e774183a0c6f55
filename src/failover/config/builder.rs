//! The builder of a group's configuration.

use core::time::Duration;

use super::Config;
use super::choices::{Failback, Preference, SwitchOn};
use super::rules::Rules;
use crate::config::Config as MonitorConfig;
use crate::config::SPAN_MAX_US;
use crate::config::error::{ConfigError, Setting, check, ensure, keep_first};
use crate::pacing::{Fixed, Pacing};
use crate::path::early_warning::EarlyWarning;
use crate::plan::Retries;
use crate::time::micros;

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
    pub(super) const fn fixed() -> Self {
        let active = MonitorConfig::fixed(Duration::from_secs(1));
        let standby = MonitorConfig::fixed(Duration::from_secs(5));
        Self::around(active.unchecked(), standby.unchecked(), u32::MAX)
            .request_timeout(Duration::from_millis(800))
            .retries(2)
    }
}

impl<P: Pacing> Builder<P> {
    /// Returns a builder that holds the settings of `config`.
    pub(super) const fn from_config(config: Config<P>) -> Self {
        Self {
            config,
            error: None,
        }
    }

    /// Returns a builder with the defaults and a request timeout of `request_us`, to which all
    /// other timeouts are limited.
    pub(in crate::failover) const fn around(
        mut active: MonitorConfig<P>,
        mut standby: MonitorConfig<P>,
        request_us: u32,
    ) -> Self {
        active.settings.limits.cap_timeouts(request_us);
        standby.settings.limits.cap_timeouts(request_us);
        Self::from_config(Config {
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
        })
    }

    #[cfg(feature = "serde")]
    pub(super) const fn rules(&self) -> Rules {
        self.config.rules
    }

    /// Stores the error of a check, unless an earlier one is stored.
    pub(in crate::failover) const fn require(mut self, checked: Result<(), ConfigError>) -> Self {
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

    /// Sets the request timeout: the longest time that the group waits for a reply of any endpoint.
    /// A later reply is of no use.
    ///
    /// An endpoint that still replies has failed if its replies to one probe and to all retries of
    /// that probe take longer than the request timeout. The request timeout is fixed, whereas the
    /// timeouts of [`probing`](crate::failover::Config::probing) follow the measured round-trip
    /// times.
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

    /// Sets whether the group switches by itself. With `false`, the group also quarantines no
    /// endpoint and probes all of them.
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
    /// to it. The group must also not have switched during the hold-down. Choose a hold-down that
    /// is longer than a flapping endpoint stays healthy.
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
mod tests;
