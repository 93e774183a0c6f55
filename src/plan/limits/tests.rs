//! Tests of `limits`. They are not published.

use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    interval_min_us: 900,
    interval_max_us: 4_000_000,
    bound_us: 0,
    timeout_first_us: 2_000,
    timeout_min_us: 100,
    timeout_max_us: 3_000_000,
    jitter_percent: 0,
    retries: Retries::NONE,
    rise: 1,
    refusals: 0,
};

fn fitted(limits: &Limits, wish: Plan, pushbacks: u8) -> Plan {
    let mut plan = Plan::from_micros(0, 0);
    limits.fit(wish, pushbacks, u64::MAX, &mut plan);
    plan
}

#[test]
fn each_pushback_doubles_the_interval_and_removes_the_retries() {
    let wish = Plan::from_micros(1_000, 100).with_retries(Retries::fixed(2));
    let intervals = [0, 1, 2, 255].map(|pushbacks| {
        let plan = fitted(&LIMITS, wish, pushbacks);
        assert_eq!(plan.retries().count(), if pushbacks > 0 { 0 } else { 2 });
        plan.interval_us()
    });
    assert_eq!(intervals, [1_000, 2_000, 4_000, 4_000_000]);
}

/// A pushback does not shorten an interval that is longer than the ceiling either. This holds
/// for a bound of only a few microseconds, too.
#[test]
fn no_pushback_lengthens_an_interval_beyond_the_ceiling() {
    let wish = Plan::from_micros(10_000, 1_000);
    let intervals = [8_000, 10_000, 15_000, 25_000].map(|ceiling_us| {
        let mut plan = Plan::from_micros(0, 0);
        LIMITS.fit(wish, 2, ceiling_us, &mut plan);
        plan.interval_us
    });
    assert_eq!(intervals, [10_000, 10_000, 15_000, 25_000]);
}

#[test]
fn pushback_takes_precedence_over_the_bound() {
    let limits = Limits {
        interval_min_us: 100,
        bound_us: 200,
        ..LIMITS
    };
    let plan = fitted(&limits, Plan::from_micros(1_000, 100), 200);
    assert_eq!(plan.interval_us(), 4_000_000);
}

/// The pushback takes precedence over the bound, and the bound over the policy.
#[test]
fn a_bound_removes_retries_and_then_shortens_the_interval() {
    let bound = |bound_us| Limits { bound_us, ..LIMITS };
    let wish = Plan::from_micros(5_000, 400).with_retries(Retries::fixed(3));
    let parts = |plan: Plan| (plan.interval_us(), plan.retries().count(), plan.bound_us());
    assert_eq!(parts(fitted(&bound(9_000), wish, 0)), (5_000, 3, 9_000));
    assert_eq!(parts(fitted(&bound(6_000), wish, 0)), (4_400, 3, 6_000));
    assert_eq!(parts(fitted(&bound(2_500), wish, 0)), (900, 3, 2_500));
    assert_eq!(parts(fitted(&bound(2_499), wish, 0)), (1_299, 2, 2_499));
    assert_eq!(parts(fitted(&bound(10_400), wish, 1)), (10_000, 0, 10_400));
    assert_eq!(parts(fitted(&bound(10_399), wish, 1)), (10_000, 0, 20_400));
    assert_eq!(parts(fitted(&LIMITS, wish, 1)), (10_000, 0, 20_400));
}

#[test]
fn every_timeout_leaves_room_for_the_shortest_interval() {
    let timeout = |bound_us, wish| Limits { bound_us, ..LIMITS }.fit_timeout_us(wish);
    assert_eq!(timeout(0, u32::MAX), 3_000_000);
    assert_eq!(timeout(0, 1), 100);
    assert_eq!(timeout(1_300, 500), 400);
    assert_eq!(timeout(1_300, 300), 300);
    assert_eq!(timeout(950, 500), 100); // the shortest timeout takes precedence
    assert_eq!(timeout(1 << 40, u32::MAX), 3_000_000);
}

#[test]
fn jitter_shortens_to_at_least_the_shortest_interval() {
    let limits = Limits {
        jitter_percent: 50,
        ..LIMITS
    };
    assert_eq!(limits.jittered(8_000, 0), 8_000);
    assert_eq!(limits.jittered(8_000, 1 << 15), 6_002); // a hundredth is rounded down
    assert_eq!(limits.jittered(8_000, 0xffff), 4_004);
    assert_eq!(limits.jittered(1_000, 0xffff), 901);
}

proptest! {
    /// Small cores have only the general function, and results must be the same on all cores.
    #[test]
    fn the_fast_path_gives_the_plan_of_the_general_one(
        interval_us in 0_u64..8_000_000, timeout_us in 0_u32..8_000_000, count in 0_u8..=Retries::MAX, doubling: bool,
    ) {
        let retries = if doubling { Retries::exponential(count) } else { Retries::fixed(count) };
        let mut short = Plan::from_micros(interval_us, timeout_us).with_retries(retries);
        short.interval_us = within(interval_us, LIMITS.interval_min_us, LIMITS.interval_max_us);
        let mut general = short;
        prop_assume!(LIMITS.fit_freely(&mut short, timeout_us));
        LIMITS.fit_closely(&mut general, 0, u64::MAX);
        prop_assert_eq!(short, general);
    }
}
