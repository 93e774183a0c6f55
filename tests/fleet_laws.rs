//! The laws of a fleet, over whatever may happen to it: overflows, lateness, sends that fail, peers that crash and return.
#![cfg(feature = "alloc")]

extern crate alloc;

use alloc::collections::VecDeque;
use core::time::Duration;

use proptest::prelude::*;
use systole::pacing::Pacing;
use systole::{
    Config, Event, EventKind, Fleet, Instant, Output, ProbeId, Retries, Verdict, fleet,
    pacing::Statistics, plan::Plan,
};
use systole_testkit::ops::fleet::{Op, World};

fn op() -> impl Strategy<Value = Op> {
    let span = || prop_oneof![0_u32..1_000, 0_u32..10_000_000, any::<u32>()];
    let peer = any::<u8>;
    prop_oneof![
        16 => any::<u8>().prop_map(Op::Run),
        3 => span().prop_map(Op::Late),
        3 => (any::<u8>(), 0_u16..2_000).prop_map(|(times, us)| Op::AlwaysLate(times, us)),
        1 => any::<u16>().prop_map(Op::Early),
        4 => Just(Op::Overflow),
        3 => any::<u8>().prop_map(Op::Storm),
        2 => any::<u8>().prop_map(Op::Flood),
        2 => any::<u8>().prop_map(Op::Unsent),
        1 => Just(Op::Refused),
        3 => peer().prop_map(Op::Crash),
        2 => peer().prop_map(Op::Return),
        2 => (peer(), span()).prop_map(|(peer, us)| Op::Delay(peer, us)),
        1 => Just(Op::Lose),
        2 => Just(Op::Add),
        1 => peer().prop_map(Op::Remove),
        1 => peer().prop_map(Op::ProbeNow),
        1 => any::<u8>().prop_map(Op::Duplicate),
        1 => (peer(), any::<u64>()).prop_map(|(peer, id)| Op::Forged(peer, id)),
        1 => span().prop_map(Op::ClockBack),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let retries = prop_oneof![
        (0_u8..4).prop_map(Retries::fixed),
        (0_u8..4).prop_map(Retries::exponential),
        (0_u8..6).prop_map(Retries::closing),
    ];
    let interval_ms = prop_oneof![100_u64..1_000, 1_000_u64..60_000];
    let bound = prop::option::of(2_u32..9);
    (
        any::<u64>(),
        interval_ms,
        1_u64..200,
        retries,
        bound,
        0_u8..30,
    )
        .prop_map(|(seed, interval_ms, timeout_ms, retries, bound, jitter)| {
            let ms = Duration::from_millis;
            let config = Config::every(ms(interval_ms))
                .seed(seed | 1)
                .timeouts(ms(timeout_ms * 2), ms(timeout_ms), ms(timeout_ms * 8))
                .retries(retries)
                .jitter_percent(jitter)
                .build()
                .unwrap();
            let bounded = bound.map(|times| {
                config
                    .into_builder()
                    .detect_within(ms(interval_ms) * times)
                    .build()
            });
            bounded.and_then(Result::ok).unwrap_or(config)
        })
}

const SECOND: Duration = Duration::from_secs(1);

/// The probes that are due at `now`, and until when there is nothing to do then.
fn drain<P: Pacing>(fleet: &mut Fleet<4, P>, now: Instant) -> (Vec<ProbeId>, Instant) {
    let mut probes = Vec::new();
    loop {
        match fleet.poll(now) {
            Output::Send(fleet::Probe { id, .. }) => probes.push(id),
            Output::Wait(until) => return (probes, until),
            Output::Idle => return (probes, Instant::MAX),
        }
    }
}

fn turns<P: Pacing>(fleet: &mut Fleet<4, P>) -> Vec<(Verdict, Instant)> {
    let turn = |event: Event<fleet::PeerEvent>| match event.kind.kind {
        EventKind::Transition(change) => Some((change.to, event.at)),
        _ => None,
    };
    fleet.events().filter_map(turn).collect()
}

/// On a clock of whole milliseconds a probe, its reply and the overflow that loses it may be of one
/// moment.
#[test]
fn a_reply_lost_at_the_very_moment_of_its_probe_is_no_evidence() {
    let config = Config::every(SECOND).detect_within(3 * SECOND).build();
    let config = config.unwrap().into_builder().seed(7).build().unwrap();
    let (mut now, heard_until) = (Instant::ZERO, Instant::from_secs(5));
    let mut fleet = Fleet::<4>::with_window(config, now).unwrap();
    let peer = fleet.add(now);
    while now < Instant::from_secs(60) {
        let (probes, until) = drain(&mut fleet, now);
        for id in probes {
            if now < heard_until {
                fleet.handle_reply(peer, id, now);
            } else {
                fleet.handle_overflow(now);
            }
        }
        now = Instant::from_millis(until.as_micros().div_ceil(1_000));
    }
    assert!(fleet.counters().overflows > 50);
    let told: Vec<_> = turns(&mut fleet).into_iter().map(|turn| turn.0).collect();
    assert_eq!(told, [Verdict::Alive]);
}

/// Plans a probe that is waited for long, then one that is not, and so on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fickle;

impl Pacing for Fickle {
    type State = bool;
    const INITIAL: bool = false;

    fn on_probe(&self, is_odd: &mut bool, _: Instant, _: bool) {
        *is_odd = !*is_odd;
    }

    fn plan(&self, is_odd: &bool, _: &Statistics<'_>) -> Plan {
        Plan::new(SECOND, if *is_odd { SECOND } else { 5 * SECOND })
    }
}

/// After the crash more probes are under way than a peer at rest keeps. One that is forgotten is
/// waited for as long as the plan says then, which may be over: whoever polls on time is not late.
#[test]
fn a_probe_that_is_overdue_when_it_is_forgotten_makes_nobody_late() {
    let bound = 8 * SECOND;
    let config = Config::with_policy(Fickle, SECOND, SECOND)
        .timeouts(SECOND, SECOND, bound)
        .detect_within(bound)
        .seed(7)
        .build()
        .unwrap();
    for crash_ms in (20_000..25_000).step_by(125) {
        let crash = Instant::from_millis(crash_ms);
        let dead_at = dead_at(config, crash, Duration::from_millis(1_100));
        let late = dead_at.saturating_duration_since(crash.saturating_add(bound));
        assert_eq!(late, Duration::ZERO, "crashed at {crash}");
    }
}

/// When a peer is dead that reads probes half a round trip after they are sent, and none after `crash`.
fn dead_at<P: Pacing>(config: Config<P>, crash: Instant, round_trip: Duration) -> Instant {
    let mut now = Instant::ZERO;
    let mut fleet = Fleet::<4, P>::with_window(config, now).unwrap();
    let peer = fleet.add(now);
    let mut network = VecDeque::new();
    loop {
        while let Some(&(at, id)) = network.front().filter(|&&(at, _)| at <= now) {
            network.pop_front();
            fleet.handle_reply(peer, id, at);
        }
        let (probes, until) = drain(&mut fleet, now);
        if now > crash && fleet.verdict(peer) == Some(Verdict::Dead) {
            return now;
        }
        if now.saturating_add(round_trip / 2) <= crash {
            let arrives_at = now.saturating_add(round_trip);
            network.extend(probes.into_iter().map(|id| (arrives_at, id)));
        }
        now = network.front().map_or(until, |&(at, _)| until.min(at));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 2_000 }))]

    #[test]
    fn the_laws_hold_whatever_happens(config in config(), peers in 1_u8..6, ops in prop::collection::vec(op(), 1..120)) {
        let mut world = World::new(config, peers);
        for op in ops {
            world.apply(&op);
        }
    }
}
