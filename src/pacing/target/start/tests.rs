use core::time::Duration;

use super::*;

#[test]
fn a_target_that_cannot_be_kept_starts_at_the_shortest_interval() {
    let target = Target::new(Duration::from_millis(1));
    let century = Duration::from_secs(100 * 365 * 86_400);
    let target = target.with_recurrence(century).unwrap();
    assert_eq!(target.starting_share(), SHORTEST);
}

#[test]
fn a_frozen_interval_is_limited_to_95_percent_of_the_bound() {
    let frozen = |ms| {
        let target = Target::new(Duration::from_secs(1));
        target.frozen(Duration::from_millis(ms)).starting_share()
    };
    assert_eq!(frozen(500), 32_768);
    assert_eq!(frozen(2_000), 62_259); // 95 % of the bound
}

#[test]
fn the_budget_limits_the_first_interval() {
    let target = Target::new(Duration::from_secs(10));
    let thrifty = target.with_budget(201).unwrap();
    assert!(thrifty.starting_share() > 32_000, "{thrifty:?}");
}

/// With eight probes per bound, eight losses in a row are just rare enough.
#[test]
fn a_first_interval_that_just_meets_the_rate_is_chosen() {
    let second = Duration::from_secs(1);
    let target = Target::new(second).with_recurrence(64 * second).unwrap();
    assert_eq!(target.starting_share(), u16::MAX / 8);
}
