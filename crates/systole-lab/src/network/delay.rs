//! Layers that make the round trip longer.

use core::time::Duration;

use super::Layer;
use crate::SplitMix64;
use systole::Instant;

/// Adds the same delay to every probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant(pub Duration);

impl Layer for Constant {
    fn pass(&self, _: Instant, rtt: Duration) -> Option<Duration> {
        Some(rtt.saturating_add(self.0))
    }
}

/// Adds an exponentially distributed delay, independent for every send time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential {
    mean: Duration,
    seed: u64,
}

impl Exponential {
    /// Returns a delay with this mean.
    #[must_use]
    pub const fn new(mean: Duration, seed: u64) -> Self {
        Self { mean, seed }
    }
}

impl Layer for Exponential {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let mut rng = SplitMix64::keyed(self.seed, sent_at.as_micros());
        Some(rtt.saturating_add(span(rng.exponential(self.mean.as_secs_f64()))))
    }
}

/// Adds a lognormal delay, which describes the body of most measured round-trip times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    median: Duration,
    sigma: f64,
    coherence_us: u64,
    seed: u64,
}

impl Lognormal {
    /// Returns a delay with this median. `sigma` is the standard deviation of its logarithm: 0.1 is
    /// steady, 1 very unsteady.
    #[must_use]
    pub const fn new(median: Duration, sigma: f64, seed: u64) -> Self {
        Self {
            median,
            sigma,
            coherence_us: 1,
            seed,
        }
    }

    /// Uses one draw for all probes sent within the same slot of this length, so that their delays
    /// are correlated.
    #[must_use]
    pub fn coherent_for(self, slot: Duration) -> Self {
        Self {
            coherence_us: crate::time::micros(slot).max(1),
            ..self
        }
    }
}

impl Layer for Lognormal {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let mut rng = SplitMix64::keyed(self.seed, sent_at.as_micros() / self.coherence_us);
        let factor = libm::exp(self.sigma * rng.normal());
        Some(rtt.saturating_add(span(self.median.as_secs_f64() * factor)))
    }
}

/// Adds a Pareto delay to some probes: a tail that mean and variance cannot describe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeavyTail {
    chance: f64,
    least: Duration,
    exponent: f64,
    seed: u64,
}

/// The longest delay that is drawn: the longest round trip that the crate can hold.
const LONGEST_S: f64 = 4_294.0;

impl HeavyTail {
    /// Returns a layer that delays a probe, with this chance, by more than x with probability
    /// `(least/x)^exponent`, for x above `least`. With exponents up to 2 the variance is infinite,
    /// up to 1 the mean too. Delays are capped at 71 minutes.
    #[must_use]
    pub const fn new(chance: f64, least: Duration, exponent: f64, seed: u64) -> Self {
        Self {
            chance,
            least,
            exponent,
            seed,
        }
    }
}

impl Layer for HeavyTail {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let mut rng = SplitMix64::keyed(self.seed, sent_at.as_micros());
        if rng.unit() >= self.chance {
            return Some(rtt);
        }
        let factor = libm::pow(rng.positive_unit(), -1.0 / self.exponent);
        Some(rtt.saturating_add(span(self.least.as_secs_f64() * factor)))
    }
}

/// Multiplies the round trip from a moment on, as when the route changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RttStep {
    /// From this moment on.
    pub at: Instant,
    /// The factor for the round trip. A negative value or NaN counts as 0.
    pub factor: f64,
}

impl Layer for RttStep {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        if sent_at < self.at {
            return Some(rtt);
        }
        Some(span(rtt.as_secs_f64() * self.factor))
    }
}

/// Converts seconds to a delay. A negative value or NaN counts as zero, and infinity is capped.
fn span(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_S).max(0.0))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn draws(layer: &dyn Layer, n: u64) -> Vec<f64> {
        let pass = |i| layer.pass(Instant::from_millis(i), Duration::ZERO);
        let mut all: Vec<f64> = (0..n)
            .filter_map(pass)
            .map(|rtt| rtt.as_secs_f64())
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn lognormal_has_its_median_and_spread() {
        let all = draws(&Lognormal::new(Duration::from_millis(50), 0.5, 1), 20_001);
        let at = |q: f64| all[(q * 20_000.0) as usize];
        assert!((at(0.5) / 0.05 - 1.0).abs() < 0.02);
        assert!((libm::log(at(0.8413) / at(0.5)) - 0.5).abs() < 0.02);
    }

    #[test]
    fn the_tail_falls_with_its_exponent() {
        let all = draws(&HeavyTail::new(1.0, Duration::from_secs(1), 1.5, 2), 50_000);
        let above = |x: f64| all.iter().filter(|&&v| v > x).count() as f64 / 50_000.0;
        assert!(all[0] >= 1.0);
        assert!((above(4.0) - 0.125).abs() < 0.005);
    }

    #[test]
    fn coherent_probes_share_their_delay() {
        let layer =
            Lognormal::new(Duration::from_millis(50), 0.5, 1).coherent_for(Duration::from_secs(1));
        let at = |ms| layer.pass(Instant::from_millis(ms), Duration::ZERO);
        assert_eq!(at(1_000), at(1_999));
        assert_ne!(at(1_000), at(2_000));
    }

    #[test]
    fn a_nonsense_factor_cannot_panic() {
        for factor in [f64::NAN, f64::INFINITY, -1.0, f64::MAX] {
            let step = RttStep {
                at: Instant::ZERO,
                factor,
            };
            assert!(step.pass(Instant::ZERO, Duration::from_secs(1)).is_some());
        }
    }
}
