//! Quality of service on a live peer: the cost of a detector and the number of its mistakes.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::baseline::{Baseline, NfdS};
use super::detector::Detector;
use super::network::Network;
use super::replay::{Options, Replay, replay};
use super::span::{Span, any_overlaps, covered_us};
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// The number of start offsets over which a figure is the mean, spread evenly in [0, bound).
pub(crate) const OFFSETS: u64 = 16;

/// The interval of the prober that defines the floor, short enough to stand for any frequency.
const FLOOR_INTERVAL: Duration = Duration::from_millis(10);

/// A network on which detectors are judged at a detection bound.
#[derive(Clone, Debug)]
pub struct Case<N> {
    name: String,
    network: N,
    bound: Duration,
    floor: Vec<Span>,
}

impl<N: Network> Case<N> {
    /// Returns `network` at `bound`. It computes the floor, which costs a replay at 100 probes per
    /// second.
    pub fn new(name: impl Into<String>, network: N, bound: Duration) -> Self {
        let floor = floor(&network, bound);
        Self {
            name: name.into(),
            network,
            bound,
            floor,
        }
    }

    /// Returns the name of the case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the network.
    pub const fn network(&self) -> &N {
        &self.network
    }

    /// Returns the detection bound to which all figures refer.
    #[must_use]
    pub const fn bound(&self) -> Duration {
        self.bound
    }

    /// Returns the windows in which probing every 10 ms would also have been silent for the bound:
    /// from the moment such a prober calls the peer Dead until it hears from the peer again. No
    /// detector that keeps the bound avoids a mistake there.
    #[must_use]
    pub fn floor(&self) -> &[Span] {
        &self.floor
    }

    /// Replays the detector from 16 start offsets in [0, bound).
    pub fn qos<D: Detector>(&self, build: impl Fn(Instant) -> D) -> Qos {
        let runs: Vec<_> = (0..OFFSETS).map(|k| self.run(k, &build)).collect();
        self.over(&runs)
    }

    /// Replays the detector from one of the start offsets.
    pub(crate) fn run<D: Detector>(&self, offset: u64, build: impl Fn(Instant) -> D) -> Run {
        let step = micros(self.bound) / OFFSETS;
        let options = Options::starting_after(Duration::from_micros(offset * step));
        Run::judge(&replay(&self.network, &options, build), &self.floor)
    }

    /// Returns the means over the runs of all offsets.
    pub(crate) fn over(&self, runs: &[Run]) -> Qos {
        let length = self.network.end().since(self.network.start());
        Qos::over(runs, Duration::from_micros(length), self.floor.len())
    }
}

/// Returns every stretch in which a prober with an interval of 10 ms calls the live peer Dead at
/// this bound.
fn floor(network: &impl Network, bound: Duration) -> Vec<Span> {
    let prober = NfdS {
        interval: FLOOR_INTERVAL,
        bound,
    };
    replay(network, &Options::default(), |start| prober.detector(start)).mistakes
}

/// The figures of one replay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) probes: f64,
    mistakes: f64,
    pub(crate) avoidable: f64,
    dead_s: f64,
    excess_dead_s: f64,
    query_accuracy: f64,
}

impl Run {
    fn judge(replay: &Replay, floor: &[Span]) -> Self {
        let avoidable = replay
            .mistakes
            .iter()
            .filter(|m| !any_overlaps(floor, m))
            .count();
        let dead: u64 = replay.mistakes.iter().map(Span::length_us).sum();
        let shared: u64 = replay.mistakes.iter().map(|m| covered_us(floor, m)).sum();
        let dead_s = seconds(dead);
        Self {
            probes: replay.probes as f64,
            mistakes: replay.mistakes.len() as f64,
            avoidable: avoidable as f64,
            dead_s,
            excess_dead_s: seconds(dead - shared),
            query_accuracy: 1.0 - dead_s / replay.duration.as_secs_f64(),
        }
    }
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// What a detector did on one network. Each figure is a mean over the start offsets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Qos {
    /// The length of the network.
    pub duration: Duration,
    /// The number of windows in which no detector that keeps the bound avoids a mistake.
    pub floor: usize,
    /// The number of probes sent, including retries.
    pub probes: Statistic,
    /// The number of times that the live peer was called Dead.
    pub mistakes: Statistic,
    /// The number of mistakes that overlap no window of the floor.
    pub avoidable: Statistic,
    /// The seconds for which the live peer was called Dead.
    pub dead_s: Statistic,
    /// The part of these seconds outside the windows of the floor.
    pub excess_dead_s: Statistic,
    /// The share of time in which the verdict was correct: `P_A` of \[Chen02\].
    pub query_accuracy: Statistic,
}

impl Qos {
    fn over(runs: &[Run], duration: Duration, floor: usize) -> Self {
        let of = |figure: fn(&Run) -> f64| Statistic::over(runs.iter().map(figure));
        Self {
            duration,
            floor,
            probes: of(|run| run.probes),
            mistakes: of(|run| run.mistakes),
            avoidable: of(|run| run.avoidable),
            dead_s: of(|run| run.dead_s),
            excess_dead_s: of(|run| run.excess_dead_s),
            query_accuracy: of(|run| run.query_accuracy),
        }
    }

    /// Returns the cost of the detector: probes per second over the whole length of the network.
    #[must_use]
    pub fn probes_per_s(&self) -> f64 {
        self.probes.mean / self.duration.as_secs_f64()
    }

    /// Returns `E(T_MR)` of \[Chen02\], the mean time from one mistake to the next; infinite
    /// without mistakes.
    #[must_use]
    pub fn mistake_recurrence_s(&self) -> f64 {
        self.duration.as_secs_f64() / self.mistakes.mean
    }

    /// Returns `E(T_M)` of \[Chen02\], the mean length of a mistake; 0 without mistakes.
    #[must_use]
    pub fn mistake_duration_s(&self) -> f64 {
        if self.mistakes.mean > 0.0 {
            self.dead_s.mean / self.mistakes.mean
        } else {
            0.0
        }
    }
}

/// The mean and the standard deviation of a figure over the start offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistic {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a single offset (over n - 1).
    pub sd: f64,
}

impl Statistic {
    fn over(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let n = values.len() as f64;
        let mean = values.clone().sum::<f64>() / n;
        let squares: f64 = values.map(|x| (x - mean) * (x - mean)).sum();
        Self {
            mean,
            sd: libm::sqrt(squares / (n - 1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Constant, Outage, Synthetic};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn mean_and_standard_deviation() {
        let s = Statistic::over([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter());
        assert!((s.mean - 5.0).abs() < 1e-12);
        assert!((s.sd - libm::sqrt(32.0 / 7.0)).abs() < 1e-12);
    }

    /// An outage of 1.5 s at a bound of 3 s makes no floor, and a mistake if two probes fall into
    /// it.
    #[test]
    fn a_short_outage_is_avoidable_and_a_long_one_is_floor() {
        let network = || Synthetic::new(600 * SECOND).with(Constant(Duration::from_millis(1)));
        let slow = NfdS {
            interval: SECOND,
            bound: 3 * SECOND,
        };
        let short = Outage::once(Instant::from_secs(100), 3 * SECOND / 2);
        let case = Case::new("short", network().with(short), 3 * SECOND);
        assert_eq!(case.floor(), []);
        let qos = case.qos(|start| slow.detector(start));
        assert!(qos.mistakes.mean > 0.0 && qos.mistakes.mean < 1.0);
        assert_eq!(qos.avoidable, qos.mistakes);
        assert_eq!(qos.excess_dead_s, qos.dead_s);

        let long = Outage::once(Instant::from_secs(100), 10 * SECOND);
        let case = Case::new("long", network().with(long), 3 * SECOND);
        let [window] = case.floor() else {
            panic!("one window")
        };
        assert_eq!(window.from, Instant::from_millis(102_990));
        assert_eq!(window.until, Instant::from_millis(110_001));
        let qos = case.qos(|start| slow.detector(start));
        assert!((qos.mistakes.mean - 1.0).abs() < 1e-12 && qos.avoidable.mean < 1e-12);
        assert!(qos.excess_dead_s.mean < qos.dead_s.mean - 7.0);
    }
}
