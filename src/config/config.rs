//! The configuration from which a machine is built. It does not change while the machine runs.

use core::time::Duration;

use crate::math::random::{Secret, mix};
use crate::pacing::{Fluctuation, Pacing, Statistics};
use crate::path::loss::LossRate;
use crate::path::rtt::RttEstimator;
use crate::path::window::Moments;
use crate::plan::{Limits, Plan};
use crate::time::{duration, micros};

/// The longest interval or bound that can be configured: 2^40 us, 12.7 days.
pub(crate) const SPAN_MAX_US: u64 = 1 << 40;
/// Named spans of time.
pub(crate) struct Span;

impl Span {
    pub(crate) const MILLISECOND_US: u64 = 1_000;
    pub(crate) const DAY_US: u64 = 86_400_000_000;
    pub(crate) const CENTURY_US: u64 = 36_525 * Self::DAY_US;
}

/// A policy, the limits to which its plans are fitted, and the settings of the verdict.
///
/// A function for a policy ([`every`](Self::every), [`fixed`](Self::fixed),
/// [`target`](Self::target), [`lifetime`](Self::lifetime), [`with_policy`](Self::with_policy)) or
/// for a preset ([`lan`](Self::lan), [`wan`](Self::wan), …) returns a [`Builder`], which takes the
/// settings. [`Builder::build`] checks them and returns the `Config`, from which machines are
/// built.
///
/// ```
/// use core::time::Duration;
/// use systole::Config;
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1))
///     .detect_within(Duration::from_secs(3))
///     .seed(0x5eed_0f_0007)
///     .build()?;
/// assert_eq!(config.stated_bound(), Some(Duration::from_secs(3)));
/// # Ok(()) }
/// ```
///
/// The builder is `const`. In a constant, `?` is not available, but a `match` turns a setting that
/// is out of range into a compile-time error:
///
/// ```
/// use core::time::Duration;
/// use systole::Config;
///
/// const CONFIG: Config = match Config::every(Duration::from_secs(5)).build() {
///     Ok(config) => config,
///     Err(_) => panic!("a setting is out of range"),
/// };
/// ```
///
/// # serde
///
/// With the feature `serde`, deserialization applies the same checks: a configuration that the
/// builder refuses is a deserialization error with the same message. Spans are text such as
/// `1s 500ms` in human-readable formats, and whole microseconds in others. A missing setting has
/// the default in the table of [`Builder`]:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use core::time::Duration;
/// use systole::Config;
///
/// let config: Config = serde_json::from_str(
///     r#"{ "policy": { "every": "1s" }, "detect_within": "3s" }"#,
/// )
/// .unwrap();
/// assert_eq!(config.stated_bound(), Some(Duration::from_secs(3)));
/// # }
/// ```
///
/// The policy is one of these; serialize a configuration to see all fields:
///
/// * `{ "every", "gain_percent" }`
/// * `{ "fixed" }`
/// * `{ "target", "mistakes_at_most_one_per", "probes_at_most" }`
/// * `{ "at_most", "of" }` around another policy; `"at_least"` starts a search for the lifetime
///
/// A configuration is serialized with its seed, which determines the probe ids of a
/// [`Monitor`](crate::Monitor). Whoever reads the seed can forge replies. Either keep the text
/// secret, or serialize the configuration before its seed is set and set the seed after reading it:
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use core::time::Duration;
/// use systole::Config;
///
/// let shared = Config::every(Duration::from_secs(5)).build().unwrap();
/// let text = serde_json::to_string(&shared).unwrap();
/// assert!(text.contains(r#""seed":null"#));
/// let read: Config = serde_json::from_str(&text).unwrap();
/// let config = read.into_builder().seed(77).build().unwrap();
/// # }
/// ```
///
/// [`Builder`]: crate::config::Builder
/// [`Builder::build`]: crate::config::Builder::build
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config<P = Fluctuation> {
    pub(crate) settings: Settings<P>,
    /// The seed; 0 if none is set.
    pub(crate) seed: Secret,
    /// The bound that the policy plans for; no other bound may be stated. 0 if any bound may be
    /// stated.
    pub(crate) planned_us: u64,
    /// The shortest lateness of this process that is reported; `u32::MAX` if none is reported.
    pub(crate) pause_us: u32,
    pub(crate) without_initial_delay: bool,
}

/// The part of a configuration that a running machine reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Settings<P> {
    pub(crate) policy: P,
    pub(crate) limits: Limits,
}

impl<P: Pacing> Settings<P> {
    /// Writes the policy's plan, fitted to the limits, to `plan`.
    // Small arguments are passed by reference, so that each is loaded only at the place that uses
    // it.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    #[allow(clippy::inline_always)] // runs for every sample
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))] // one copy is enough
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

    /// Copies the settings; see [`Limits::copied`].
    pub(crate) const fn copied(&self) -> Self {
        Self {
            policy: self.policy,
            limits: self.limits.copied(),
        }
    }

    /// Returns the plan on a path of which nothing is known.
    // A result of this size would otherwise be copied by the standard library's `memcpy`.
    #[allow(clippy::inline_always)]
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
    /// Returns the delay of the first probe, uniform between zero and one jittered interval. If the
    /// nominal interval were used instead, the first probes of the last devices would coincide with
    /// the second probes of the first devices.
    #[allow(clippy::cast_possible_truncation)] // keeps 16 bits
    #[inline(never)]
    pub(crate) fn start_delay_us(&self) -> u64 {
        if self.without_initial_delay {
            return 0;
        }
        let draw = mix(!self.seed.0);
        let (share, jitter) = (draw >> 40, draw as u32 & 0xffff);
        let interval_us = self.settings.first_plan().interval_us();
        let interval_us = self.settings.limits.jittered(interval_us, jitter);
        // No interval is over 2^40, so the product fits 64 bits.
        (interval_us * share) >> 24
    }

    #[cfg(feature = "alloc")]
    /// Returns whether a lateness of `late_us` is reported.
    pub(crate) fn is_pause(&self, late_us: u64) -> bool {
        self.pause_us < u32::MAX && late_us >= u64::from(self.pause_us)
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &P {
        &self.settings.policy
    }

    /// Returns the shortest steady interval.
    #[must_use]
    pub const fn interval_min(&self) -> Duration {
        duration(self.settings.limits.interval_min_us)
    }

    /// Returns the longest steady interval.
    #[must_use]
    pub const fn interval_max(&self) -> Duration {
        duration(self.settings.limits.interval_max_us)
    }

    /// Returns the shortest timeout.
    #[must_use]
    pub const fn timeout_min(&self) -> Duration {
        duration(self.settings.limits.timeout_min_us as u64)
    }

    /// Returns the longest timeout.
    #[must_use]
    pub const fn timeout_max(&self) -> Duration {
        duration(self.settings.limits.timeout_max_us as u64)
    }

    /// Returns the stated bound on detection time, or `None` if none was stated.
    #[must_use]
    pub const fn stated_bound(&self) -> Option<Duration> {
        match self.settings.limits.bound_us {
            0 => None,
            bound_us => Some(duration(bound_us)),
        }
    }

    /// Returns the number of refusals in a row that suffice for `Dead`, or `None` if the bound
    /// always has to pass.
    #[must_use]
    pub const fn dead_after_refusals(&self) -> Option<u8> {
        match self.settings.limits.refusals {
            0 => None,
            refusals => Some(refusals),
        }
    }

    /// Returns whether a seed is set.
    #[must_use]
    pub const fn is_seeded(&self) -> bool {
        self.seed.0 != 0
    }
}
