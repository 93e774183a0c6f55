//! Configurations of heartbeats and monitors with the planner.

use core::mem::MaybeUninit;

use systole_core::Config;
use systole_core::pacing::Target;

use crate::config::{SECOND_US, Settings, answer, checked};
use crate::machine::give;
use crate::status::{systole_error_t, systole_status_t};
use crate::time::span;

/// The settings of a heartbeat or a monitor whose planner derives interval, timeout and retries
/// from a bound on detection time and a rate of mistakes.
///
/// Fill it with `systole_planned_config` and then change what differs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_planned_config_t {
    /// The size of this structure, as `systole_planned_config` sets it.
    pub size: u32,
    /// The most steady probes in 1,000 seconds, at least two per bound; 0: no limit.
    pub probes_at_most: u32,
    /// The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time: 1 ms to 12.7
    /// days.
    pub detect_within_us: u64,
    /// The least expected time from one mistake to the next, from ten bounds to a century; 0: a
    /// day, or ten bounds where those are longer.
    pub mistakes_at_most_one_per_us: u64,
    /// As in `systole_config_t`.
    pub report_pauses_over_us: u64,
    /// As in `systole_config_t`.
    pub seed: u64,
    /// As in `systole_config_t`.
    pub jitter_percent: u8,
    /// As in `systole_config_t`.
    pub rise: u8,
    /// As in `systole_config_t`.
    pub dead_after_refusals: u8,
    /// As in `systole_config_t`.
    pub without_initial_delay: u8,
}

impl systole_planned_config_t {
    #[allow(clippy::cast_possible_truncation)] // some dozens
    const SIZE: u32 = size_of::<Self>() as u32;

    const fn new(detect_within_us: u64) -> Self {
        Self {
            size: Self::SIZE,
            probes_at_most: 0,
            detect_within_us,
            mistakes_at_most_one_per_us: 0,
            report_pauses_over_us: SECOND_US,
            seed: 0,
            jitter_percent: 10,
            rise: 1,
            dead_after_refusals: 0,
            without_initial_delay: 0,
        }
    }

    /// Checks the settings and returns the configuration of the crate.
    fn build(&self) -> Result<Config<Target>, systole_error_t> {
        if self.size != Self::SIZE {
            return Err(systole_error_t::size(self.size.into(), size_of::<Self>()));
        }
        let mut builder = Config::target(span(self.detect_within_us))
            .jitter_percent(self.jitter_percent)
            .rise(self.rise)
            .report_pauses_over(span(self.report_pauses_over_us));
        if self.mistakes_at_most_one_per_us != 0 {
            builder = builder.mistakes_at_most_one_per(span(self.mistakes_at_most_one_per_us));
        }
        if self.probes_at_most != 0 {
            builder = builder.probes_at_most(self.probes_at_most);
        }
        if self.seed != 0 {
            builder = builder.seed(self.seed);
        }
        if self.dead_after_refusals != 0 {
            builder = builder.dead_after_refusals(self.dead_after_refusals);
        }
        if self.without_initial_delay != 0 {
            builder = builder.without_initial_delay();
        }
        Ok(builder.build()?)
    }
}

impl Settings for systole_planned_config_t {
    type Policy = Target;

    #[inline(never)]
    fn checked(&self) -> Result<Config<Target>, systole_error_t> {
        self.build()
    }
}

/// Fills `config` with the defaults of the planner: it detects failures within `detect_within_us`
/// and makes at most one mistake a day in expectation. The bound is a guarantee. The time between
/// mistakes is an expectation, which the machine audits.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_config(
    config: Option<&mut MaybeUninit<systole_planned_config_t>>,
    detect_within_us: u64,
) -> systole_status_t {
    give(config, || systole_planned_config_t::new(detect_within_us))
}

/// Checks a configuration without building a machine. `error` may be null.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_planned_config_check(
    config: Option<&systole_planned_config_t>,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    answer(checked(config).map(|_| ()), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn the_defaults_are_those_of_the_crate() {
        for within in [1_000, 1_000_000, 10_000_000, 1 << 40] {
            let config = systole_planned_config_t::new(within);
            let own = Config::target(Duration::from_micros(within)).build();
            assert_eq!(config.build().unwrap(), own.unwrap(), "{within}");
        }
    }
}
