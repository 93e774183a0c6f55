//! Configurations of heartbeats and monitors.

use core::mem::MaybeUninit;

use systole_core::config::Builder;
use systole_core::pacing::Fluctuation;
use systole_core::{Config, Retries};

use crate::machine::{Out, give};
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_NULL, SYSTOLE_STATUS_OK};
use crate::status::{systole_error_t, systole_setting_t};
use crate::time::{micros, span};

/// How the steady interval follows from the path.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_policy_t {
    /// None, or one that this header does not know. Functions refuse it.
    SYSTOLE_POLICY_UNKNOWN = 0,
    /// The fluctuation rule: the interval is `interval_us` on a steady path and longer on an
    /// unsteady one. It is polite, not quick.
    SYSTOLE_POLICY_EVERY = 1,
    /// The same interval whatever the path does. Timeouts still follow the round-trip times.
    SYSTOLE_POLICY_FIXED = 2,
}

/// How the waits between the retries of an overdue probe grow.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_spacing_t {
    /// None, or one that this header does not know. Functions refuse it.
    SYSTOLE_SPACING_UNKNOWN = 0,
    /// Every wait is one timeout.
    SYSTOLE_SPACING_FIXED = 1,
    /// Waits double.
    SYSTOLE_SPACING_EXPONENTIAL = 2,
    /// Waits grow by half, but none is over 2/5 of what is left until the bound. For
    /// configurations that state `detect_within_us`.
    SYSTOLE_SPACING_CLOSING = 3,
}

/// A `systole_policy_t` as C passes it: any number.
pub type raw_policy = u32;
/// A `systole_spacing_t` as C passes it: any number.
pub type raw_spacing = u32;

/// The settings of a heartbeat or a monitor that knows its interval.
///
/// Fill it with `systole_config_every` or `systole_config_fixed` and then change what differs. The
/// `_init` functions check it, and do not keep the pointer.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_config_t {
    /// The size of this structure, as the functions that fill it set it.
    pub size: u32,
    /// How the interval follows from the path.
    pub policy: raw_policy,
    /// The base interval, 1 us to 12.7 days.
    pub interval_us: u64,
    /// The shortest steady interval, jitter included; 0 in both this and the next field: 0.9 base
    /// intervals.
    pub interval_min_us: u64,
    /// The longest steady interval; 0 in both: 4 base intervals, or 1 with `SYSTOLE_POLICY_FIXED`.
    pub interval_max_us: u64,
    /// The timeout before the first sample; 0 in this and the next two fields: 2 s.
    pub timeout_first_us: u64,
    /// The shortest timeout; 0 in all three: a tenth of the base interval, at most 1 s. It should
    /// be at least as long as the longest pause of a healthy peer.
    pub timeout_min_us: u64,
    /// The longest timeout, up to 71 minutes; 0 in all three: 60 s.
    pub timeout_max_us: u64,
    /// The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time; 0: none is
    /// stated, and the bound is the sum of interval, timeout and retries. To keep a stated bound,
    /// the machine shortens intervals and timeouts and leaves out retries.
    pub detect_within_us: u64,
    /// From which lateness of this process on a monitor reports `SYSTOLE_EVENT_PAUSED`. Above 71
    /// minutes it reports none. All lateness is credited to the peer in any case.
    pub report_pauses_over_us: u64,
    /// From what jitter, the time of the first probe and probe ids follow: another one for each
    /// device, and from a random source where ids have to be hard to guess. A monitor needs it. A
    /// heartbeat with 0 draws its jitter from the round-trip times.
    pub seed: u64,
    /// How the waits between retries grow.
    pub retry_spacing: raw_spacing,
    /// How much of the fluctuation lengthens the interval, in per cent: 0 to 1000. Not used with
    /// `SYSTOLE_POLICY_FIXED`.
    pub gain_percent: u16,
    /// How often an overdue probe is repeated before the peer is dead: 0 to 16.
    pub retries: u8,
    /// By how much jitter may shorten an interval, in per cent: 0 to 50.
    pub jitter_percent: u8,
    /// How many replies in a row bring a dead peer back: 1 to 255.
    pub rise: u8,
    /// How many refusals in a row suffice for `SYSTOLE_VERDICT_DEAD` before the bound has passed:
    /// 2 to 255; 0: the bound has to pass.
    pub dead_after_refusals: u8,
    /// Whether a monitor sends its first probe at once, rather than at a random moment of the first
    /// interval: 0 or 1.
    pub without_initial_delay: u8,
}

/// The shortest lateness that is reported, unless set.
pub(crate) const SECOND_US: u64 = 1_000_000;

impl systole_config_t {
    #[allow(clippy::cast_possible_truncation)] // some dozens
    const SIZE: u32 = size_of::<Self>() as u32;

    const fn new(policy: systole_policy_t, interval_us: u64) -> Self {
        Self {
            size: Self::SIZE,
            policy: policy as u32,
            interval_us,
            interval_min_us: 0,
            interval_max_us: 0,
            timeout_first_us: 0,
            timeout_min_us: 0,
            timeout_max_us: 0,
            detect_within_us: 0,
            report_pauses_over_us: SECOND_US,
            seed: 0,
            retry_spacing: systole_spacing_t::SYSTOLE_SPACING_EXPONENTIAL as u32,
            gain_percent: 100,
            retries: 2,
            jitter_percent: 10,
            rise: 1,
            dead_after_refusals: 0,
            without_initial_delay: 0,
        }
    }

    /// Checks the settings and returns the configuration of the crate.
    fn build(&self) -> Result<Config, systole_error_t> {
        if self.size != Self::SIZE {
            return Err(systole_error_t::size(self.size.into(), size_of::<Self>()));
        }
        let builder = self.times(self.policy()?).retries(self.retries()?);
        let mut builder = builder
            .jitter_percent(self.jitter_percent)
            .rise(self.rise)
            .report_pauses_over(span(self.report_pauses_over_us));
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

    /// Both policies are the fluctuation rule, one of them without gain: this saves flash.
    fn policy(&self) -> Result<Builder<Fluctuation>, systole_error_t> {
        let every = Config::every(span(self.interval_us));
        match self.policy {
            1 => Ok(every.gain_percent(self.gain_percent)),
            2 => Ok(fixed(every, self.interval_us)),
            other => Err(systole_error_t::enumerator(
                systole_setting_t::SYSTOLE_SETTING_POLICY,
                other,
                2,
            )),
        }
    }

    fn retries(&self) -> Result<Retries, systole_error_t> {
        match self.retry_spacing {
            1 => Ok(Retries::fixed(self.retries)),
            2 => Ok(Retries::exponential(self.retries)),
            3 => Ok(Retries::closing(self.retries)),
            other => Err(systole_error_t::enumerator(
                systole_setting_t::SYSTOLE_SETTING_RETRY_SPACING,
                other,
                3,
            )),
        }
    }

    fn times(&self, mut builder: Builder<Fluctuation>) -> Builder<Fluctuation> {
        if (self.interval_min_us | self.interval_max_us) != 0 {
            builder =
                builder.interval_between(span(self.interval_min_us), span(self.interval_max_us));
        }
        if (self.timeout_first_us | self.timeout_min_us | self.timeout_max_us) != 0 {
            let (min, max) = (span(self.timeout_min_us), span(self.timeout_max_us));
            builder = builder.timeouts(span(self.timeout_first_us), min, max);
        }
        if self.detect_within_us != 0 {
            builder = builder.detect_within(span(self.detect_within_us));
        }
        builder
    }
}

/// The limits of a constant interval: no longer than it is.
fn fixed(every: Builder<Fluctuation>, interval_us: u64) -> Builder<Fluctuation> {
    let most = span(interval_us);
    match every.gain_percent(0).build() {
        Ok(config) => config
            .into_builder()
            .interval_between(config.interval_min(), most),
        Err(_) => every, // its error is that of `build`
    }
}

/// A configuration of C that machines are built from.
pub(crate) trait Settings {
    /// The policy that it states.
    type Policy;

    /// Checks the settings and returns the configuration of the crate.
    fn checked(&self) -> Result<Config<Self::Policy>, systole_error_t>;
}

impl Settings for systole_config_t {
    type Policy = Fluctuation;

    #[inline(never)] // one copy for all machines
    fn checked(&self) -> Result<Config, systole_error_t> {
        self.build()
    }
}

/// Checks a configuration that may be missing.
pub(crate) fn checked<S: Settings>(
    settings: Option<&S>,
) -> Result<Config<S::Policy>, systole_error_t> {
    given(settings)?.checked()
}

/// Refuses a configuration that is missing.
pub(crate) fn given<C>(config: Option<&C>) -> Result<&C, systole_error_t> {
    config.ok_or(systole_error_t::of(SYSTOLE_STATUS_NULL))
}

/// Answers whether something was wrong, and says what in `error`, if that is not null.
#[inline(never)] // one copy for all functions
pub(crate) fn answer(
    result: Result<(), systole_error_t>,
    error: Out<'_, systole_error_t>,
) -> systole_status_t {
    match result {
        Ok(()) => SYSTOLE_STATUS_OK,
        Err(wrong) => {
            let status = wrong.status;
            if let Some(error) = error {
                error.write(wrong);
            }
            status
        }
    }
}

/// Fills `config` with the defaults of the fluctuation rule: the interval is `interval_us` on a
/// steady path and longer on an unsteady one, within 0.9 and 4 times `interval_us`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_config_every(
    config: Option<&mut MaybeUninit<systole_config_t>>,
    interval_us: u64,
) -> systole_status_t {
    give(config, || {
        systole_config_t::new(systole_policy_t::SYSTOLE_POLICY_EVERY, interval_us)
    })
}

/// Fills `config` with the defaults of a constant interval, which jitter alone shortens.
#[unsafe(no_mangle)]
pub extern "C" fn systole_config_fixed(
    config: Option<&mut MaybeUninit<systole_config_t>>,
    interval_us: u64,
) -> systole_status_t {
    give(config, || {
        systole_config_t::new(systole_policy_t::SYSTOLE_POLICY_FIXED, interval_us)
    })
}

/// Checks a configuration without building a machine. `error` may be null.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_config_check(
    config: Option<&systole_config_t>,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    answer(checked(config).map(|_| ()), error)
}

/// The longest interval or bound that can be configured, in microseconds: 12.7 days.
pub const SYSTOLE_SPAN_MAX_US: u64 = 1_099_511_627_776;

const _: () = assert!(micros(span(SYSTOLE_SPAN_MAX_US)) == SYSTOLE_SPAN_MAX_US);

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    const BASES: [u64; 6] = [1, 999, 1_000_000, 5_000_000, 3_600_000_000, 1 << 40];

    #[test]
    fn the_defaults_are_those_of_the_crate() {
        for base in BASES {
            let config = systole_config_t::new(systole_policy_t::SYSTOLE_POLICY_EVERY, base);
            let own = Config::every(Duration::from_micros(base)).build();
            assert_eq!(config.build().unwrap(), own.unwrap(), "{base}");
        }
    }

    /// The two have different types; what can be asked of both is the same.
    #[test]
    fn a_constant_interval_is_that_of_the_crate() {
        for base in BASES {
            let config = systole_config_t::new(systole_policy_t::SYSTOLE_POLICY_FIXED, base);
            let config = config.build().unwrap();
            let own = Config::fixed(Duration::from_micros(base)).build().unwrap();
            assert_eq!(config.interval_min(), own.interval_min());
            assert_eq!(config.interval_max(), own.interval_max());
            assert_eq!(config.timeout_min(), own.timeout_min());
            let mut heart = systole_core::Heartbeat::new(config);
            let mut other = systole_core::Heartbeat::new(own);
            for rtt_us in (0_u64..2_000).map(|step| step * step % 70_001) {
                let rtt = Duration::from_micros(rtt_us);
                assert_eq!(heart.next_interval(rtt), other.next_interval(rtt));
                if rtt_us % 17 == 0 {
                    assert_eq!(heart.missed(), other.missed());
                }
            }
            assert_eq!(heart.snapshot(), other.snapshot());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = systole_config_t::new(systole_policy_t::SYSTOLE_POLICY_EVERY, 1_000_000);
        let wrong = |config: systole_config_t| config.build().unwrap_err();
        let error = wrong(systole_config_t { size: 8, ..good });
        assert_eq!(error.status, systole_status_t::SYSTOLE_STATUS_SIZE);
        let error = wrong(systole_config_t { policy: 0, ..good });
        assert_eq!(error.status, systole_status_t::SYSTOLE_STATUS_ENUM);
        assert_eq!(error.setting, systole_setting_t::SYSTOLE_SETTING_POLICY);
        let retry_spacing = u32::MAX;
        let error = wrong(systole_config_t {
            retry_spacing,
            ..good
        });
        assert_eq!((error.value, error.max), (u32::MAX.into(), 3));
        let error = wrong(systole_config_t { rise: 0, ..good });
        assert_eq!(error.status, systole_status_t::SYSTOLE_STATUS_RANGE);
        assert_eq!(error.setting, systole_setting_t::SYSTOLE_SETTING_RISE);
        let interval_us = 0;
        for policy in [1, 2] {
            let error = wrong(systole_config_t {
                policy,
                interval_us,
                ..good
            });
            assert_eq!(error.setting, systole_setting_t::SYSTOLE_SETTING_INTERVAL);
        }
        let interval_max_us = 7;
        let error = wrong(systole_config_t {
            interval_max_us,
            ..good
        });
        assert_eq!(
            error.setting,
            systole_setting_t::SYSTOLE_SETTING_INTERVAL_MIN
        );
    }
}
