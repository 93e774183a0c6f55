//! Detection time: the peer crashes at many moments, each in its own copy of the replay.

use alloc::vec::Vec;
use core::time::Duration;

use super::detector::Detector;
use super::network::Network;
use super::replay::{Engine, Options};
use super::rng::SplitMix64;
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// The settings for measuring detection times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashTest {
    /// The number of crashes, placed uniformly over the replay: one at a random moment of each of
    /// as many equal parts.
    pub crashes: u32,
    /// The seed of the moment of each crash within its part.
    pub seed: u64,
    /// If set, each crash is moved to just after the last probe of a schedule with this interval
    /// from the start, where its detection takes longest.
    pub schedule: Option<Duration>,
    /// How long the verdict is awaited after a crash. If it is not Dead by then, the crash counts
    /// as never detected. Replies that are still in flight then (a heavy tail draws delays of up to
    /// 71 minutes) are not awaited.
    pub give_up: Duration,
    /// The options of the replay up to the crash.
    pub options: Options,
}

impl CrashTest {
    /// Returns settings for this many crashes, each awaited for an hour.
    #[must_use]
    pub const fn new(crashes: u32) -> Self {
        let options = Options::starting_after(Duration::ZERO);
        Self {
            crashes,
            seed: 0,
            schedule: None,
            give_up: Duration::from_secs(3_600),
            options,
        }
    }

    /// Crashes the peer and measures the time from the crash to the verdict Dead that lasts. Probes
    /// sent before the crash still have replies. A crash of a peer that is called Dead already is
    /// left out of the times, and counted: \[Chen02\], section 2, takes its detection time as 0,
    /// which makes a detector look the better the more mistakes it makes.
    ///
    /// The replay runs once and every crash continues a copy of it, so the detector has measured
    /// the path before the crash.
    pub fn run<N, D>(&self, network: &N, build: impl FnOnce(Instant) -> D) -> DetectionTimes
    where
        N: Network + ?Sized,
        D: Detector + Clone,
    {
        let mut engine = Engine::new(network, &self.options, build);
        let mut times = DetectionTimes::default();
        for crash in self.moments(network) {
            engine.run_until(crash);
            if engine.verdict.dead_since.is_some() {
                times.already_dead += 1;
            } else {
                times.add(self.time_to_detect(&engine, crash));
            }
        }
        times.sorted_us.sort_unstable();
        times
    }

    fn moments<N: Network + ?Sized>(&self, network: &N) -> impl Iterator<Item = Instant> + use<N> {
        let from = network.start().saturating_add(self.options.offset);
        let part = network.end().since(from) as f64 / f64::from(self.crashes.max(1));
        let mut rng = SplitMix64::new(self.seed);
        let interval_us = self.schedule.map(|interval| micros(interval).max(1));
        (0..self.crashes).map(move |k| {
            let since = ((f64::from(k) + rng.unit()) * part) as u64;
            from.plus(interval_us.map_or(since, |interval| since - since % interval + 1))
        })
    }

    fn time_to_detect<N, D>(&self, engine: &Engine<'_, N, D>, crash: Instant) -> Option<u64>
    where
        N: Network + ?Sized,
        D: Detector + Clone,
    {
        let mut engine = engine.crashing_at(crash);
        let end = crash.plus(micros(self.give_up));
        while !engine.settled_dead() {
            let now = engine.next_moment();
            if now > end {
                break;
            }
            engine.step(now);
        }
        engine.verdict.dead_since.map(|dead| dead.since(crash))
    }
}

/// The detection times of many crashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetectionTimes {
    sorted_us: Vec<u64>,
    undetected: u32,
    already_dead: u32,
}

impl DetectionTimes {
    fn add(&mut self, time_us: Option<u64>) {
        match time_us {
            Some(us) => self.sorted_us.push(us),
            None => self.undetected += 1,
        }
    }

    /// Returns the number of crashes of a peer that was called Dead already. They enter no other
    /// figure.
    #[must_use]
    pub const fn already_dead(&self) -> u32 {
        self.already_dead
    }

    /// Returns whether no crash was detected, so that there are no times.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sorted_us.is_empty()
    }

    /// Returns the number of all crashes of a peer that was not called Dead, detected or not.
    #[must_use]
    pub const fn crashes(&self) -> usize {
        self.sorted_us.len() + self.undetected as usize
    }

    /// Returns the number of crashes that were never detected. They enter none of the times.
    #[must_use]
    pub const fn undetected(&self) -> u32 {
        self.undetected
    }

    /// Returns the mean detection time; 0 if there is none, like the other times.
    #[must_use]
    pub fn mean(&self) -> Duration {
        let sum: u128 = self.sorted_us.iter().map(|&us| u128::from(us)).sum();
        Duration::from_micros((sum / self.sorted_us.len().max(1) as u128) as u64)
    }

    /// Returns the time within which this share of the detected crashes was detected: 0.5 gives the
    /// median, 1 the longest.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = libm::ceil(share * self.sorted_us.len() as f64) as usize;
        Duration::from_micros(
            self.sorted_us
                .get(rank.max(1) - 1)
                .copied()
                .unwrap_or_default(),
        )
    }

    /// Returns the longest detection time.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_micros(self.sorted_us.last().copied().unwrap_or_default())
    }

    /// Returns the number of crashes detected later than `bound`, or never.
    #[must_use]
    pub fn violations(&self, bound: Duration) -> usize {
        let within = self.sorted_us.partition_point(|&us| us <= micros(bound));
        self.crashes() - within
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{Baseline, NfdS};
    use crate::network::{Constant, Synthetic};

    #[test]
    fn detection_time_is_uniform_between_the_bound_less_an_interval_and_the_bound() {
        let network =
            Synthetic::new(Duration::from_secs(1_000)).with(Constant(Duration::from_millis(5)));
        let detector = NfdS {
            interval: Duration::from_secs(1),
            bound: Duration::from_secs(3),
        };
        let times = CrashTest::new(10_000).run(&network, |start| detector.detector(start));
        assert_eq!((times.crashes(), times.undetected()), (10_000, 0));
        let mean = times.mean().as_secs_f64();
        assert!((mean - 2.5).abs() < 0.01, "{mean}");
        assert!(times.quantile(0.0) >= Duration::from_secs(2));
        assert!(times.max() <= Duration::from_secs(3));
        assert!((times.quantile(0.99).as_secs_f64() - 2.99).abs() < 0.005);
        assert_eq!(times.violations(Duration::from_secs(3)), 0);
        assert!(
            times
                .violations(Duration::from_millis(2_500))
                .abs_diff(5_000)
                < 100
        );
    }

    #[test]
    fn answers_in_flight_at_the_crash_still_arrive() {
        let network =
            Synthetic::new(Duration::from_secs(100)).with(Constant(Duration::from_millis(900)));
        let detector = NfdS {
            interval: Duration::from_secs(1),
            bound: Duration::from_secs(2),
        };
        let times = CrashTest::new(1_000).run(&network, |start| detector.detector(start));
        // Without them the last proof of life would be up to 900 ms older, and detection would come
        // that much sooner.
        assert!(times.quantile(0.01) >= Duration::from_secs(1));
    }

    #[test]
    fn an_answer_due_after_the_watch_does_not_undo_the_verdict() {
        /// The first reply takes longer than any crash is awaited, as a heavy tail allows.
        struct Straggler;
        impl Network for Straggler {
            fn answer(&self, sent_at: Instant) -> Option<Duration> {
                let first = sent_at == Instant::ZERO;
                Some(Duration::from_millis(if first { 4_294_000 } else { 5 }))
            }
            fn end(&self) -> Instant {
                Instant::from_secs(100)
            }
        }
        let detector = NfdS {
            interval: Duration::from_secs(1),
            bound: Duration::from_secs(3),
        };
        let times = CrashTest::new(10).run(&Straggler, |start| detector.detector(start));
        assert_eq!((times.crashes(), times.undetected()), (10, 0));
        assert!(times.max() >= Duration::from_secs(2));
        assert_eq!(times.violations(Duration::from_secs(3)), 0);
    }

    #[test]
    fn crashes_of_a_peer_already_called_dead_are_counted_apart() {
        struct Silent;
        impl Network for Silent {
            fn answer(&self, _: Instant) -> Option<Duration> {
                None
            }
            fn end(&self) -> Instant {
                Instant::from_secs(1_000)
            }
        }
        let detector = NfdS {
            interval: Duration::from_secs(1),
            bound: Duration::from_secs(3),
        };
        let times = CrashTest::new(1_000).run(&Silent, |start| detector.detector(start));
        assert!(times.already_dead() >= 996, "{}", times.already_dead());
        assert_eq!(times.crashes() + times.already_dead() as usize, 1_000);
    }

    #[test]
    fn a_detector_that_never_judges_never_notices() {
        use crate::{Action, Answer};
        #[derive(Clone)]
        struct Optimist;
        impl Detector for Optimist {
            fn poll(&mut self, _: Instant) -> Action {
                Action::Idle
            }
            fn on_answer(&mut self, _: &Answer) {}
        }
        let network = Synthetic::new(Duration::from_secs(100));
        let times = CrashTest::new(10).run(&network, |_| Optimist);
        assert_eq!(
            (times.undetected(), times.violations(Duration::MAX)),
            (10, 10)
        );
    }
}
