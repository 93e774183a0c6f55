//! A million senders: memory, beats a second, and one that is killed. Fifty thousand where the slow
//! proofs are not asked for, which shows that it works and says nothing of speed.
#![cfg(all(feature = "std", target_os = "linux"))]

use core::time::Duration;
use std::fs::read_to_string;

use systole::fleet::ListenerFleet;
use systole::{Beat, EventKind, Instant, Output, Verdict, listener};
use systole_testkit::deep;
use systole_testkit::spent::spent;

const INTERVAL: Duration = Duration::from_secs(20);
const BOUND: Duration = Duration::from_secs(60);

/// Memory in use by this process, in bytes.
fn resident() -> u64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1_024
}

/// One interval of beats, spread evenly over it, from all senders but `killed`; returns who died.
fn interval(fleet: &mut ListenerFleet, sequence: u32, senders: u64, killed: u64) -> Vec<u64> {
    let start_us = u64::from(sequence) * 20_000_000;
    let mut dead = Vec::new();
    for turn in 0..senders {
        let id = 1 + turn * 7_919 % senders; // in another order than they were added
        let now = Instant::from_micros(start_us + turn * 20_000_000 / senders);
        if id != killed {
            let beat = Beat::new(sequence, INTERVAL).with_id(id << 32 | id);
            fleet.handle_beat(&beat, now);
        }
        if turn % 64 == 0 {
            let Output::Wait(_) = fleet.poll(now) else {
                unreachable!()
            };
            dead.extend(fleet.events().filter_map(|event| match event.kind.kind {
                EventKind::Transition(change) if change.to == Verdict::Dead => event.kind.peer,
                _ => None,
            }));
        }
    }
    dead
}

#[test]
fn a_million_senders() {
    let deep = deep::asked_for("50,000 senders in place of a million");
    let senders: u64 = if deep { 1_000_000 } else { 50_000 };
    let config = listener::Config::builder().detect_within(BOUND).build();
    let before = resident();
    let mut fleet = ListenerFleet::new(config.unwrap(), 7, Instant::ZERO).unwrap();
    for id in 1..=senders {
        fleet
            .add(id << 32 | id, Some(INTERVAL), Instant::ZERO)
            .unwrap();
    }
    assert!(interval(&mut fleet, 0, senders, 0).is_empty());
    let bytes = (resident() - before) / senders;
    let best = (1..4).map(|sequence| {
        let began = spent();
        assert!(interval(&mut fleet, sequence, senders, 0).is_empty());
        senders as f64 / spent().saturating_sub(began).as_secs_f64()
    });
    let speed = best.fold(0.0, f64::max); // the least disturbed of three

    let killed = senders / 2;
    let dead: Vec<_> = (4..8)
        .flat_map(|sequence| interval(&mut fleet, sequence, senders, killed))
        .collect();
    assert_eq!(dead, [killed << 32 | killed]);
    assert_eq!(fleet.census().alive as u64, senders - 1);
    println!("{senders} senders: {bytes} bytes each, {speed:.0} beats a second of one core");
    if deep {
        assert!(bytes <= 256, "{bytes} bytes a sender");
        assert!(speed >= 2e6, "{speed:.0} beats a second");
    }
}
