//! Whatever may happen to a monitor.

use proptest::prelude::*;

use crate::ops::monitor::Op;

/// One operation: mostly beats, and everything else now and then.
pub fn any_op() -> impl Strategy<Value = Op> {
    let span = || prop_oneof![0_u32..1_000, 0_u32..10_000_000, any::<u32>()];
    prop_oneof![
        8 => any::<u8>().prop_map(Op::Beat),
        3 => span().prop_map(Op::Late),
        2 => any::<u16>().prop_map(Op::Early),
        1 => span().prop_map(Op::Deaf),
        2 => prop::option::weighted(0.7, span()).prop_map(Op::Answers),
        1 => Just(Op::ReplyAny),
        1 => span().prop_map(Op::ReplyHeld),
        1 => any::<u8>().prop_map(Op::Duplicate),
        1 => any::<u64>().prop_map(Op::Forged),
        1 => any::<u8>().prop_map(Op::Fail),
        1 => Just(Op::Unsent),
        1 => Just(Op::Traffic),
        1 => Just(Op::ProbeNow),
        1 => Just(Op::Pushback),
        1 => Just(Op::Restarted),
        1 => Just(Op::Resumed),
        1 => span().prop_map(Op::ClockBack),
        1 => (0_u64..1 << 50).prop_map(Op::Leap),
        1 => any::<u8>().prop_map(Op::Reconfigure),
    ]
}
