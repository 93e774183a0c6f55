//! The laws, whatever happens and whatever the caller claims of flows.

use proptest::prelude::*;
use systole::pacing::{Fluctuation, Lifetime, LifetimeRange};
use systole::{Config, Verdict};

use crate::SECOND;
use systole_testkit::ops::any::any_op;
use systole_testkit::ops::monitor::{Op, World, micros};

fn ops() -> impl Strategy<Value = Vec<(Op, u8, u64)>> {
    prop::collection::vec((any_op(), 0_u8..16, 0_u64..1 << 36), 1..120)
}

fn configs() -> impl Strategy<Value = Config<Lifetime<Fluctuation>>> {
    (
        100_u64..100_000_000,
        1_u64..500,
        any::<[bool; 3]>(),
        1_u64..,
    )
        .prop_map(|(base_us, times, [second, traffic, bounded], seed)| {
            let base = micros(base_us);
            let every = *Config::every(base).build().unwrap().policy();
            let reach =
                LifetimeRange::below_the_floor(base.max(micros(1_000)), base * 500).unwrap();
            let reach = if second {
                reach.with_second_flow()
            } else {
                reach
            };
            let reach = if traffic {
                reach.refreshed_by_traffic()
            } else {
                reach
            };
            let policy = Lifetime::search(every, reach);
            let most = base * u32::try_from(times).unwrap();
            let config = Config::with_policy(policy, base, most)
                .seed(seed)
                .build()
                .unwrap();
            let tight = config
                .into_builder()
                .detect_within(most * 5 + 8 * SECOND)
                .build();
            tight.ok().filter(|_| bounded).unwrap_or(config)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    /// Laws 1, 2, 6, 7 and 8, whatever happens, and whatever the caller claims of flows in between.
    #[test]
    fn laws_hold_under_a_lifetime(config in configs(), ops in ops()) {
        let mut world = World::new(config);
        for (op, claim, us) in &ops {
            world.apply(op);
            let (monitor, now, span) = (&mut world.monitor, world.now, micros(*us));
            match claim {
                0 => monitor.handle_flow_lost(now),
                1 => monitor.handle_trial_survived(span, now),
                2 => monitor.handle_trial_lost(span, now),
                3 => monitor.recall(monitor.lifetime_record(), span * 1_000, now),
                _ => continue,
            }
            prop_assert!(world.monitor.is_valid());
            prop_assert!(world.monitor.next_probe_earliest().is_none_or(|earliest| earliest <= world.monitor.snapshot(now).next_probe_at));
            world.drain();
        }
    }

    /// The other half of law 3: a peer that is dead is found, however often flows are said to be lost, and however late we look.
    #[test]
    fn a_dead_peer_is_found_under_a_lifetime(config in configs(), claims in prop::collection::vec((0_u8..4, 0_u64..1 << 32), 0..16)) {
        let mut world = World::new(config);
        world.apply(&Op::Beat(15));
        world.apply(&Op::Answers(None));
        world.land();
        for (claim, us) in claims {
            world.apply(&Op::Late(u32::try_from(us).unwrap_or(0)));
            match claim {
                0 => world.monitor.handle_flow_lost(world.now),
                1 => world.monitor.handle_trial_survived(micros(us), world.now),
                _ => world.monitor.handle_trial_lost(micros(us), world.now),
            }
            world.drain();
        }
        let bound = world.monitor.snapshot(world.now).path.plan.bound();
        let until = world.now.saturating_add(bound * 2 + 60 * SECOND);
        while world.now < until && world.verdict() != Verdict::Dead {
            world.beat(0);
        }
        prop_assert_eq!(world.verdict(), Verdict::Dead);
    }
}
