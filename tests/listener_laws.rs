//! The laws of a listener, both halves where a law has two.

use core::time::Duration;

use proptest::prelude::*;
use systole::{Verdict, listener};
use systole_testkit::ops::listener::{Op, World, micros};

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let span = || prop_oneof![0_u32..1_000, 0_u32..10_000_000, any::<u32>()];
    let interval = prop_oneof![1_000_u32..100_000, 100_000_u32..100_000_000];
    let number = || prop_oneof![0_u32..100, any::<u32>()];
    let op = prop_oneof![
        12 => any::<u8>().prop_map(Op::Beat),
        3 => span().prop_map(Op::Late),
        2 => any::<u16>().prop_map(Op::Early),
        3 => prop::option::weighted(0.7, span()).prop_map(Op::Delay),
        1 => any::<bool>().prop_map(Op::Release),
        1 => any::<u8>().prop_map(Op::Duplicate),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Op::Bytes),
        2 => (number(), number(), span(), span(), any::<bool>())
            .prop_map(|(of, at, interval, deadline, bye)| Op::Forged(of, at, interval, deadline, bye)),
        2 => (0_u8..4, -70_i32..70, any::<bool>()).prop_map(|(of, jump, bye)| Op::Seen(of, jump, bye)),
        1 => interval.prop_map(Op::Interval),
        1 => any::<Option<u8>>().prop_map(Op::Load),
        1 => span().prop_map(Op::Stop),
        1 => Just(Op::Goodbye),
        1 => Just(Op::Restart),
        1 => Just(Op::Resumed),
        1 => span().prop_map(Op::ClockBack),
        1 => (0_u64..1 << 50).prop_map(Op::Leap),
    ];
    prop::collection::vec(op, 1..120)
}

fn configs() -> impl Strategy<Value = listener::Config> {
    let bound = prop::option::of(1_000_u64..100_000_000);
    (bound, 0_u8..6, 1_u8..4).prop_map(|(bound, losses, rise)| {
        let config = listener::Config::builder()
            .losses(losses)
            .rise(rise)
            .build()
            .unwrap();
        bound.map_or(config, |us| {
            config
                .into_builder()
                .detect_within(micros(us))
                .build()
                .unwrap()
        })
    })
}

fn intervals() -> impl Strategy<Value = Duration> {
    (1_000_u64..100_000_000).prop_map(micros)
}

/// How late a poll is: mostly a little, now and then a lot.
fn late() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(0_u64), 3 => 0_u64..2_000, 2 => 0_u64..5_000_000, 1 => 0_u64..1 << 36]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 100 } else { 2_000 }))]

    /// Laws 2, 6, 7 and 8, after every step of anything that can happen.
    #[test]
    fn laws_hold_whatever_happens(config in configs(), interval in intervals(), tagged: bool, ops in ops()) {
        let mut world = World::new(config, interval, tagged);
        for op in &ops {
            world.apply(op);
        }
    }

    /// Law 3: a dead peer is found within the bound, the shortest delay and all lateness, whatever the pattern of polls.
    #[test]
    fn a_dead_peer_is_found(
        config in configs(), interval in intervals(), delays in prop::collection::vec(0_u32..500_000, 1..60),
        lateness in prop::collection::vec(late(), 1..40),
    ) {
        let mut world = World::new(config, interval, false);
        let mut late = lateness.iter().cycle().copied();
        for &delay_us in &delays {
            world.delay_us = Some(delay_us);
            world.beat(late.next().unwrap_or(0));
        }
        prop_assume!(world.listener.snapshot(world.now).incarnation.is_some());
        let crash = world.now;
        world.delay_us = None;
        let counters = |world: &World| world.listener.snapshot(world.now).counters.lateness_us;
        let before = counters(&world);
        let mut bound = world.listener.bound();
        for _ in 0..100_000 { // a stated bound may be many intervals long

            if world.verdict() == Verdict::Dead {
                break;
            }
            world.beat(late.next().unwrap_or(0));
            bound = bound.max(world.listener.bound());
        }
        prop_assert_eq!(world.verdict(), Verdict::Dead, "never found");
        let credited = micros(counters(&world) - before);
        // what was read late was under way for longer, for all that is known
        let delay = delays.iter().copied().max().unwrap_or(0);
        let delay = micros(u64::from(delay) + lateness.iter().copied().max().unwrap_or(0));
        let took = world.now.saturating_duration_since(crash);
        prop_assert!(took <= bound + credited + delay, "{took:?} is over {bound:?} + {credited:?} + {delay:?}");
    }

    /// Law 4: a peer that beats is never dead, however late we look.
    #[test]
    fn a_live_peer_is_never_dead_for_our_lateness(
        losses in 0_u8..5, interval in intervals(), share in 0_u64..100, lateness in prop::collection::vec(late(), 1..60),
    ) {
        let config = listener::Config::builder().losses(losses).build().unwrap();
        let mut world = World::new(config, interval, false);
        world.delay_us = u32::try_from(interval.as_micros() as u64 / 200 * share).ok();
        for _ in 0..16 {
            world.beat(0); // or else what a first beat waited for counts as its delay
        }
        for &late_us in lateness.iter().cycle().take(400) {
            world.beat(late_us % (60 * interval.as_micros() as u64)); // as far as the sender is played
            prop_assert_ne!(world.verdict(), Verdict::Dead, "{:?}", world.listener);
        }
    }

    /// Law 5: after a lasting step in delay, however long, false verdicts cease within four bounds and a beat.
    #[test]
    fn no_step_in_delay_locks_out(interval in intervals(), before_us in 0_u32..1_000, intervals in 0_u32..40) {
        let mut world = World::new(listener::Config::builder().build().unwrap(), interval, false);
        world.delay_us = Some(before_us);
        hear(&mut world, 40);
        let bound = world.listener.bound();
        let step_us = u32::try_from(interval.as_micros()).unwrap() * intervals;
        world.delay_us = Some(before_us + step_us);
        let patience = 4 * (bound + interval); // the bound grows with the delay, by an interval at most
        let allowed = patience.as_micros() / interval.as_micros() + 3;
        hear(&mut world, u32::try_from(allowed).unwrap());
        let wrong = |world: &World| {
            let counters = world.listener.snapshot(world.now).counters;
            counters.refuted + counters.undecided
        };
        let before = wrong(&world);
        hear(&mut world, 100);
        prop_assert_eq!(before, wrong(&world));
        prop_assert_eq!(world.verdict(), Verdict::Alive);
    }
}

/// Goes on until so many more beats are heard.
fn hear(world: &mut World, beats: u32) {
    let heard = |world: &World| world.listener.snapshot(world.now).counters.beats;
    let end = heard(world) + beats;
    for _ in 0..10 * beats + 100 {
        if heard(world) >= end {
            return;
        }
        world.beat(0);
    }
    panic!("nothing is heard any more");
}
