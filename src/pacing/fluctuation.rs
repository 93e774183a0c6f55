//! The fluctuation rule, which lengthens the interval as the path becomes less steady.

use core::time::Duration;

use crate::math::fixed_point::{ONE_Q16, divided, scaled_q16};
use crate::pacing::Pacing;
use crate::pacing::Statistics;
use crate::plan::Plan;
use crate::time::{duration, micros, saturate};

/// The fluctuation rule: `interval = base * (1 + gain * sigma/mu)`, where sigma is the standard
/// deviation and mu the mean of the last N round-trip times.
/// [`Config::every`](crate::Config::every) creates it.
///
/// The rule probes less if the path is unsteady. It therefore adds little load to a network that is
/// overloaded, and saves battery, but it detects failures slowly, because most failures happen on
/// unsteady paths. A bound on detection time
/// ([`detect_within`](crate::config::Builder::detect_within)) overrides it: the interval is a wish,
/// which the machine fits to bound and limits (`src/plan/limits.rs`). To detect failures quickly at
/// the least cost, use [`Config::target`](crate::Config::target) instead.
///
/// The interval is computed in integers and is within 1e-4 of a two-pass floating-point reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Packing saves four bytes in every machine.
#[repr(C, packed(4))]
pub struct Fluctuation {
    base_us: u64,
    gain_q16: u32,
}

impl Fluctuation {
    pub(crate) const fn new(base: Duration) -> Self {
        Self {
            base_us: micros(base),
            gain_q16: ONE_Q16,
        }
    }

    pub(crate) const fn with_gain_percent(mut self, percent: u16) -> Self {
        // Rounded to the nearest. `divided` is used because a plain division would link a 32-bit
        // division on small cores for this line alone.
        self.gain_q16 = saturate(divided(percent as u64 * ONE_Q16 as u64 + 50, 100));
        self
    }

    /// Returns the interval on a steady path.
    #[must_use]
    pub const fn base(&self) -> Duration {
        duration(self.base_us)
    }

    /// Returns how much of the fluctuation lengthens the interval, in per cent.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // at most 1,000
    pub const fn gain_percent(&self) -> u16 {
        ((self.gain_q16 as u64 * 100 + ONE_Q16 as u64 / 2) >> 16) as u16
    }

    /// Returns the interval for a fluctuation given in units of 2^-16.
    #[inline]
    // The fluctuation is at most 2^8, and the gain at most 10.
    #[allow(clippy::cast_possible_truncation)]
    fn interval_us(&self, fluctuation_q16: u32) -> u64 {
        let gained = (u64::from(fluctuation_q16) * u64::from(self.gain_q16)) >> 16;
        debug_assert!(gained <= 10 << 24);
        scaled_q16(self.base_us, ONE_Q16 + gained as u32)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Fluctuation {
    fn format(&self, to: defmt::Formatter<'_>) {
        let (base_us, gain) = (self.base_us, self.gain_percent());
        defmt::write!(
            to,
            "Fluctuation {{ base_us: {}, gain_percent: {} }}",
            base_us,
            gain
        );
    }
}

impl Pacing for Fluctuation {
    type State = ();
    const INITIAL: () = ();

    #[inline]
    fn plan(&self, (): &(), path: &Statistics<'_>) -> Plan {
        let interval_us = self.interval_us(path.moments().fluctuation_q16());
        Plan::from_micros(interval_us, path.uncapped_timeout_us()).with_retries(path.retries())
    }
}
