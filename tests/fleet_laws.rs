//! The laws of a fleet, over whatever may happen to it: overflows, lateness, sends that fail, peers that crash and return.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "common/fleet_ops.rs"]
#[allow(dead_code)]
mod fleet_ops;

use core::time::Duration;

use fleet_ops::{Op, World};
use proptest::prelude::*;
use systole::{Config, Retries};

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
                .unwrap()
                .seed(seed | 1)
                .unwrap();
            let config = config
                .timeouts(ms(timeout_ms * 2), ms(timeout_ms), ms(timeout_ms * 8))
                .unwrap();
            let config = config
                .retries(retries)
                .unwrap()
                .jitter_percent(jitter)
                .unwrap();
            let bounded = bound.map(|times| config.detect_within(ms(interval_ms) * times));
            bounded.and_then(Result::ok).unwrap_or(config)
        })
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
