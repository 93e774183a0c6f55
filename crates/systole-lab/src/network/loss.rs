//! Layers that lose probes.

use alloc::vec::Vec;
use core::time::Duration;

use super::Layer;
use crate::SplitMix64;
use crate::time::micros;
use systole::Instant;

/// Loses each probe with the same chance, independently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bernoulli {
    chance: f64,
    seed: u64,
}

impl Bernoulli {
    /// Returns a layer that loses this share of the probes, 0 to 1.
    #[must_use]
    pub const fn new(chance: f64, seed: u64) -> Self {
        Self { chance, seed }
    }
}

impl Layer for Bernoulli {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        survives(self.chance, self.seed, sent_at).then_some(rtt)
    }
}

/// Loses no probe until a given time, and this share of the probes from then on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossStep {
    /// From this moment on.
    pub at: Instant,
    /// The share that is lost, 0 to 1.
    pub chance: f64,
    /// The seed that determines which probes are lost.
    pub seed: u64,
}

impl Layer for LossStep {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        (sent_at < self.at || survives(self.chance, self.seed, sent_at)).then_some(rtt)
    }
}

/// Burst loss in continuous time: a good and a bad state, each of exponential length, each with a
/// loss rate.
///
/// This is the Gilbert-Elliott chain. Two probes sent a millisecond apart have the same fate and
/// two sent a minute apart do not, whatever the probing interval. The states are drawn once, for a
/// length of time, and repeat after it.
#[derive(Clone, Debug, PartialEq)]
pub struct GilbertElliott {
    /// The times at which the state changes, from good at 0 to bad, and so on. The number of
    /// changes is even.
    changes: Vec<u64>,
    period_us: u64,
    loss: [f64; 2],
    seed: u64,
}

impl GilbertElliott {
    /// Returns a path that is good for `good` on average, then bad for `bad` on average, drawn for
    /// `length`.
    ///
    /// All probes are lost in the bad state and none in the good state; see
    /// [`with_loss`](Self::with_loss). Means below a millisecond count as one.
    #[must_use]
    pub fn new(good: Duration, bad: Duration, length: Duration, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let means = [
            micros(good).max(1_000) as f64,
            micros(bad).max(1_000) as f64,
        ];
        let period_us = micros(length).max(1);
        let mut changes = Vec::new();
        let mut at = 0;
        for mean in means.iter().cycle() {
            at += 1 + rng.exponential(*mean) as u64;
            if at >= period_us {
                break;
            }
            changes.push(at);
        }
        Self {
            changes,
            period_us,
            loss: [0.0, 1.0],
            seed: rng.next_u64(),
        }
    }

    /// Sets the shares that are lost in the good and in the bad state.
    #[must_use]
    pub fn with_loss(self, good: f64, bad: f64) -> Self {
        Self {
            loss: [good, bad],
            ..self
        }
    }

    fn is_bad(&self, at: Instant) -> bool {
        let within = at.as_micros() % self.period_us;
        self.changes.partition_point(|&change| change <= within) % 2 == 1
    }
}

impl Layer for GilbertElliott {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let [good, bad] = self.loss;
        let chance = if self.is_bad(sent_at) { bad } else { good };
        survives(chance, self.seed, sent_at).then_some(rtt)
    }
}

fn survives(loss: f64, seed: u64, sent_at: Instant) -> bool {
    SplitMix64::keyed(seed, sent_at.as_micros()).unit() >= loss
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURS: Duration = Duration::from_secs(10 * 3_600);

    fn lost(layer: &dyn Layer, every_ms: u64, n: u64) -> Vec<bool> {
        (0..n)
            .map(|i| {
                layer
                    .pass(Instant::from_millis(i * every_ms), Duration::ZERO)
                    .is_none()
            })
            .collect()
    }

    fn share(lost: &[bool]) -> f64 {
        lost.iter().filter(|&&l| l).count() as f64 / lost.len() as f64
    }

    #[test]
    fn certain_and_impossible_losses_are_exact() {
        assert!((share(&lost(&Bernoulli::new(1.0, 1), 1, 10_000)) - 1.0).abs() < f64::EPSILON);
        assert!(share(&lost(&Bernoulli::new(0.0, 1), 1, 10_000)) < f64::EPSILON);
        assert!((share(&lost(&Bernoulli::new(0.1, 1), 1, 100_000)) - 0.1).abs() < 0.004);
    }

    /// The chance that a probe is lost at a time d after a lost one: ulp + (1 - ulp) * exp(-d/tau).
    #[test]
    fn losses_hang_together_as_the_chain_says() {
        let (good, bad) = (9.0, 1.0);
        let secs = Duration::from_secs_f64;
        let path = GilbertElliott::new(secs(good), secs(bad), HOURS, 5);
        let all = lost(&path, 100, 360_000);
        let ulp = bad / (good + bad);
        assert!((share(&all) - ulp).abs() < 0.01);
        let tau = good * bad / (good + bad);
        for steps in [1_usize, 5, 20] {
            let after: Vec<_> = all
                .windows(steps + 1)
                .filter(|w| w[0])
                .map(|w| w[steps])
                .collect();
            let expected = ulp + (1.0 - ulp) * libm::exp(-0.1 * steps as f64 / tau);
            assert!((share(&after) - expected).abs() < 0.02, "{steps} steps");
        }
    }

    #[test]
    fn the_states_repeat_after_their_length() {
        let path = GilbertElliott::new(
            Duration::from_secs(9),
            Duration::from_secs(1),
            Duration::from_secs(600),
            5,
        );
        assert_eq!(
            lost(&path, 100, 6_000)[..],
            lost(&path, 100, 12_000)[6_000..]
        );
    }

    #[test]
    fn a_loss_step_leaves_what_came_before() {
        let step = LossStep {
            at: Instant::from_secs(1),
            chance: 1.0,
            seed: 1,
        };
        let all = lost(&step, 100, 20);
        assert_eq!((share(&all[..10]), share(&all[10..])), (0.0, 1.0));
    }
}
