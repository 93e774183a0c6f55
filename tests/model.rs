//! `Monitor` against a model of its design, over anything that can happen.

use proptest::prelude::*;
use systole::Verdict;
use systole_testkit::ops::model::Constant;
use systole_testkit::ops::monitor::Op;
use systole_testkit::ops::pair::Pair;

/// Intervals long enough that no more probes wait at a time than a monitor remembers, and no plan has to give way to its bound.
fn plans() -> impl Strategy<Value = Constant> {
    let parts = (
        10_000_u64..2_000_000,
        1_u64..20,
        0_u32..4,
        prop::option::of(0_u64..20_000_000),
    );
    (parts, 1_u32..4, 0_u64..3_000_000).prop_map(
        |((timeout, longer, retries, spare), rise, pause)| {
            let interval = timeout * (longer + 1);
            let plan = Constant {
                interval,
                timeout,
                retries,
                stated: None,
                rise,
                pause,
            };
            let stated = spare.map(|spare| plan.bound() + spare);
            Constant { stated, ..plan }
        },
    )
}

/// What the model has a word for: everything but pushback, which changes the plan, and wrong leaps of the clock over whole days.
fn ops() -> impl Strategy<Value = Vec<Op>> {
    let span = || prop_oneof![0_u32..1_000, 0_u32..5_000_000, 0_u32..60_000_000];
    let op = prop_oneof![
        10 => (0_u8..4).prop_map(Op::Beat),
        3 => span().prop_map(Op::Late),
        2 => any::<u16>().prop_map(Op::Early),
        1 => span().prop_map(Op::Deaf),
        3 => prop::option::weighted(0.6, span()).prop_map(Op::Answers),
        1 => Just(Op::ReplyAny),
        1 => span().prop_map(Op::ReplyHeld),
        1 => any::<u8>().prop_map(Op::Duplicate),
        1 => any::<u64>().prop_map(Op::Forged),
        1 => any::<u8>().prop_map(Op::Fail),
        1 => Just(Op::Unsent),
        1 => Just(Op::Traffic),
        1 => Just(Op::ProbeNow),
        1 => Just(Op::Restarted),
        1 => Just(Op::Resumed),
        1 => span().prop_map(Op::ClockBack),
        1 => (0_u64..100_000_000).prop_map(Op::Leap),
    ];
    prop::collection::vec(op, 1..100)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 20_000 }))]

    #[test]
    fn a_monitor_does_what_its_design_says(plan in plans(), seed in 1_u64.., stamps_late: bool, ops in ops()) {
        let mut pair = Pair::new(plan, seed);
        pair.world.stamps_late = stamps_late;
        for op in &ops {
            pair.apply(op);
        }
    }
}

const TINY: Constant = Constant {
    interval: 4_000_000,
    timeout: 1_000_000,
    retries: 1,
    stated: None,
    rise: 1,
    pause: 0,
};

/// Law 5, where probes go out at one moment: what is forgotten of them still proves life.
#[test]
fn the_first_of_nine_probes_of_one_moment_proves_life() {
    let mut pair = Pair::new(TINY, 1);
    for _ in 0..9 {
        pair.apply(&Op::Resumed);
    }
    pair.apply(&Op::ReplyHeld(0)); // to the oldest
    assert_eq!(pair.world.verdict(), Verdict::Alive);
}

/// The same where the peer was restarted just after a probe: no probe of the old incarnation is remembered in place of one of the new.
#[test]
fn the_first_of_eight_probes_of_a_new_incarnation_proves_life() {
    let mut pair = Pair::new(TINY, 1);
    pair.apply(&Op::Answers(Some(2_500_000)));
    pair.apply(&Op::Restarted);
    pair.apply(&Op::Answers(None));
    for _ in 0..6 {
        pair.apply(&Op::Resumed);
    }
    pair.apply(&Op::ReplyHeld(0)); // to the old incarnation's, if that was answered
    while pair.world.verdict() == Verdict::Unknown {
        pair.apply(&Op::Beat(0));
    }
    assert_eq!(pair.world.verdict(), Verdict::Alive);
}

/// Found by fuzzing: what cannot be sent stops the peer's clock, so that more probes wait at a time than are remembered.
#[test]
fn a_probe_that_is_forgotten_while_it_waits_is_waited_for_no_more() {
    let plan = Constant {
        interval: 8_672_070,
        timeout: 867_207,
        retries: 3,
        stated: Some(21_745_710),
        rise: 1,
        pause: 1_777_194,
    };
    let mut pair = Pair::new(plan, 7);
    let mut deaf = |times: usize, then: &[Op]| {
        for op in core::iter::repeat_n(&Op::Deaf(900_000_000), times).chain(then) {
            pair.apply(op);
        }
    };
    deaf(6, &[Op::Traffic]);
    deaf(6, &[Op::Unsent, Op::Traffic]);
    deaf(1, &[Op::Unsent]);
    deaf(2, &[Op::Unsent, Op::Traffic]);
    deaf(4, &[]);
}
