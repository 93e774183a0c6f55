//! What the planner costs on paths that stay as they are: a grid of round trips, losses and bounds, through the public interface alone.
//!
//! On a lossless path whose round trip is constant nobody is suspected for longer than the path takes to be learnt; and the cost is smooth: a
//! slightly longer round trip costs slightly more. `SYSTOLE_DEEP=1` measures the whole grid.

use core::time::Duration;
use std::collections::VecDeque;
use systole_testkit::deep;

use systole::pacing::Target;
use systole::{
    Config, Instant, Monitor, Output, ProbeId, Verdict, config::Setting, peer::Counters,
};

/// A path on which every reply takes as long as the last one, and each probe is lost with the same probability.
#[derive(Clone, Copy, Debug)]
struct Path {
    bound: Duration,
    round_trip: Duration,
    losses_in_1000: u32,
    seed: u64,
}

impl Path {
    /// A lossless path whose round trip is this share of the bound, and 1 us where that is nothing.
    fn lossless(bound_s: u64, percent: u32) -> Self {
        let bound = Duration::from_secs(bound_s);
        let round_trip = (bound * percent / 100).max(Duration::from_micros(1));
        Self {
            bound,
            round_trip,
            losses_in_1000: 0,
            seed: 5,
        }
    }

    fn walk(self) -> Walk {
        let config = Config::target(self.bound).seed(self.seed).build().unwrap();
        Walk {
            path: self,
            monitor: Monitor::with_window(config, Instant::ZERO).unwrap(),
            network: VecDeque::new(),
            now: Instant::ZERO,
            crash: Instant::MAX,
            chance: self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            infeasible: None,
            turns: 0,
        }
    }

    /// What became of so many hours.
    fn hours(self, hours: u64) -> Walk {
        let mut walk = self.walk();
        walk.until(Instant::from_secs(3_600 * hours));
        walk
    }
}

/// A monitor on a path, in virtual time.
struct Walk {
    path: Path,
    monitor: Monitor<16, Target>,
    network: VecDeque<(Instant, ProbeId)>,
    now: Instant,
    /// No probe that is sent from here on is answered.
    crash: Instant,
    chance: u64,
    infeasible: Option<Setting>,
    /// How often the requirement that cannot be kept changed.
    turns: u32,
}

impl Walk {
    fn until(&mut self, end: Instant) {
        while self.now < end {
            self.deliver();
            let wake = self.drain();
            let arrival = self.network.front().map_or(Instant::MAX, |&(at, _)| at);
            self.now = wake.min(arrival);
        }
    }

    fn deliver(&mut self) {
        while let Some(&(at, id)) = self.network.front()
            && at <= self.now
        {
            self.network.pop_front();
            self.monitor.handle_reply(id, at);
            self.review();
        }
    }

    fn review(&mut self) {
        let promise = self.monitor.snapshot(self.now).path.promise;
        let infeasible = promise.unwrap().infeasible.map(|found| found.requirement);
        self.turns += u32::from(infeasible != self.infeasible);
        self.infeasible = infeasible;
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.monitor.poll(self.now) {
                Output::Send(id) => self.send(id),
                Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn send(&mut self, id: ProbeId) {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        let lost = (self.chance >> 32) % 1_000 < u64::from(self.path.losses_in_1000);
        if !lost && self.now < self.crash {
            let at = self.now.saturating_add(self.path.round_trip);
            self.network.push_back((at, id));
        }
    }

    fn counters(&self) -> Counters {
        self.monitor.snapshot(self.now).counters
    }

    fn probes_a_bound(&self) -> f64 {
        let bounds = self.now.as_micros() as f64 / self.path.bound.as_micros() as f64;
        f64::from(self.counters().probes) / bounds
    }
}

/// Probes a bound in ten hours at each share of the bound, from nothing to 80 %, after the laws of a constant, lossless path were checked.
fn costs(bound_s: u64, shares: impl Iterator<Item = u32>) -> Vec<(u32, f64)> {
    let walked = shares.map(|percent| {
        let walk = Path::lossless(bound_s, percent).hours(10);
        let counters = walk.counters();
        let at = format!("{percent} % of {bound_s} s: {counters:?}");
        assert!(counters.suspect <= 3 && counters.dead == 0, "{at}");
        assert_eq!((walk.infeasible, walk.turns), (None, 0), "{at}");
        (percent, walk.probes_a_bound())
    });
    walked.collect()
}

/// Each costs at most `factor` times the one before, and not less by more than 2 %.
fn assert_smooth(costs: &[(u32, f64)], factor: f64, what: &str) {
    for pair in costs.windows(2) {
        let ratio = pair[1].1 / pair[0].1;
        assert!((0.98..=factor).contains(&ratio), "{what}: {pair:?}");
    }
}

fn every_5_percent() -> impl Iterator<Item = u32> {
    (0..=80).step_by(5)
}

/// Where a round trip takes nearly the whole bound, one that is a 20th of the bound longer leaves a fifth less time to ask.
#[test]
fn a_longer_round_trip_costs_slightly_more_and_no_suspicion() {
    let bounds: &[u64] = if deep::asked_for("two bounds") {
        &[1, 3, 10, 60]
    } else {
        &[10, 60]
    };
    for &bound_s in bounds {
        let costs = costs(bound_s, every_5_percent());
        println!("{bound_s} s: {costs:.2?}");
        assert_smooth(&costs, 1.25, &format!("D = {bound_s} s"));
    }
}

/// Between those points as well there is no step.
#[test]
fn the_cost_has_no_step_anywhere() {
    if deep::asked_for("no fine grid") {
        let costs = costs(3, 0..=80);
        assert_smooth(&costs, 1.07, "per cent by per cent");
    }
}

#[test]
fn a_longer_bound_never_costs_more() {
    let shares = [0, 10, 25, 40, 60, 80];
    let bounds: &[u64] = if deep::asked_for("two bounds") {
        &[1, 3, 10, 60]
    } else {
        &[10, 60]
    };
    let at = |&bound_s: &u64| costs(bound_s, shares.into_iter());
    let by_bound: Vec<_> = bounds.iter().map(at).collect();
    for (k, percent) in shares.into_iter().enumerate() {
        for pair in by_bound.windows(2) {
            let (shorter, longer) = (pair[0][k].1, pair[1][k].1);
            assert!((0.8..=1.02).contains(&(longer / shorter)), "{percent} %");
        }
    }
}

/// The mean over as many seeds, in probes a bound.
fn lossy(bound_s: u64, percent: u32, losses_in_1000: u32, seeds: u64) -> f64 {
    let run = |seed| {
        let path = Path {
            losses_in_1000,
            seed,
            ..Path::lossless(bound_s, percent)
        };
        path.hours(10).probes_a_bound()
    };
    (1..=seeds).map(run).sum::<f64>() / seeds as f64
}

#[test]
fn more_losses_never_cost_less() {
    let (shares, seeds): (&[u32], u64) = if deep::asked_for("two round trips") {
        (&[0, 5, 10, 20, 30, 40, 50, 60], 4)
    } else {
        (&[0, 20], 1)
    };
    for &percent in shares {
        let at = |losses| (losses, lossy(10, percent, losses, seeds));
        let costs = [0, 1, 10, 50, 100].map(at);
        println!("{percent} %: {costs:.2?}");
        assert_smooth(&costs, 2.2, &format!("{percent} %"));
    }
}

/// An independent loss of one probe in a hundred is survived: the next one is asked in time.
#[test]
fn single_losses_are_no_mistakes() {
    for percent in [0, 5, 10, 20, 40, 50] {
        let path = Path {
            losses_in_1000: 10,
            ..Path::lossless(10, percent)
        };
        let walk = path.hours(10);
        assert!(
            walk.counters().dead <= 5,
            "{percent} %: {:?}",
            walk.counters()
        );
    }
}

#[test]
fn a_crash_is_detected_within_the_bound_whatever_the_round_trip() {
    for percent in every_5_percent() {
        for losses_in_1000 in [0, 20] {
            let mut walk = Path {
                losses_in_1000,
                ..Path::lossless(3, percent)
            }
            .walk();
            let offset = Duration::from_millis(61 * u64::from(percent));
            walk.crash = Instant::from_secs(600).saturating_add(offset);
            let end = walk.crash.saturating_add(walk.path.bound);
            walk.until(end.saturating_add(Duration::from_micros(1)));
            assert_eq!(walk.monitor.verdict(), Verdict::Dead, "{percent} %");
        }
    }
}

/// Over 7/8 of the bound there is no time to ask again; up to its end it is still found alive.
#[test]
fn a_bound_that_cannot_be_kept_is_said_once() {
    for percent in [88, 90, 93] {
        let walk = Path::lossless(10, percent).hours(2);
        assert_eq!(walk.infeasible, Some(Setting::DetectWithin), "{percent} %");
        assert_eq!((walk.turns, walk.counters().dead), (1, 0), "{percent} %");
        assert!(
            walk.counters().suspect <= 3,
            "{percent} %: {:?} {}",
            walk.counters(),
            walk.probes_a_bound()
        );
    }
}
