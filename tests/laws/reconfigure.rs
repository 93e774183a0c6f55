//! Other settings while a monitor runs: what survives, and the laws across the change.

use core::time::Duration;

use proptest::prelude::*;
use systole::pacing::Fluctuation;
use systole::{Config, Instant, Retries, Verdict};

use systole_testkit::ops::monitor::{World, micros};

/// Every `interval_ms`, dead within three of them.
fn every(interval_ms: u64) -> Config {
    let interval = Duration::from_millis(interval_ms);
    Config::every(interval)
        .seed(7)
        .detect_within(3 * interval)
        .without_initial_delay()
        .build()
        .unwrap()
}

fn settings() -> impl Strategy<Value = Config> {
    (100_u64..20_000, 0_u8..3).prop_map(|(interval_ms, retries)| {
        let config = every(interval_ms);
        config
            .into_builder()
            .retries(Retries::exponential(retries))
            .build()
            .unwrap()
    })
}

/// A reconfiguration, and how many looks later the next one follows.
fn changes() -> impl Strategy<Value = Vec<(Config, u8)>> {
    prop::collection::vec((settings(), 0_u8..6), 1..12)
}

/// Looks `beats` times, or until the peer is dead.
fn beats_of(world: &mut World<Fluctuation>, beats: u8) {
    for _ in 0..beats {
        if world.verdict() != Verdict::Dead {
            world.beat(0);
        }
    }
}

fn bound_of(world: &World<Fluctuation>) -> Duration {
    world.monitor.snapshot(world.now).path.plan.bound()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 3_000 }))]

    /// Law 3: the largest bound in force between crash and verdict holds, and it is one of those stated.
    #[test]
    fn a_dead_peer_is_found_within_the_loosest_bound(
        first in settings(), before in changes(), after in changes(), share in 0_u64..100,
    ) {
        let mut world = World::new(first);
        let mut stated = first.stated_bound().unwrap();
        for (config, beats) in before {
            world.monitor.reconfigure(&config, world.now);
            world.drain();
            stated = stated.max(config.stated_bound().unwrap());
            beats_of(&mut world, beats);
            prop_assert!(bound_of(&world) <= stated);
        }
        prop_assume!(world.verdict() != Verdict::Unknown);
        world.rtt_us = None;
        let crash = world.now;
        let mut bound = bound_of(&world);
        for (config, beats) in after {
            world.now = world.now.saturating_add(world.wait.saturating_duration_since(world.now) / 100 * share as u32);
            world.monitor.reconfigure(&config, world.now);
            bound = bound.max(bound_of(&world)).max(config.stated_bound().unwrap());
            world.drain();
            beats_of(&mut world, beats);
            if world.verdict() == Verdict::Dead {
                break;
            }
        }
        while world.verdict() != Verdict::Dead {
            world.beat(0);
        }
        let took = world.now.saturating_duration_since(crash);
        prop_assert!(took <= bound, "{took:?} is over {bound:?}");
    }

    /// Law 4: nobody dies of a reconfiguration, whatever bounds it goes between.
    #[test]
    fn a_live_peer_survives_every_change(first in settings(), changes in changes(), rtt_us in 1_u32..9_000, share in 0_u32..100) {
        let mut world = World::new(first);
        world.rtt_us = Some(rtt_us); // the shortest timeout is 10 ms
        for (config, beats) in changes.iter().cycle().take(60) {
            beats_of(&mut world, *beats);
            let part = world.wait.saturating_duration_since(world.now) / 100 * share;
            if world.now.saturating_add(part) < world.wait {
                world.now = world.now.saturating_add(part);
            }
            world.land();
            world.monitor.reconfigure(config, world.now);
            world.drain();
            prop_assert_ne!(world.verdict(), Verdict::Dead, "{:?}", world.monitor);
        }
        beats_of(&mut world, 200);
        prop_assert_eq!(world.verdict(), Verdict::Alive);
        prop_assert_eq!(bound_of(&world), changes[59 % changes.len()].0.stated_bound().unwrap());
    }
}

#[test]
fn what_is_known_survives_and_a_probe_follows_at_once() {
    let mut world = World::new(every(10_000));
    while world.now < Instant::from_secs(300) {
        world.beat(0);
    }
    let before = world.monitor.snapshot(world.now);
    world.now = world.now.saturating_add(Duration::from_secs(1));
    world.monitor.reconfigure(&every(1_000), world.now);
    let after = world.monitor.snapshot(world.now);
    assert_eq!(before.path.samples, after.path.samples);
    assert_eq!(
        (before.path.mean, before.counters),
        (after.path.mean, after.counters)
    );
    assert_eq!(after.path.verdict, Verdict::Alive);
    assert_eq!(after.next_probe_at, world.now);
}

/// 5 s after the last answer, a bound of 3 s has passed already; the peer is asked before it is judged.
#[test]
fn a_tighter_bound_is_kept_from_the_first_answer_on() {
    let mut world = World::new(every(10_000));
    while world.now < Instant::from_secs(300) {
        world.beat(0);
    }
    world.now = world.now.saturating_add(Duration::from_secs(5));
    world.land();
    world.monitor.reconfigure(&every(1_000), world.now);
    let loose = bound_of(&world);
    assert!(
        loose > Duration::from_secs(3) && loose < Duration::from_secs(30),
        "{loose:?}"
    );
    world.drain();
    beats_of(&mut world, 2);
    assert_eq!(world.verdict(), Verdict::Alive);
    assert_eq!(bound_of(&world), Duration::from_secs(3));
}

#[test]
fn a_longer_bound_holds_at_once() {
    let mut world = World::new(every(1_000));
    while world.now < Instant::from_secs(30) {
        world.beat(0);
    }
    world.monitor.reconfigure(&every(10_000), world.now);
    assert_eq!(bound_of(&world), Duration::from_secs(30));
    assert!(world.wait <= world.now.saturating_add(micros(30_000_000)));
}
