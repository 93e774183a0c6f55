//! What the user states of a group; nothing in here changes while it runs.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::config::{Config, SPAN_MAX_US, accept};
use crate::pacing::{Fixed, Pacing};
use crate::path::early_warning::EarlyWarning;
use crate::plan::Retries;
use crate::time::{duration, micros};

#[cfg(feature = "serde")]
mod serde;

/// Which of several available endpoints is the best. One whose path is [as usual](crate::EarlyWarning) comes before all whose path is worse than usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(::serde::Serialize, ::serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Preference {
    /// The first in the list.
    #[default]
    Order,
    /// The one with the shortest smoothed round-trip time. A group returns only to one that takes less than 3/4 of the active one's.
    Rtt,
    /// The one of the greatest weight, or of the greatest product of weight and spare capacity where [loads](crate::Failover::handle_load) are said. A group
    /// returns then only to one that has a third more than the active one.
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
pub enum Return {
    /// Nothing.
    #[default]
    Stay,
    /// It returns to the better one once that has been healthy, and nothing was switched, for the hold-down.
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
    /// It is dead, or too slow to be of use.
    #[default]
    Failure,
    /// It is suspected, and another one has answered since. One lost probe is enough: quick, and for networks that lose nothing.
    Suspicion,
    /// It has failed; or its path is worse than usual by the [early warning](crate::EarlyWarning), and another one has been healthy for the hold-down, whose path
    /// is not. Nobody is quarantined for a warning, and nothing is switched for one within a hold-down of the last switch.
    Warning,
}

/// The configuration of a [`Failover`](crate::Failover).
///
/// | setting | unless set | builder |
/// |---|---|---|
/// | request timeout | the interval of the active endpoint, or its longest timeout where that is shorter; 800 ms in [`CLASSIC`](Self::CLASSIC) | [`request_timeout`](Self::request_timeout) |
/// | retries | 2, one timeout apart | [`retries`](Self::retries) |
/// | fail-over | on | [`enabled`](Self::enabled) |
/// | quarantine | 30 s, doubling with each offence, up to 5 min | [`quarantine`](Self::quarantine) |
/// | hold-down | 30 s | [`hold_down`](Self::hold_down) |
/// | probing of the active endpoint, and of the others | every 1 s, every 5 s | [`new`](Self::new) |
/// | best endpoint | the first | [`preference`](Self::preference) |
/// | return | stay | [`returning`](Self::returning) |
/// | switch on | failure | [`switch_on`](Self::switch_on) |
/// | threshold of warnings | 12 octaves | [`warn_above`](Self::warn_above) |
/// | seed | none | [`seed`](Self::seed) |
///
/// Everything is `const`:
///
/// ```
/// use core::time::Duration;
/// use systole::{FailoverConfig, Preference, Return};
///
/// const GROUP: FailoverConfig =
///     FailoverConfig::CLASSIC.preference(Preference::Weight).returning(Return::Prefer);
/// assert_eq!(GROUP.bound(), Duration::from_millis(1_000 + 3 * 800));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FailoverConfig<P = Fixed> {
    pub(crate) active: Config<P>,
    pub(super) standby: Config<P>,
    pub(super) rules: Rules,
}

/// What decisions are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Rules {
    pub(super) request_us: u64,
    pub(super) quarantine_us: u64,
    pub(super) quarantine_max_us: u64,
    pub(super) hold_us: u64,
    pub(super) preference: Preference,
    pub(super) returning: Return,
    pub(super) switch_on: SwitchOn,
    pub(super) warn_above: u16,
    /// How many probes in a row make a failure.
    pub(super) tries: u8,
    pub(super) enabled: bool,
}

impl Rules {
    /// Of a group without endpoints, which decides nothing: all zeros, for memory that is zeroed at the start.
    pub(super) const NONE: Self = Self {
        request_us: 0,
        quarantine_us: 0,
        quarantine_max_us: 0,
        hold_us: 0,
        preference: Preference::Order,
        returning: Return::Stay,
        switch_on: SwitchOn::Failure,
        warn_above: 0,
        tries: 0,
        enabled: false,
    };

    pub(super) const fn warning(&self) -> EarlyWarning {
        EarlyWarning::new().warn_above(self.warn_above)
    }

    /// How long an endpoint that is back waits for the others: time for each to be asked once more and to answer.
    pub(super) const fn grace_us(&self) -> u64 {
        self.request_us.saturating_mul(2)
    }

    /// How long health has to last to be believed after an outage.
    pub(super) fn settled_us(&self) -> u64 {
        self.hold_us.max(self.grace_us())
    }
}

impl FailoverConfig<Fixed> {
    /// The classic form: a request timeout of 800 ms, 2 retries, fail-over on, a quarantine of 30 s; the active endpoint is probed every second, the
    /// others every 5 s. Only the seed is missing.
    pub const CLASSIC: Self = classic();
}

const fn classic() -> FailoverConfig<Fixed> {
    let active = accept(Config::fixed(Duration::from_secs(1)));
    let standby = accept(Config::fixed(Duration::from_secs(5)));
    let config = FailoverConfig::new(active, standby);
    let config = accept(config.request_timeout(Duration::from_millis(800)));
    accept(config.retries(2))
}

impl<P: Pacing> FailoverConfig<P> {
    /// A group whose active endpoint is probed as `active` says, and all others as `standby` says, which should be slower.
    ///
    /// The request timeout, over which an answer is of no use, is the interval of `active` or its longest timeout, whichever is shorter, and no timeout of
    /// either is longer; [`request_timeout`](Self::request_timeout) sets another one. Retries are those of the two.
    #[must_use]
    pub const fn new(active: Config<P>, standby: Config<P>) -> Self {
        Self::around(active, standby, active.settings.limits.request_us())
    }

    /// The same with a request timeout of `request_us`, which no other timeout exceeds.
    pub(super) const fn around(
        mut active: Config<P>,
        mut standby: Config<P>,
        request_us: u32,
    ) -> Self {
        active.settings.limits.cap_timeouts(request_us);
        standby.settings.limits.cap_timeouts(request_us);
        Self {
            rules: Rules {
                request_us: request_us as u64,
                quarantine_us: 30_000_000,
                quarantine_max_us: 300_000_000,
                hold_us: 30_000_000,
                preference: Preference::Order,
                returning: Return::Stay,
                switch_on: SwitchOn::Failure,
                warn_above: EarlyWarning::THRESHOLD,
                tries: tries(&active),
                enabled: true,
            },
            active,
            standby,
        }
    }

    /// How long a probe of any endpoint is waited for, and how long an answer may take to be of use: one that is slower for as many probes
    /// as there are tries has failed, though it answers. The timeouts follow no round-trip times then; [`new`](Self::new) takes ones that do.
    ///
    /// # Errors
    /// Zero, above 71 minutes, or where a stated bound leaves no room for it.
    pub const fn request_timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        let us = micros(timeout);
        ensure!(check(Setting::RequestTimeout, us, 1, u32::MAX as u64));
        self.active = ensure!(self.active.timeouts(timeout, timeout, timeout));
        self.standby = ensure!(self.standby.timeouts(timeout, timeout, timeout));
        self.rules.request_us = us;
        Ok(self)
    }

    /// How often an overdue probe is asked again, one timeout after the last.
    ///
    /// # Errors
    /// More than [`Retries::MAX`], or than fit into a stated bound.
    pub const fn retries(mut self, retries: u8) -> Result<Self, ConfigError> {
        self.active = ensure!(self.active.retries(Retries::fixed(retries)));
        self.standby = ensure!(self.standby.retries(Retries::fixed(retries)));
        self.rules.tries = tries(&self.active);
        Ok(self)
    }

    /// Whether the group switches by itself. Where it does not, nobody is quarantined either, and all endpoints are watched.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.rules.enabled = enabled;
        self
    }

    /// How long a failed endpoint is neither used nor probed: `first`, twice that the next time, up to `longest`. An endpoint that was
    /// healthy for twice its last quarantine without a break starts over.
    ///
    /// # Errors
    /// Where `first` is zero, `longest` is below `first` or above 12.7 days.
    pub const fn quarantine(
        mut self,
        first: Duration,
        longest: Duration,
    ) -> Result<Self, ConfigError> {
        let (first, longest) = (micros(first), micros(longest));
        ensure!(check(Setting::Quarantine, first, 1, SPAN_MAX_US));
        ensure!(check(Setting::QuarantineMax, longest, first, SPAN_MAX_US));
        self.rules.quarantine_us = first;
        self.rules.quarantine_max_us = longest;
        Ok(self)
    }

    /// How long a better endpoint has to be healthy without a break, and nothing switched, before the group returns to it. Should be
    /// longer than what goes up and down stays up.
    ///
    /// # Errors
    /// Zero, or above 12.7 days.
    pub const fn hold_down(mut self, hold_down: Duration) -> Result<Self, ConfigError> {
        ensure!(check(Setting::HoldDown, micros(hold_down), 1, SPAN_MAX_US));
        self.rules.hold_us = micros(hold_down);
        Ok(self)
    }

    /// Which endpoint is the best.
    #[must_use]
    pub const fn preference(mut self, preference: Preference) -> Self {
        self.rules.preference = preference;
        self
    }

    /// Whether the group returns to a better endpoint.
    #[must_use]
    pub const fn returning(mut self, returning: Return) -> Self {
        self.rules.returning = returning;
        self
    }

    /// What makes the group leave the active endpoint.
    #[must_use]
    pub const fn switch_on(mut self, switch_on: SwitchOn) -> Self {
        self.rules.switch_on = switch_on;
        self
    }

    /// From which score on the path of an endpoint is worse than usual, in thousandths of an octave; see [`EarlyWarning::warn_above`].
    #[must_use]
    pub const fn warn_above(mut self, milli_octaves: u16) -> Self {
        self.rules.warn_above = milli_octaves;
        self
    }

    /// The device's seed, of which each endpoint gets its own; see [`Config::seed`].
    ///
    /// # Errors
    /// Zero.
    pub const fn seed(mut self, seed: u64) -> Result<Self, ConfigError> {
        self.active = ensure!(self.active.seed(seed));
        Ok(self)
    }

    /// The longest time from the crash of the active endpoint to the call that it failed, whatever the path does, if polled on time: the
    /// stated bound, or the longest interval and the longest timeouts. The switch follows as soon as another endpoint has answered
    /// a probe sent since the suspicion, which it mostly has by then.
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

/// How many probes in a row make a failure.
const fn tries<P: Pacing>(active: &Config<P>) -> u8 {
    active.settings.limits.retries.count().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The compiler makes it; here it is made again at run time.
    #[test]
    fn the_classic_form_is_what_it_says() {
        let config = classic();
        assert_eq!(config, FailoverConfig::CLASSIC);
        assert_eq!(config.rules.tries, 3);
        assert_eq!(config.rules.request_us, 800_000);
        assert_eq!(config.active.interval_max(), Duration::from_secs(1));
        assert_eq!(config.standby.interval_max(), Duration::from_secs(5));
    }

    #[test]
    fn a_stated_bound_is_the_groups() {
        let stated = |config: Config<Fixed>| config.detect_within(Duration::from_secs(7)).unwrap();
        let config = FailoverConfig::CLASSIC;
        let by_limits = Duration::from_secs(1) + config.active.timeout_max() * 3;
        assert_eq!(config.bound(), by_limits);
        let config = FailoverConfig::new(stated(config.active), config.standby);
        assert_eq!(config.bound(), Duration::from_secs(7));
    }
}
