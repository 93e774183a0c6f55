//! The law of a lease, under any calls in any order.

use proptest::prelude::*;
use systole::Instant;
use systole_testkit::ops::lease::{Op, World, config};

fn op() -> impl Strategy<Value = Op> {
    let span = || prop_oneof![0_u32..1_000, 0_u32..10_000_000, any::<u32>()];
    let back = || prop_oneof![4 => Just(0_u8), 1 => 0_u8..40];
    let ttl = || prop_oneof![0_u64..20_000, 0_u64..30_000_000, any::<u64>()];
    prop_oneof![
        8 => span().prop_map(Op::Wait),
        4 => span().prop_map(Op::Pass),
        1 => (0_u64..1 << 50).prop_map(Op::Leap),
        1 => span().prop_map(Op::ClockBack),
        4 => (back(), ttl(), 0_u8..3).prop_map(|(back, us, epoch)| Op::Granted(back, us, epoch)),
        8 => back().prop_map(Op::AsAsked),
        1 => (back(), any::<u8>()).prop_map(|(back, why)| Op::Refused(back, why)),
        1 => back().prop_map(Op::Failed),
        1 => any::<u32>().prop_map(Op::Forged),
        2 => Just(Op::Sent),
        1 => Just(Op::Ended),
        1 => span().prop_map(Op::Pushback),
        1 => Just(Op::Release),
        1 => Just(Op::Released),
        1 => Just(Op::Acquire),
        1 => Just(Op::Resync),
        2 => any::<u16>().prop_map(Op::Reconfigure),
    ]
}

fn start() -> impl Strategy<Value = Instant> {
    prop_oneof![
        Just(0),
        Just(1_700_000_000_000_000),
        (0_u64..1 << 40).prop_map(|us| u64::MAX - us)
    ]
    .prop_map(Instant::from_micros)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 256 }))]

    #[test]
    fn no_call_makes_a_lease_believed_longer_than_it_was_granted(
        ms: u16,
        start in start(),
        ops in prop::collection::vec(op(), 1..150),
    ) {
        let mut world = World::new(config(ms), start);
        for op in &ops {
            world.apply(op);
        }
    }
}
