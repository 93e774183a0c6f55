#![allow(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // figures of a test

use core::time::Duration;

use super::*;
use crate::time::{Instant, saturate};

/// 2^24 us, so that its shares are exact.
const BOUND_US: u64 = 1 << 24;

/// Returns a target that allows one mistake every 16 bounds.
fn target() -> Target {
    let bound = Duration::from_micros(BOUND_US);
    Target::new(bound).with_recurrence(16 * bound).unwrap()
}

/// Returns the state on a path whose usual round-trip time is `median_us`.
fn usual(median_us: u32) -> TargetState {
    let mut state = TargetState::NEW;
    state.disturbance.sample(median_us);
    state
}

/// Returns the state after `count` more silences of `length_us`.
fn after(count: usize, length_us: u64, mut state: TargetState) -> TargetState {
    for _ in 0..count {
        state.silences.add(length_us, BOUND_US, 1 << 14);
    }
    state
}

fn requirement(target: &Target, state: &TargetState) -> Option<Setting> {
    target.infeasible(state).map(|found| found.requirement)
}

#[test]
fn the_margin_is_the_usual_round_trip() {
    let target = Target::new(Duration::from_secs(10));
    for (median_us, percent) in [
        (1, 3),
        (300_000, 3),
        (300_001, 4), // rounded up
        (1_600_000, 16),
        (4_000_000, 40),
        (12_000_000, 100),
    ] {
        assert_eq!(target.margin_percent(&usual(median_us)), percent);
    }
}

/// The figures are thousandths of the bound.
#[test]
fn the_timeout_is_the_usual_round_trip_plus_an_addition() {
    let target = Target::new(Duration::from_secs(100));
    let timeout = |median: u32, spread: u32| {
        let mut state = usual(median * 100_000);
        state.spread_us = spread * 100_000;
        (target.timeout_us(&state) + 50_000) / 100_000
    };
    for (median, spread, expected) in [
        (1, 0, 40),
        (30, 0, 60),
        (50, 0, 90),
        (50, 30, 170), // four deviations
        (500, 0, 540),
        (500, 100, 594), // a quarter of what is left until 7/8
        (800, 0, 819),
        (900, 0, 908),
        (1_500, 0, 1_508),
    ] {
        assert_eq!(timeout(median, spread), expected, "{median} {spread}");
    }
}

#[test]
fn the_shortest_interval_is_the_shortest_that_the_budget_allows() {
    for budget in [120, 300, 777, 5_000] {
        let share = target().with_budget(budget).unwrap().least_share();
        let probes_us = |share: u16| scaled_q16(BOUND_US, u32::from(share)) * u64::from(budget);
        assert!(probes_us(share) >= 1_000_000_000, "{budget}: {share}");
        assert!(probes_us(share - 2) < 1_000_000_000, "{budget}: {share}");
    }
}

/// If the round trip takes up to a third of the bound, a retry follows one timeout later.
/// Beyond that, the next steady probe takes its place, after half of the time that is left.
#[test]
fn after_a_lost_probe_there_is_time_for_another() {
    let usable = |share: f32| {
        let median_us = (share * BOUND_US as f32) as u32;
        target().usable(&usual(median_us))
    };
    let near = |found: f32, expected: f32| assert!((found - expected).abs() < 0.002, "{found}");
    near(usable(1e-6), 0.96);
    near(usable(0.05), 1.0 - 0.09 - 0.05);
    near(usable(0.1), 1.0 - 0.14 - 0.1);
    near(usable(0.6), 0.36 / 2.0);
    near(usable(0.8), (1.0 - 0.818_75) / 2.0);
    near(usable(2.0), 0.02);
}

/// From one per cent of the bound to the next, the usable interval falls smoothly, by less than
/// 6 %.
#[test]
fn the_usable_interval_has_no_step() {
    let usable = |percent: u64| target().usable(&usual(saturate(BOUND_US * percent / 100)));
    for percent in 0..80 {
        let ratio = usable(percent) / usable(percent + 1);
        assert!((1.0..1.06).contains(&ratio), "{percent} %: {ratio}");
    }
}

/// Returns the state after probes of which every twentieth is followed by a silence of 3/16 of
/// the bound, mostly after a disturbance.
fn disturbed() -> TargetState {
    let mut state = usual(50_000);
    for k in 0..2_000 {
        let long = k % 20 == 0;
        let length_us = if long { 3 << 20 } else { 50_000 };
        state.silences.add(length_us, BOUND_US, 1 << 14);
        state.risk.add(u8::from(k % 40 < 3), 1 << 14, long);
    }
    state
}

#[test]
fn the_cost_is_the_mean_over_the_grades() {
    let mut state = disturbed();
    let outlook = target().outlook(&state);
    target().grade(&mut state, &outlook, 3_000.0);
    let grades = state.risk.relative().into_iter().zip(state.risk.parts());
    let cost_of = |(risk, part): (f32, f32)| part * outlook.choose(3_000.0 * risk, 0.0).cost;
    let cost: f32 = grades.map(cost_of).sum();
    assert!((state.cost / cost - 1.0).abs() < 1e-6, "{}", state.cost);
}

#[test]
fn intervals_grow_in_steps_to_the_wanted_ones() {
    let mut state = disturbed();
    let outlook = target().outlook(&state);
    state.shares = [1_000; 5];
    target().grade(&mut state, &outlook, 3_000.0);
    assert_eq!((state.shares, state.relaxing), ([1_600; 5], true));
    for _ in 0..12 {
        target().grade(&mut state, &outlook, 3_000.0);
    }
    let wanted = |risk: f32| q16(outlook.choose(3_000.0 * risk, 0.0).interval);
    let wanted = state.risk.relative().map(wanted);
    assert_eq!((state.shares, state.relaxing), (wanted, false));
}

#[test]
fn a_constant_interval_is_never_relaxed() {
    let (target, mut state) = (
        Target {
            constant: 1_234,
            ..target()
        },
        disturbed(),
    );
    let outlook = target.outlook(&state);
    target.grade(&mut state, &outlook, 3_000.0);
    assert_eq!((state.shares, state.relaxing), ([1_234; 5], false));
}

/// The search finds the lowest price at which the promise is kept.
#[test]
fn the_price_is_the_lowest_that_keeps_the_promise() {
    let outlook = target().outlook(&disturbed());
    let (choice, worth) = target().choose(&outlook, 0);
    let limit = (PROMISED / 16.0).max(OF_FLOOR * outlook.floor());
    assert!(choice.excess <= limit, "{choice:?}");
    let cheaper = outlook.choose(worth * 0.9, target().least());
    assert!(worth <= 16.0 / 3.0 || cheaper.excess > limit, "{worth}");
}

/// The first price is a third of the bounds between two mistakes. Each broken promise doubles
/// it.
#[test]
fn the_price_of_a_mistake_is_a_third_of_the_bounds_between_two() {
    let outlook = target().outlook(&after(2_000, 10_000, usual(10_000)));
    for (strictness, worth) in [(0, 16.0 / 3.0), (2, 64.0 / 3.0), (12, 4_096.0 / 3.0)] {
        let (_, found) = target().choose(&outlook, strictness);
        assert!((found / worth - 1.0).abs() < 1e-6, "{strictness}: {found}");
    }
}

#[test]
fn a_round_trip_over_seven_eighths_of_the_bound_is_infeasible() {
    let longest = 7 << 21;
    assert_eq!(target().infeasible(&usual(longest)), None);
    let found = target().infeasible(&usual(longest + 1)).unwrap();
    assert_eq!(found.requirement, Setting::DetectWithin);
    assert_eq!(found.nearest, (u64::from(longest) + 1) * 4 / 3);
}

/// More than twice as many unavoidable mistakes as allowed are infeasible, if three long
/// silences confirm them.
#[test]
fn too_many_unavoidable_mistakes_are_infeasible() {
    let with = |silences, floor| TargetState {
        floor,
        mistakes: 0.25,
        ..after(silences, 9 << 20, usual(10_000))
    };
    for (silences, floor, infeasible) in [
        (3, 0.125, false),
        (3, 0.126, true),
        (2, 0.5, false),
        (0, 0.5, false),
    ] {
        let found = target().infeasible(&with(silences, floor));
        assert_eq!(found.is_some(), infeasible, "{silences} {floor}");
        if let Some(found) = found {
            assert_eq!(found.requirement, Setting::MistakeRecurrence);
            // Mistakes are expected 4 bounds apart, and 10 bounds are the shortest time that
            // can be stated.
            assert_eq!(found.nearest, 10 * BOUND_US);
        }
    }
}

/// Returns a target of at most two probes per bound and one mistake every 100 bounds.
fn thrifty() -> Target {
    let bound = Duration::from_micros(BOUND_US);
    let target = target().with_recurrence(100 * bound).unwrap();
    target.with_budget(120).unwrap()
}

/// Returns the state after `probes` probes, every fifth of which is followed by a silence of
/// 7/16 of the bound. Two probes per bound are hardly enough for that.
fn silent_now_and_then(probes: usize) -> TargetState {
    let mut state = usual(10_000);
    for k in 0..probes {
        let length_us = if k % 5 == 0 { 7 << 20 } else { 10_000 };
        state.silences.add(length_us, BOUND_US, 1 << 14);
    }
    state
}

#[test]
fn a_budget_is_infeasible_once_enough_probes_show_it() {
    let short = Some(Setting::ProbeBudget);
    assert_eq!(requirement(&thrifty(), &silent_now_and_then(256)), short);
    assert_eq!(requirement(&thrifty(), &silent_now_and_then(255)), None);
    let unlimited = Target {
        budget: 0,
        ..thrifty()
    };
    assert_eq!(requirement(&unlimited, &silent_now_and_then(256)), None);
}

#[test]
fn a_sufficient_budget_is_feasible() {
    let state = after(256, 10_000, usual(10_000));
    assert_eq!(thrifty().infeasible(&state), None);
}

#[test]
fn the_nearest_budget_allows_the_longest_interval_that_keeps_the_promise() {
    let state = silent_now_and_then(256);
    let nearest = thrifty().infeasible(&state).unwrap().nearest as f32;
    let outlook = thrifty().outlook(&state);
    let avoidable = 0.01 - outlook.floor() / 2.0;
    let longest = outlook.longest(0.4 * avoidable).unwrap();
    let spent = |probes: f32| probes * longest * BOUND_US as f32;
    assert!(spent(nearest) >= 1e9 && spent(nearest - 1.0) < 1e9);
}

/// The mistakes that even the shortest interval cannot avoid are named, with the same reserve.
#[test]
fn if_no_budget_suffices_mistakes_must_be_more_frequent() {
    let state = after(300, 15 << 20, usual(10_000));
    let found = thrifty().infeasible(&state).unwrap();
    assert_eq!(found.requirement, Setting::MistakeRecurrence);
    assert!(found.nearest < 100 * BOUND_US, "{found:?}");
}

/// Long round trips require shorter intervals than the budget allows.
#[test]
fn a_budget_is_kept_at_every_round_trip() {
    for percent in [1, 30, 45, 60, 80] {
        let median_us = saturate(BOUND_US * percent / 100);
        let mut state = after(300, 10_000, usual(median_us));
        thrifty().start(&mut state);
        for _ in 0..20 {
            thrifty().replan(&mut state);
        }
        let least = thrifty().least_share();
        let kept = state.shares.iter().all(|&share| share >= least);
        assert!(kept, "{percent} %: {:?}", state.shares);
    }
}

/// If a reply after the shortest interval would come too late, the target is infeasible even
/// without a long silence.
#[test]
fn on_a_slow_path_a_reply_may_come_too_late_for_the_budget() {
    let thrifty = target().with_budget(120).unwrap();
    let interval_us = scaled_q16(BOUND_US, u32::from(thrifty.least_share()));
    let just = saturate(BOUND_US - interval_us);
    assert!(u64::from(just) > BOUND_US >> 3);
    let with = |median_us| TargetState {
        mistakes: 1.0,
        ..after(300, 10_000, usual(median_us))
    };
    assert_eq!(thrifty.infeasible(&with(just)), None);
    assert!(thrifty.infeasible(&with(just + 1)).is_some());
}

#[test]
fn the_audit_compares_with_the_expectation_if_the_target_is_infeasible() {
    let mut state = after(3, 9 << 20, usual(10_000));
    assert_eq!(target().promised_us(&state), 16.0 * BOUND_US as f32);
    (state.floor, state.mistakes, state.now) = (0.5, 0.5, Instant::ZERO);
    assert_eq!(target().promised_us(&state), 2.0 * BOUND_US as f32);
}

#[test]
fn a_mistake_costs_less_if_others_cannot_be_avoided() {
    assert_eq!(priced(100.0, 0.01), 100.0);
    assert_eq!(priced(100.0, 0.02), 100.0);
    assert!((priced(100.0, 0.08) - 50.0).abs() < 0.5);
    assert!((priced(10_000.0, 0.08) - 500.0).abs() < 5.0);
}
