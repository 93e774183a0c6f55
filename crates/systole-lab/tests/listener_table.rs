//! The listener beside the published detectors of pushed heartbeats, over the recorded networks.
//!
//! A peer beats at a fixed interval; each detector's margin is fitted until its *measured worst* detection time is the limit, or its settings are
//! swept and those that keep the limit taken; of them the best is compared. The networks are not part of the crate: `SYSTOLE_TRACES` names their
//! folder, and without it there is nothing to check. All of them:
//! `SYSTOLE_DEEP=1 SYSTOLE_TRACES=... cargo test --release -p systole-lab --test listener_table -- --nocapture`.

use core::time::Duration;
use std::collections::BTreeMap;
use systole_testkit::deep;
use systole_testkit::recorded;

use systole::Instant;
use systole_lab::network::{Lognormal, Outage, Queue, Synthetic};
use systole_lab::trace::Row;
use systole_lab::{Case, Network, Trace};
use systole_testkit::published::{Kept, best_of_each};

/// The shares of the limit on detection time at which the peer beats.
const INTERVALS: [f64; 4] = [0.05, 0.1, 0.2, 0.4];

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

/// Two hours of round trips that scatter, queues of up to 4 s, and outages of 2.3 s: a network by which nothing was chosen.
fn synthetic(seed: u64) -> Trace {
    let (length, second) = (Duration::from_secs(7_200), Duration::from_secs(1));
    let queue = Queue::once(Instant::from_secs(60), second * 5 / 2, second * 4);
    let outage = Outage::once(Instant::from_secs(30), second * 23 / 10);
    let network = Synthetic::new(length)
        .with(Lognormal::new(second * 9 / 100, 0.5, seed))
        .with(queue.at_random(second * 240, length, seed + 100))
        .with(outage.at_random(second * 150, length, seed + 200));
    let rows = (0..length.as_millis() / 50).map(|row| {
        let sent = Instant::from_millis(u64::try_from(row).unwrap() * 50);
        let rtt = network.answer(sent);
        Row { sent, rtt }
    });
    Trace::from_rows(rows).unwrap()
}

/// Not in every case, where milliseconds decide, but over all of them.
#[test]
fn nor_in_all_over_networks_by_which_nothing_was_chosen() {
    let deep = deep::asked_for("one synthetic network, one interval");
    let limit = Duration::from_secs(3);
    let (mut cases, mut sums) = (0, BTreeMap::<&str, (u32, f64)>::new());
    for seed in 1..=if deep { 6 } else { 1 } {
        let case = Case::new("", synthetic(seed), limit);
        for share in if deep { &[0.2, 0.4][..] } else { &[0.4] } {
            cases += 1;
            for kept in best_of_each(limit.mul_f64(*share), &case) {
                let (kept_in, mistakes) = sums.entry(kept.family).or_default();
                *kept_in += 1;
                *mistakes += kept.avoidable;
            }
        }
    }
    println!("in how many cases the limit is kept, and mistakes: {sums:.2?}");
    let (_, ours) = sums.remove("listener").unwrap();
    let mut others = sums.values().filter(|(kept_in, _)| *kept_in == cases);
    assert!(ours > 0.0 && !sums.is_empty(), "{sums:?}");
    assert!(
        others.all(|&(_, mistakes)| ours <= mistakes),
        "{ours} against {sums:?}"
    );
}
