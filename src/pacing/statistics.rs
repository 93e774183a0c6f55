//! The measurements of a path, as a policy receives them.

use core::time::Duration;

use crate::path::loss::LossRate;
use crate::path::rtt::RttEstimator;
use crate::path::window::Moments;
use crate::plan::{Limits, Retries};
use crate::time::duration;

/// The measurements of a path: the argument of [`Pacing::plan`](crate::pacing::Pacing::plan).
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'a> {
    pub(crate) moments: &'a Moments,
    pub(crate) rtt: &'a RttEstimator,
    pub(crate) loss: &'a LossRate,
    pub(crate) limits: &'a Limits,
}

impl Statistics<'_> {
    /// Returns the exact moments of the last round-trip times.
    #[must_use]
    pub const fn moments(&self) -> &Moments {
        self.moments
    }

    /// Returns the share of probes that get no reply.
    #[must_use]
    pub const fn loss(&self) -> &LossRate {
        self.loss
    }

    /// Returns the smoothed round-trip time of RFC 6298; zero before the first sample.
    #[must_use]
    pub const fn smoothed(&self) -> Duration {
        duration(self.rtt.smoothed_us() as u64)
    }

    /// Returns the probe timeout of RFC 6298: smoothed + 4 variations, doubled for every probe that
    /// became overdue since the last reply, within the configured limits.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        duration(self.timeout_us() as u64)
    }

    /// Returns the same as [`timeout`](Self::timeout) in microseconds, which spares a policy two
    /// divisions per sample.
    #[must_use]
    pub const fn timeout_us(&self) -> u32 {
        let (wanted, max) = (self.uncapped_timeout_us(), self.limits.timeout_max_us);
        if wanted > max { max } else { wanted }
    }

    /// Returns the timeout without the upper limit, which the machine applies later.
    #[inline]
    pub(crate) const fn uncapped_timeout_us(&self) -> u32 {
        let limits = self.limits;
        self.rtt
            .timeout_us(limits.timeout_first_us, limits.timeout_min_us)
    }

    /// Returns the number of retries that the configuration states, and how they are spaced.
    #[must_use]
    pub const fn retries(&self) -> Retries {
        self.limits.retries
    }

    /// Returns the stated bound on detection time, if any.
    #[must_use]
    pub const fn bound(&self) -> Option<Duration> {
        match self.limits.bound_us {
            0 => None,
            bound_us => Some(duration(bound_us)),
        }
    }
}
