//! The laws of a group, whatever happens to it.

use proptest::prelude::*;
use systole::{
    Instant, RetryBudget,
    failover::{
        self, Condition, Endpoint, EndpointMode, Failback, GroupState, Preference, SwitchOn,
    },
};
use systole_testkit::ops::group::{M, Path, SLOW, UP, World, micros, secs};
use systole_testkit::ops::group_ops::{Op, played};

fn path() -> impl Strategy<Value = Path> {
    prop_oneof![
        3 => Just(UP),
        2 => Just(Path::Silent),
        1 => Just(SLOW),
        1 => Just(Path::Refuses),
        1 => Just(Path::Unsent),
        1 => (0_u64..10_000_000).prop_map(Path::Answers),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let which = || any::<u8>();
    let late = prop_oneof![0_u64..1_000_000, 0_u64..60_000_000, 0_u64..1 << 40];
    prop_oneof![
        9 => any::<u8>().prop_map(Op::Beat),
        3 => late.prop_map(Op::Late),
        1 => any::<u16>().prop_map(Op::Early),
        5 => (which(), path()).prop_map(|(which, path)| Op::Path(which, path)),
        1 => path().prop_map(Op::All),
        1 => (which(), any::<u8>()).prop_map(|(which, duty)| Op::EndpointMode(which, duty)),
        1 => which().prop_map(Op::SwitchTo),
        1 => which().prop_map(Op::Traffic),
        1 => (which(), any::<Option<u8>>()).prop_map(|(which, load)| Op::Load(which, load)),
        1 => which().prop_map(Op::FlowLost),
        1 => which().prop_map(Op::Pushback),
        1 => which().prop_map(Op::Restarted),
        1 => which().prop_map(Op::ProbeNow),
        1 => (which(), any::<u64>()).prop_map(|(which, id)| Op::Forged(which, id)),
        1 => Just(Op::Resumed),
        1 => (any::<u16>(), any::<u16>())
            .prop_map(|(request, hold)| Op::Reconfigure(request, hold)),
        1 => any::<u32>().prop_map(Op::ClockBack),
        1 => (0_u64..1 << 50).prop_map(Op::Leap),
    ]
}

fn op_or_budget() -> impl Strategy<Value = Op> {
    let budget = (0_u8..=100, 0_u8..9).prop_map(|(percent, reserve)| Op::Budget(percent, reserve));
    prop_oneof![3 => budget, 33 => op()]
}

fn configs() -> impl Strategy<Value = failover::Config> {
    let preference = prop_oneof![
        Just(Preference::Order),
        Just(Preference::Rtt),
        Just(Preference::Weight)
    ];
    let span = || 1_u64..100_000_000;
    (
        any::<[bool; 2]>(),
        prop_oneof![
            Just(SwitchOn::Failure),
            Just(SwitchOn::Suspicion),
            Just(SwitchOn::Warning)
        ],
        (preference, any::<u16>()),
        span(),
        span(),
        span(),
        1_u64..,
    )
        .prop_map(
            |([prefer, on], switch_on, (preference, warn_above), first, more, hold, seed)| {
                let (first, hold) = (micros(first), micros(hold));
                let config = failover::Config::builder()
                    .preference(preference)
                    .switch_on(switch_on)
                    .warn_above(warn_above)
                    .enabled(on || switch_on != SwitchOn::Failure)
                    .quarantine(first, first + micros(more))
                    .build()
                    .unwrap();
                let config = if prefer {
                    config
                        .into_builder()
                        .failback(Failback::Prefer)
                        .build()
                        .unwrap()
                } else {
                    config
                };
                config
                    .into_builder()
                    .hold_down(hold)
                    .seed(seed)
                    .build()
                    .unwrap()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 3_000 }))]

    /// After every step: the drain ends, deadlines lie ahead and stay, nobody in quarantine or disabled is probed or active; and the
    /// same happens the second time.
    #[test]
    fn laws_hold_whatever_happens(config in configs(), count in 1..=M, ops in prop::collection::vec(op(), 1..80)) {
        let (one, other) = (played(config, count, &ops), played(config, count, &ops));
        prop_assert_eq!(&one.events, &other.events);
        prop_assert_eq!(&one.probes, &other.probes);
        prop_assert!(one.group == other.group);
    }

    #[test]
    fn laws_hold_within_a_budget_of_retries(
        config in configs(), count in 1..=M, ops in prop::collection::vec(op_or_budget(), 1..80),
    ) {
        let (one, other) = (played(config, count, &ops), played(config, count, &ops));
        prop_assert_eq!(&one.events, &other.events);
        prop_assert!(one.group == other.group);
    }

    /// Whatever happened, once some endpoint answers the group finds it, within a quarantine and what it takes to notice.
    #[test]
    fn no_outage_locks_out(
        config in configs(), count in 1..=M, ops in prop::collection::vec(op(), 1..60), alive in 0..M,
    ) {
        let config = config.into_builder().enabled(true).build().unwrap();
        let mut world = played(config, count, &ops);
        let alive = alive % count;
        world.paths = [Path::Silent; M];
        world.paths[alive] = UP;
        world.group.set_mode(alive, EndpointMode::Pinned, world.now);
        for endpoint in 0..count {
            world.group.restarted(endpoint, world.now);
        }
        world.run(secs(300));
        prop_assert_eq!(world.group.active(), alive, "{:?}", world.group);
        prop_assert_eq!(world.group.condition(alive), Some(Condition::Healthy));
        prop_assert_ne!(world.group.state(), GroupState::AllDead);
    }

    /// Law 4: over live endpoints, no pattern of late polls switches or quarantines; over a dead one, none avoids it.
    #[test]
    fn late_polls_neither_switch_nor_save(
        count in 2..=M, seed in 1_u64.., lates in prop::collection::vec(prop_oneof![Just(0_u64), 0_u64..3_000_000, 0_u64..1 << 40], 1..20),
    ) {
        let config = failover::Config::builder().seed(seed).build().unwrap();
        let mut world = World::new(config, &[Endpoint::new(); M][..count]);
        for late in lates.iter().cycle().take(300) {
            world.beat(*late, Instant::MAX);
        }
        prop_assert_eq!(&world.events, &[]);
        world.run(secs(20));
        world.paths[0] = Path::Silent;
        let mut late = lates.iter().cycle();
        for _ in 0..2_000 {
            world.beat(late.next().map_or(0, |us| us % 3_000_000), Instant::MAX);
        }
        prop_assert_ne!(world.group.active(), 0);
    }

    /// Nothing of what a budget refuses moves a verdict.
    #[test]
    fn retries_that_a_budget_refuses_put_off_no_verdict(
        count in 1..=M, seed in 1_u64.., phase in 0_u64..30_000_000, percent in 0_u8..=100, reserve in 0_u16..9,
    ) {
        let config = failover::Config::builder().seed(seed).build().unwrap();
        let mut world = World::new(config, &[Endpoint::new(); M][..count]);
        world.budget = Some(RetryBudget::new(percent, reserve));
        world.run(secs(20) + micros(phase));
        world.paths = [Path::Silent; M];
        world.run(secs(5) + micros(3 * 800_000)); // the bound of the others
        prop_assert_eq!(world.group.state(), GroupState::AllDead, "{:?}", world.group);
    }

    /// From any crash the switch takes at most the bound.
    #[test]
    fn a_crash_is_switched_within_the_bound(
        count in 2..=M, seed in 1_u64.., phase in 0_u64..30_000_000, silent: bool, rtt in 0_u64..400_000,
    ) {
        let config = failover::Config::builder().seed(seed).build().unwrap();
        let mut world = World::new(config, &[Endpoint::new(); M][..count]);
        world.paths = [Path::Answers(rtt); M];
        world.run(secs(20) + micros(phase));
        let crash = world.now;
        world.paths[0] = if silent { Path::Silent } else { SLOW };
        world.run(config.bound());
        prop_assert_eq!(world.switches().len(), 1, "{:?} {:?}", world.events, crash);
    }
}
