//! Simple rules with which an early warning is compared.

use super::{Sight, Warner};

/// Warns when a round trip exceeds a fixed time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedThreshold {
    /// Whether the age of a probe without a reply counts too.
    pub ages: bool,
}

impl Warner for FixedThreshold {
    fn score(&mut self, sight: Sight) -> f64 {
        match sight {
            Sight::Waiting(age) if self.ages => age.as_secs_f64(),
            Sight::Answered(rtt) => rtt.as_secs_f64(),
            _ => 0.0,
        }
    }
}

/// Warns when a round trip exceeds a multiple of the usual round trip, which is the exponentially
/// weighted mean of the logarithm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FixedRatio {
    /// Whether the age of a probe without a reply counts too.
    pub ages: bool,
    usual: Option<f64>,
}

impl FixedRatio {
    /// Returns the rule for round trips only, or for ages too.
    #[must_use]
    pub const fn seeing(ages: bool) -> Self {
        Self { ages, usual: None }
    }
}

/// The weight of the newest sample in a slow mean.
const SLOWLY: f64 = 1.0 / 64.0;

impl Warner for FixedRatio {
    fn score(&mut self, sight: Sight) -> f64 {
        let of = |span: core::time::Duration| libm::log2(span.as_secs_f64().max(1e-6));
        match sight {
            Sight::Waiting(age) if self.ages => self.usual.map_or(0.0, |usual| of(age) - usual),
            Sight::Answered(rtt) => {
                let usual = self.usual.unwrap_or_else(|| of(rtt));
                let above = of(rtt) - usual;
                self.usual = Some(usual + SLOWLY * above);
                above
            }
            _ => f64::NEG_INFINITY,
        }
    }
}

/// Warns when an exponentially weighted mean of the round trips leaves the band of a multiple of
/// the mean deviation around a slower mean (Roberts 1959).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EwmaBand {
    /// The weight of the newest round trip.
    pub weight: f64,
    /// Whether the logarithms are averaged.
    pub log: bool,
    fast: f64,
    slow: Option<f64>,
    deviation: f64,
}

impl EwmaBand {
    /// Returns a band with this weight of the newest round trip.
    #[must_use]
    pub const fn new(weight: f64, log: bool) -> Self {
        Self {
            weight,
            log,
            fast: 0.0,
            slow: None,
            deviation: 0.0,
        }
    }
}

impl Warner for EwmaBand {
    fn score(&mut self, sight: Sight) -> f64 {
        let Sight::Answered(rtt) = sight else {
            return f64::NEG_INFINITY;
        };
        let x = rtt.as_secs_f64().max(1e-6);
        let x = if self.log { libm::log2(x) } else { x };
        let Some(slow) = self.slow else {
            (self.fast, self.slow) = (x, Some(x));
            return 0.0;
        };
        self.fast += self.weight * (x - self.fast);
        let score = (self.fast - slow) / self.deviation.max(1e-6);
        self.deviation += SLOWLY * (libm::fabs(x - slow) - self.deviation);
        self.slow = Some(slow + SLOWLY * (x - slow));
        score
    }
}
