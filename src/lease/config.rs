//! The configuration of a lease.

use core::time::Duration;

use crate::config::Span;
use crate::config::error::{ConfigError, Setting, check, ensure, keep_first};
use crate::lease::fence::Allowance;
use crate::math::fixed_point::divided;
use crate::math::random::Secret;
use crate::math::saturating;
use crate::time::{duration, micros};

/// The longest TTL: 98,302.5 s, one and a half times the longest keep-alive of MQTT.
pub const TTL_MAX: Duration = Duration::from_micros(TTL_MAX_US);
const TTL_MAX_US: u64 = 98_302_500_000;
const DRIFT_PPM: u32 = 1_000;
const DRIFT_PPM_MAX: u32 = 100_000;
const JITTER_PERCENT: u8 = 10;
const JITTER_PERCENT_MAX: u8 = 50;
/// The least time between lapses that may be stated, in TTLs.
const TTLS_APART: u64 = 10;

/// The configuration of a [`Lease`](crate::lease::Lease): the deadline, how rarely a lapse may
/// happen, and what clocks and the holder need. A [`Builder`] creates it.
///
/// [`Config::renewed`] suits every lease that is renewed by acknowledged requests. The other
/// constructors state the rules of a [kind of deadline](Self#kinds-of-deadline).
///
/// ```
/// use core::time::Duration;
/// use systole::lease::Config;
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::renewed(Duration::from_secs(10))
///     .lapses_at_most_one_per(Duration::from_secs(7 * 86_400))
///     .stop_within(Duration::from_millis(500))
///     .build()?;
/// assert_eq!(config.ttl(), Duration::from_secs(10));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config {
    pub(super) ttl_us: u64,
    pub(super) recurrence_us: u64,
    pub(super) allowance: Allowance,
    pub(super) reserve_us: u64,
    /// The longest time without anything sent; 0: no limit.
    pub(super) send_within_us: u64,
    pub(super) jitter_percent: u8,
    pub(super) seed: Secret,
}

impl Config {
    pub(super) const fn with_ttl_us(ttl_us: u64) -> Builder {
        let config = Self {
            ttl_us,
            recurrence_us: 0,
            allowance: Allowance {
                drift_ppm: DRIFT_PPM,
                resolution_us: Span::MILLISECOND_US,
            },
            reserve_us: 0,
            send_within_us: 0,
            jitter_percent: JITTER_PERCENT,
            seed: Secret::NONE,
        };
        config.into_builder()
    }

    /// Returns a builder that holds these settings, to change some of them.
    pub const fn into_builder(self) -> Builder {
        Builder {
            config: self,
            error: None,
        }
    }

    /// Returns whether a seed is set.
    #[cfg(feature = "std")]
    pub(crate) const fn is_seeded(&self) -> bool {
        self.seed.0 != Secret::NONE.0
    }

    #[cfg(feature = "std")]
    pub(crate) const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Secret(seed);
        self
    }

    /// Returns the TTL that is asked for.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        duration(self.ttl_us)
    }

    /// Returns the least expected time from one lapse to the next that was stated.
    #[must_use]
    pub const fn lapses_at_most_one_per(&self) -> Duration {
        duration(self.recurrence_us)
    }

    /// Returns how long the holder needs to stop.
    #[must_use]
    pub const fn stop_within(&self) -> Duration {
        duration(self.reserve_us)
    }

    /// Returns the time that renewals have, from the send of the last acknowledged one: what can be
    /// believed of a TTL, less the time that the holder needs to stop.
    pub(super) const fn usable_us(&self, ttl_us: u64) -> u64 {
        let us = saturating::minus(self.allowance.believed_us(ttl_us), self.reserve_us);
        saturating::max(us, Span::MILLISECOND_US)
    }

    /// Returns the shortest TTL with `usable_us` for renewals.
    pub(super) const fn least_ttl_us(&self, usable_us: u64) -> u64 {
        let needed_us = usable_us
            .saturating_add(self.reserve_us)
            .saturating_add(self.allowance.resolution_us);
        let parts = 1_000_000 - self.allowance.drift_ppm as u64;
        let whole = saturating::min(needed_us, u64::MAX / 1_000_000) * 1_000_000;
        saturating::plus(divided(whole, parts), 2) // both roundings
    }
}

/// Collects the settings of a [`Config`]. [`build`](Self::build) checks them.
///
/// | setting | default | method |
/// |---|---|---|
/// | time between lapses | a day, or ten TTLs where those are longer | [`lapses_at_most_one_per`](Self::lapses_at_most_one_per) |
/// | drift of both clocks | 1,000 ppm of the TTL | [`drift_ppm`](Self::drift_ppm) |
/// | resolution of the server's clock | 1 ms, or that of the protocol | [`resolution`](Self::resolution) |
/// | time that the holder needs to stop | none | [`stop_within`](Self::stop_within) |
/// | longest time without anything sent | none, or that of the protocol | [`send_within`](Self::send_within) |
/// | jitter | intervals shortened by up to 10 % | [`jitter_percent`](Self::jitter_percent) |
/// | seed of the jitter | 0 | [`seed`](Self::seed) |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    config: Config,
    error: Option<ConfigError>,
}

impl Builder {
    const fn require(mut self, checked: Result<(), ConfigError>) -> Self {
        keep_first(&mut self.error, checked);
        self
    }

    /// States the least expected time from one lapse to the next. A lapse is a moment at which the
    /// fence passes although the server could have been reached. The lease plans for it, and
    /// reports ([`Promise`](crate::lease::Promise)) where the path does not allow it.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses less than ten TTLs and more than a century.
    pub const fn lapses_at_most_one_per(mut self, apart: Duration) -> Self {
        self.config.recurrence_us = micros(apart);
        let most_us = Span::CENTURY_US;
        self.require(check(Setting::LapseRecurrence, micros(apart), 1, most_us))
    }

    /// Sets how far the clocks of holder and server may drift apart, in millionths of the TTL. The
    /// default of 1,000 covers two clocks that are off by 500 ppm each, in opposite directions.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than 100,000 (10 %).
    pub const fn drift_ppm(mut self, ppm: u32) -> Self {
        self.config.allowance.drift_ppm = ppm;
        let (ppm, most) = (ppm as u64, DRIFT_PPM_MAX as u64);
        self.require(check(Setting::DriftAllowance, ppm, 0, most))
    }

    /// Sets by how much the server may end a lease too early because its clock, or the TTL that it
    /// stores, is coarse. It is rounded up to whole microseconds.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than the longest TTL.
    pub const fn resolution(mut self, resolution: Duration) -> Self {
        let us = micros(resolution.saturating_add(Duration::from_nanos(999)));
        self.config.allowance.resolution_us = us;
        self.require(check(Setting::ServerResolution, us, 0, TTL_MAX_US))
    }

    /// Sets how long the holder needs to stop. Renewals are planned so that they succeed so long
    /// before the fence, and adapters tell the holder to stop that early.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses a TTL that leaves less than a millisecond for renewals.
    pub const fn stop_within(mut self, reserve: Duration) -> Self {
        self.config.reserve_us = micros(reserve);
        self.require(check(Setting::StopWithin, micros(reserve), 0, TTL_MAX_US))
    }

    /// Sets the longest time without anything sent, where the protocol demands that of a client.
    /// What the application sends counts, see
    /// [`handle_sent`](crate::lease::Lease::handle_sent).
    ///
    /// # Errors
    /// [`build`](Self::build) refuses less than 1 ms and more than the longest TTL.
    pub const fn send_within(mut self, longest: Duration) -> Self {
        let (us, least_us) = (micros(longest), Span::MILLISECOND_US);
        self.config.send_within_us = us;
        self.require(check(Setting::SendWithin, us, least_us, TTL_MAX_US))
    }

    /// Sets by how many per cent intervals are shortened at random, so that holders that began
    /// together do not renew together. Each per cent costs half a per cent more renewals.
    ///
    /// # Errors
    /// [`build`](Self::build) refuses more than 50.
    pub const fn jitter_percent(mut self, percent: u8) -> Self {
        self.config.jitter_percent = percent;
        let (percent, most) = (percent as u64, JITTER_PERCENT_MAX as u64);
        self.require(check(Setting::Jitter, percent, 0, most))
    }

    /// Sets the seed of the jitter, which should differ between holders.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Secret(seed);
        self
    }

    /// Checks the settings and returns the configuration.
    ///
    /// # Errors
    /// The first setting that was out of its own range; then a TTL that is zero, above
    /// [`TTL_MAX`], or leaves less than a millisecond for renewals; then a time between lapses of
    /// less than ten TTLs.
    pub const fn build(self) -> Result<Config, ConfigError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut config = self.config;
        let least_us = config.least_ttl_us(Span::MILLISECOND_US);
        ensure!(check(Setting::Ttl, config.ttl_us, least_us, TTL_MAX_US));
        let apart_us = config.ttl_us.saturating_mul(TTLS_APART);
        if config.recurrence_us == 0 {
            config.recurrence_us = saturating::max(Span::DAY_US, apart_us);
        }
        ensure!(check(
            Setting::LapseRecurrence,
            config.recurrence_us,
            apart_us,
            Span::CENTURY_US
        ));
        Ok(config)
    }
}

/// Returns a granted TTL in microseconds, rounded down and no longer than the longest.
pub(super) const fn granted_us(ttl: Duration) -> u64 {
    saturating::min(micros(ttl), TTL_MAX_US)
}

#[cfg(test)]
mod tests;
