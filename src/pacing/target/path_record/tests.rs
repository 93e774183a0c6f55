use super::*;
use crate::pacing::target::silences::{BINS, ONE};

const DAY: Duration = Duration::from_secs(86_400);
const BOUND_US: u64 = 10_000_000;

/// A record of `count` probes at an interval of half the bound, each followed by a silence of
/// `silence_us`.
fn record(count: u32, silence_us: u64) -> PathRecord {
    let mut record = PathRecord {
        bound_us: BOUND_US,
        usual_us: 40_000,
        spread_us: 1_000,
        ..PathRecord::NOTHING
    };
    for _ in 0..count {
        record.silences.add(silence_us, BOUND_US, 1 << 15);
        record.risk.add(1, 1 << 15, false);
    }
    record
}

fn recalled(record: &PathRecord, age: Duration) -> (Target, TargetState) {
    let target = Target::new(Duration::from_micros(BOUND_US));
    let mut state = TargetState::NEW;
    target.recall(&mut state, record, age);
    (target, state)
}

#[test]
fn a_record_counts_half_for_each_day_and_at_most_the_memory() {
    let (target, state) = recalled(&record(1_000, 0), Duration::ZERO);
    assert_eq!(target.path_record(&state).probes(), 1_000);
    let (_, state) = recalled(&record(1_000, 0), 2 * DAY);
    assert_eq!(state.silences.probes(), 250);
    let (_, state) = recalled(&record(12_000, 0), Duration::ZERO);
    assert_eq!(state.silences.span(), 1_500);
    let (target, state) = recalled(&record(1_000, 0), Duration::MAX);
    assert_eq!(target.path_record(&state).probes(), 0);
    assert!(state.share() > 0, "it starts as on a new path");
}

#[test]
fn nothing_is_the_start_of_a_new_path() {
    let (target, state) = recalled(&PathRecord::NOTHING, Duration::ZERO);
    let mut new = TargetState::NEW;
    target.start(&mut new);
    assert_eq!(state, new);
}

#[test]
fn a_recalled_plan_applies_at_once() {
    let (target, state) = recalled(&record(1_000, 0), Duration::ZERO);
    let interval = target.plan_of(&state).interval();
    assert!(interval > Duration::from_secs(8), "{interval:?}");
    assert!(!state.relaxing);
}

#[test]
fn merged_records_count_all_probes() {
    let both = record(300, 0).merged(&record(100, BOUND_US));
    assert_eq!(both.probes(), 400);
    assert_eq!(both.silences.weights()[BINS], 50 * ONE);
    assert_eq!(both.merged(&PathRecord::NOTHING), both);
    assert_eq!(PathRecord::NOTHING.merged(&both), both);
    let slower = PathRecord {
        usual_us: 80_000,
        ..record(100, 0)
    };
    assert_eq!(record(300, 0).merged(&slower).usual_us, 50_000);
    assert_eq!(slower.merged(&record(300, 0)).usual_us, 50_000);
}

#[test]
fn for_another_bound_lengths_are_converted_by_octaves() {
    let third = record(100, BOUND_US * 3 / 8); // the second bin
    let bins = |record: &PathRecord| record.silences.weights().map(|weight| weight / ONE);
    assert_eq!(bins(&third.for_bound(BOUND_US))[1], 50);
    assert_eq!(bins(&third.for_bound(2 * BOUND_US))[2], 25);
    assert_eq!(bins(&third.for_bound(3 * BOUND_US))[2], 25);
    assert_eq!(bins(&third.for_bound(BOUND_US / 2))[0], 100);
    assert_eq!(bins(&third.for_bound(BOUND_US / 4))[BINS], 200);
    assert_eq!(bins(&third.for_bound(BOUND_US - 1))[0], 100);
    for bound_us in [1, 1_000, u64::MAX] {
        assert_eq!(third.for_bound(bound_us).probes(), 100);
    }
}

#[test]
fn a_mean_is_between_its_values() {
    assert_eq!(mean(10, 1, 20, 1), 15);
    assert_eq!(mean(20, 1, 10, 3), 13);
    assert_eq!(mean(7, 0, 9, 0), 7);
    assert_eq!(mean(0, 1, u32::MAX, u64::from(u32::MAX)), u32::MAX - 1);
}
