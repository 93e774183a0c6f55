//! The listener beside the published detectors of pushed heartbeats, over the recorded networks.
//!
//! A peer beats at a fixed interval; each detector's margin is fitted until its *measured worst* detection time is the limit, or its settings are
//! swept and those that keep the limit taken; of them the best is compared. The networks are not part of the crate: `SYSTOLE_TRACES` names their
//! folder, and without it there is nothing to check. All of them:
//! `SYSTOLE_DEEP=1 SYSTOLE_TRACES=... cargo test --release --features lab --test listener_table -- --nocapture`.
#![cfg(feature = "lab")]
#![allow(clippy::unwrap_used)]

#[path = "common/deep.rs"]
mod deep;
#[path = "common/recorded.rs"]
mod recorded;

use core::time::Duration;

use systole::lab::baseline::{Bertier, NfdE, Phi, Pushed, TwoWindow};
use systole::lab::sweep::{self, Candidate};
use systole::lab::{Case, CrashTest, Trace};

/// Crashes that a worst detection time is the longest of, each just after a beat.
const CRASHES: u32 = 12_000;

/// The shares of the limit on detection time at which the peer beats.
const INTERVALS: [f64; 4] = [0.05, 0.1, 0.2, 0.4];

/// What a candidate of a family is made from: its margin, which lengthens the worst detection time by as much.
type Family = Box<dyn Fn(Duration) -> Candidate + Sync>;

/// The listener by its bound; Chen's NFD-E with the paper's window, a shorter and a longer one; 2W-FD.
fn fitted(interval: Duration) -> Vec<Family> {
    let chen = move |window| -> Family {
        Box::new(move |margin| {
            Candidate::baseline(NfdE {
                interval,
                margin,
                window,
            })
        })
    };
    let two_window = move |margin| TwoWindow {
        interval,
        margin,
        short: 1,
        long: 1_000,
    };
    let listener = move |margin| Pushed::new(interval, interval + margin).unwrap();
    vec![
        Box::new(move |margin| Candidate::baseline(listener(margin))),
        chen(8),
        chen(32),
        chen(1_000),
        Box::new(move |margin| Candidate::baseline(two_window(margin))),
    ]
}

/// Bertier and phi, whose margins follow the path.
fn swept(interval: Duration) -> Vec<Candidate> {
    let factors = (0..14).map(|step| f64::powi(2.0, step));
    let bertier = factors.clone().map(|variations| {
        Candidate::baseline(Bertier {
            interval,
            variations,
            window: 1_000,
        })
    });
    let phi = factors.map(|factor| {
        Candidate::baseline(Phi {
            interval,
            threshold: factor / 2.0,
            window: 1_000,
        })
    });
    bertier.chain(phi).collect()
}

/// A candidate that keeps the limit.
#[derive(Clone, Debug)]
struct Kept {
    family: &'static str,
    avoidable: f64,
    excess_dead_s: f64,
    worst: Duration,
    settings: String,
}

/// The candidate's worst detection time, and what it did where that keeps the limit.
fn judge(
    candidate: &Candidate,
    interval: Duration,
    case: &Case<Trace>,
) -> (Duration, Option<Kept>) {
    let test = CrashTest {
        schedule: Some(interval),
        ..CrashTest::new(CRASHES)
    };
    let times = candidate.detection_times(case.network(), &test);
    let kept = (times.violations(case.bound()) == 0).then(|| {
        let qos = candidate.qos(case);
        Kept {
            family: candidate.family(),
            avoidable: qos.avoidable.mean,
            excess_dead_s: qos.excess_dead_s.mean,
            worst: times.max(),
            settings: candidate.settings().to_owned(),
        }
    });
    (times.max(), kept)
}

/// Candidates of a family whose worst detection times come ever closer to the limit.
fn fit(family: &Family, interval: Duration, case: &Case<Trace>) -> Vec<Kept> {
    let limit = case.bound();
    let (mut margin, mut all) = (limit.saturating_sub(interval), Vec::new());
    for _ in 0..6 {
        let (worst, kept) = judge(&family(margin), interval, case);
        margin = (margin + limit).saturating_sub(worst);
        if kept.is_none() {
            margin = margin.saturating_sub(Duration::from_micros(100));
        }
        all.extend(kept);
        if margin.is_zero() {
            break;
        }
    }
    all
}

/// The best of each family on a case.
fn best_of_each(interval: Duration, case: &Case<Trace>) -> Vec<Kept> {
    let families = fitted(interval);
    let mut all = sweep::parallel(&families, |family| fit(family, interval, case)).concat();
    let swept = sweep::parallel(&swept(interval), |candidate| {
        judge(candidate, interval, case).1
    });
    all.extend(swept.into_iter().flatten());
    all.sort_by(|a, b| {
        a.family
            .cmp(b.family)
            .then(a.avoidable.total_cmp(&b.avoidable))
    });
    all.dedup_by_key(|kept| kept.family);
    all
}

/// Prints the best of each; returns those that are better than the listener: by how much, and in words.
fn compare(name: &str, trace: &Trace, interval: Duration, limit: Duration) -> Vec<(f64, String)> {
    let case = Case::new(name, trace.clone(), limit);
    let best = best_of_each(interval, &case);
    println!("-- {name}, a beat every {interval:?}, detected within {limit:?}");
    for one in &best {
        println!(
            "  {:10} {:7.2} mistakes, dead {:8.2} s; worst {:?}; {}",
            one.family, one.avoidable, one.excess_dead_s, one.worst, one.settings
        );
    }
    let ours = best.iter().find(|one| one.family == "listener");
    let better = |one: &&Kept| ours.is_none_or(|ours| one.avoidable < ours.avoidable - 1e-9);
    let losses = best.iter().filter(better);
    let loss = |one: &Kept| {
        let by = ours.map_or(f64::INFINITY, |ours| ours.avoidable - one.avoidable);
        let words =
            format!("{name}, every {interval:?} within {limit:?}: {one:?} against {ours:?}");
        (by, words)
    };
    losses.map(loss).collect()
}

/// At equal measured worst detection time, no more avoidable mistakes than any of them at its best setting: but for half a mistake, where a margin
/// that is milliseconds longer decides.
#[test]
fn no_published_detector_makes_fewer_mistakes() {
    let deep = deep::asked_for("one network, one interval");
    let Some(all) = recorded::all() else { return };
    let fast = |name: &str| name == "lan_ethernet_ros2_rpi4";
    let mut wrong = Vec::new();
    for (name, trace, limits_s) in all.iter().filter(|(name, ..)| deep || fast(name)) {
        for &limit_s in limits_s.iter().take(if deep { 2 } else { 1 }) {
            let limit = Duration::from_secs(limit_s);
            for share in INTERVALS.into_iter().skip(if deep { 0 } else { 3 }) {
                wrong.extend(compare(name, trace, limit.mul_f64(share), limit));
            }
        }
    }
    println!("better than the listener: {wrong:#?}");
    assert!(wrong.iter().all(|&(by, _)| by <= 0.5), "{wrong:#?}");
}
