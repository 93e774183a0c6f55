//! What a planner learnt outlives its process, and peers behind one path share it.

use core::time::Duration;

use systole::pacing::{PathRecord, Target};
use systole::{Config, Instant, Monitor};
use systole_lab::baseline::Planner;
use systole_lab::network::{GilbertElliott, Lognormal, Synthetic};
use systole_lab::{Options, replay};

const HOUR: Duration = Duration::from_secs(3_600);

/// Bursts of loss that last half a second on average, one a minute.
fn bursts(seed: u64, length: Duration) -> Synthetic {
    let (apart, mean) = (Duration::from_secs(60), Duration::from_millis(500));
    let losses = GilbertElliott::new(apart, mean, length, seed).with_loss(0.003, 1.0);
    Synthetic::new(length)
        .with(Lognormal::new(Duration::from_millis(40), 0.25, seed ^ 1))
        .with(losses)
}

/// One mistake a day, so that the mistakes of these hours seldom break the promise.
fn config() -> Config<Target> {
    let bound = Duration::from_secs(3);
    Planner::new(bound, 24 * HOUR).unwrap().config()
}

/// Watches a network, starting from a record. Returns the monitor and the probes that it sent.
fn watched(network: &Synthetic, record: &PathRecord) -> (Monitor<32, Target>, u64) {
    let mut monitor = Monitor::new(config(), Instant::ZERO).unwrap();
    let replay = replay(network, &Options::default(), |start| {
        monitor = Monitor::new(config(), start).unwrap();
        monitor.recall(record, Duration::ZERO, start);
        &mut monitor
    });
    (monitor, replay.probes)
}

/// The planned probes a second.
fn cost(monitor: &Monitor<32, Target>) -> f64 {
    let snapshot = monitor.snapshot(Instant::ZERO);
    snapshot.path.promise.unwrap().probes_per_s
}

#[test]
fn a_restarted_process_plans_as_before_from_its_first_minute() {
    let (before, _) = watched(&bursts(1, 4 * HOUR), &PathRecord::NOTHING);
    let record = before.path_record();
    let mut restarted = Monitor::new(config(), Instant::ZERO).unwrap();
    restarted.recall(&record, Duration::from_secs(60), Instant::ZERO);
    let ratio = cost(&restarted) / cost(&before);
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");

    let minute = Synthetic::new(Duration::from_secs(60)).with(Lognormal::new(
        Duration::from_millis(40),
        0.25,
        2,
    ));
    let (_, restarted) = watched(&minute, &record);
    let (_, new) = watched(&minute, &PathRecord::NOTHING);
    println!("probes in the first minute: {restarted} restarted, {new} new");
    assert!(restarted as f64 <= 60.0 * cost(&before) * 1.05 + 1.0);
}

/// Ten peers know after a tenth of the time what one peer knows. How many long silences there were
/// is a matter of chance, so ten such pools are compared with ten such peers.
#[test]
fn peers_behind_one_path_learn_together() {
    let nothing = &PathRecord::NOTHING;
    let (mut alone, mut together) = (0.0, 0.0);
    for pool in 0..10 {
        alone += cost(&watched(&bursts(1_000 + pool, 10 * HOUR), nothing).0);
        let pooled = (0..10).fold(PathRecord::NOTHING, |pooled, peer| {
            let (monitor, _) = watched(&bursts(10 * pool + peer, HOUR), nothing);
            pooled.merged(&monitor.path_record())
        });
        let mut next = Monitor::new(config(), Instant::ZERO).unwrap();
        next.recall(&pooled, Duration::ZERO, Instant::ZERO);
        together += cost(&next);
    }
    let ratio = together / alone;
    println!("planned cost of a new peer: {ratio:.2} of one that watched ten times as long");
    assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
}

/// A peer that recalled a record of a bad path plans for its own good one before long.
#[test]
fn what_a_peer_measures_outweighs_what_it_was_told() {
    let (bad, _) = watched(&bursts(1, 4 * HOUR), &PathRecord::NOTHING);
    let clean = Synthetic::new(4 * HOUR).with(Lognormal::new(Duration::from_millis(40), 0.25, 3));
    let (own, _) = watched(&clean, &PathRecord::NOTHING);
    let (told, _) = watched(&clean, &bad.path_record());
    let ratio = cost(&told) / cost(&own);
    println!("planned cost after four hours: {ratio:.2} of one that was told nothing");
    assert!(ratio < 1.25 && cost(&told) < 0.8 * cost(&bad), "{ratio}");
}
