//! Layers that change over minutes to days: outages in clusters, drift, and times of day.

use alloc::vec::Vec;
use core::time::Duration;

use super::Layer;
use crate::SplitMix64;
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// Outages that come in clusters: quiet times, and episodes in which one outage follows another.
///
/// All lengths are exponential. They are drawn once, for a length of time, and repeat after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusteredOutages {
    /// When each outage begins and ends, in order and disjoint.
    outages: Vec<(u64, u64)>,
    period_us: u64,
}

impl ClusteredOutages {
    /// Returns outages of `outage` with pauses of `pause` in episodes of `episode`, and `quiet`
    /// between the episodes; all of them means. Means below a millisecond count as one.
    #[must_use]
    pub fn new(
        [quiet, episode, pause, outage]: [Duration; 4],
        length: Duration,
        seed: u64,
    ) -> Self {
        let mut rng = SplitMix64::new(seed);
        let mut draw = |mean: Duration| 1 + rng.exponential(micros(mean).max(1_000) as f64) as u64;
        let period_us = micros(length).max(1);
        let mut outages = Vec::new();
        let mut at = draw(quiet);
        while at < period_us {
            let end = at.saturating_add(draw(episode));
            while at < end.min(period_us) {
                let over = at.saturating_add(draw(outage));
                outages.push((at, over));
                at = over.saturating_add(draw(pause));
            }
            at = at.saturating_add(draw(quiet));
        }
        Self { outages, period_us }
    }
}

impl Layer for ClusteredOutages {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let at = sent_at.as_micros() % self.period_us;
        let begun = self.outages.partition_point(|&(from, _)| from <= at);
        let last = begun.checked_sub(1).and_then(|last| self.outages.get(last));
        last.is_none_or(|&(_, until)| until <= at).then_some(rtt)
    }
}

/// Multiplies the round trip by a factor that grows evenly with time, as when a route becomes
/// longer or a link fills up over hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// What is added to the factor 1 in an hour; at most a factor of 100 is reached.
    pub per_hour: f64,
}

impl Layer for Drift {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let hours = sent_at.since(Instant::ZERO) as f64 / 3.6e9;
        let factor = (1.0 + self.per_hour * hours).clamp(0.01, 100.0);
        Some(rtt.mul_f64(factor))
    }
}

/// A load that rises and falls with the time of day: it adds delay and loses probes.
///
/// The load is `(1 - cos(2 pi t / period)) / 2`: nothing at time 0, everything after half a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diurnal {
    /// The length of a day.
    pub period: Duration,
    /// The delay that the full load adds.
    pub delay: Duration,
    /// The share of probes that the full load loses, 0 to 1.
    pub loss: f64,
    /// The seed that determines which probes are lost.
    pub seed: u64,
}

impl Layer for Diurnal {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let period_us = micros(self.period).max(1);
        let share = (sent_at.as_micros() % period_us) as f64 / period_us as f64;
        let load = (1.0 - libm::cos(core::f64::consts::TAU * share)) / 2.0;
        let mut rng = SplitMix64::keyed(self.seed, sent_at.as_micros());
        let survives = rng.unit() >= self.loss * load;
        survives.then(|| rtt.saturating_add(self.delay.mul_f64(load)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn outages_come_in_clusters() {
        let means = [600 * SECOND, 60 * SECOND, 10 * SECOND, 5 * SECOND];
        let layer = ClusteredOutages::new(means, 360_000 * SECOND, 5);
        let lost = |s: u64| layer.pass(Instant::from_secs(s), SECOND).is_none();
        let all: Vec<_> = (0..360_000).map(lost).collect();
        let share = |of: &mut dyn Iterator<Item = bool>| {
            let (hits, count) = of.fold((0.0, 0.0), |(hits, count), hit| {
                (hits + f64::from(u8::from(hit)), count + 1.0)
            });
            hits / count
        };
        let overall = share(&mut all.iter().copied());
        let near = share(
            &mut all
                .windows(31)
                .filter(|window| window[0])
                .map(|window| window[30]),
        );
        assert!((0.01..0.1).contains(&overall), "{overall}");
        assert!(
            near > 4.0 * overall,
            "{near} half a minute after an outage, {overall} anywhere"
        );
    }

    #[test]
    fn drift_and_load_follow_the_time() {
        let drift = Drift { per_hour: 0.5 };
        let at = |hours: u64| Instant::from_secs(3_600 * hours);
        assert_eq!(drift.pass(at(0), SECOND), Some(SECOND));
        assert_eq!(drift.pass(at(4), SECOND), Some(3 * SECOND));
        let day = Diurnal {
            period: 86_400 * SECOND,
            delay: 2 * SECOND,
            loss: 0.0,
            seed: 1,
        };
        assert_eq!(day.pass(at(0), SECOND), Some(SECOND));
        assert_eq!(day.pass(at(12), SECOND), Some(3 * SECOND));
        assert_eq!(day.pass(at(24), SECOND), Some(SECOND));
        let lossy = Diurnal { loss: 1.0, ..day };
        assert_eq!(lossy.pass(at(12), SECOND), None);
        assert_eq!(lossy.pass(at(0), SECOND), Some(SECOND));
    }
}
