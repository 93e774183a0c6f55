//! A million peers: memory, time to add them, events a second, and one that is killed. Twenty thousand where the slow proofs are not asked for, which
//! shows that it works and says nothing of speed.
#![cfg(all(feature = "std", target_os = "linux"))]

use core::time::Duration;
use std::fs::read_to_string;
use systole_testkit::deep;

use systole::{Config, Event, EventKind, Verdict, fleet};

use systole_testkit::spent::spent;
use systole_testkit::swarm::Swarm;

const INTERVAL: Duration = Duration::from_secs(20);
const BOUND: Duration = Duration::from_secs(60);

/// Memory in use by this process, in bytes.
fn resident() -> u64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1_024
}

fn is_dead(told: &Event<fleet::PeerEvent>) -> bool {
    matches!(told.kind.kind, EventKind::Transition(change) if change.to == Verdict::Dead)
}

/// Events a second of one core, over an interval.
fn speed(swarm: &mut Swarm) -> f64 {
    let (count, began) = (swarm.count, spent());
    swarm.run(INTERVAL, |_, _| true);
    (swarm.count - count) as f64 / (spent().saturating_sub(began)).as_secs_f64()
}

#[test]
fn a_million_peers() {
    let deep = deep::asked_for("20,000 peers in place of a million");
    let peers: usize = if deep { 1_000_000 } else { 20_000 };
    let config = Config::every(INTERVAL)
        .detect_within(BOUND)
        .seed(0xf1ee7)
        .build()
        .unwrap();

    let (before, began) = (resident(), spent());
    let mut swarm = Swarm::new(config, peers);
    let adding = spent().saturating_sub(began);
    swarm.run(3 * INTERVAL, |_, _| true);
    swarm.events = Vec::new();
    let bytes = resident().saturating_sub(before) / peers as u64; // the keys and the answers under way of the test included
    assert_eq!(swarm.fleet.census().alive, peers);
    assert_eq!(swarm.fleet.lateness().quantile(1.0), Duration::ZERO);

    let speed = (0..3).map(|_| speed(&mut swarm)).fold(0.0, f64::max); // the least disturbed of three

    let (killed, crash) = (swarm.peers[peers / 2], swarm.now);
    swarm.events.clear();
    swarm.run(BOUND, |peer, _| peer != killed);
    let dead: Vec<_> = swarm.events.iter().filter(|told| is_dead(told)).collect();
    assert!(
        matches!(dead[..], [told] if told.kind.peer == Some(killed)),
        "{dead:?}"
    );
    assert!(swarm.now <= crash.saturating_add(BOUND));

    println!(
        "{peers} peers: {bytes} bytes each, {speed:.0} events a second of one core, added in {adding:?}"
    );
    if deep {
        assert!(bytes <= 256, "{bytes} bytes a peer");
        assert!(speed >= 2e6, "{speed:.0} events a second");
        assert!(adding < Duration::from_secs(2), "{adding:?}");
    }
}
