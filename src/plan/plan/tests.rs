//! Tests of `plan`. They are not published.

use super::*;

const SECOND: u64 = 1_000_000;

fn dead_us(plan: Plan) -> u64 {
    unpacked(plan.dead)
}

#[test]
fn a_dead_interval_is_stored_to_a_thousandth() {
    let plan = Plan::from_micros(SECOND, 1);
    let kept = |us| dead_us(plan.with_dead_interval_us(us));
    for us in [0, 1, 1_000, 2_047, 2_048, 1 << 40, 1 << 41] {
        assert_eq!(kept(us), us);
    }
    for us in [2_049, 123_456_789, (1 << 40) - 1] {
        assert!(kept(us) <= us && us - kept(us) < us / 1_000, "{us}");
    }
    let most = 2_047 << 31;
    assert_eq!(
        [most, 1 << 42, u64::MAX].map(kept),
        [most; 3],
        "and saturates"
    );
}

#[test]
fn a_ceiling_limits_the_dead_interval_whether_or_not_it_is_set() {
    let steady = Plan::from_micros(5 * SECOND, 1);
    let said = steady.with_dead_interval_us(2_000);
    assert_eq!(dead_us(steady.with_dead_interval_at_most(1_000)), 1_000);
    assert_eq!(steady.with_dead_interval_at_most(5 * SECOND), steady);
    assert_eq!(dead_us(said.with_dead_interval_at_most(1_000)), 1_000);
    assert_eq!(said.with_dead_interval_at_most(2_000), said);
    assert_eq!(said.with_dead_interval_at_most(5 * SECOND), said);
}

#[test]
fn if_replies_take_longer_than_the_interval_steady_probes_replace_retries() {
    let bound = |timeout_s| {
        let plan = Plan::from_micros(SECOND, timeout_s).with_retries(Retries::exponential(2));
        micros(plan.bound())
    };
    assert_eq!(bound(1_000_000), 8 * SECOND); // retries still count: 1 + 2 + 4
    assert_eq!(bound(2_000_000), 5 * SECOND); // two more intervals and a timeout
}

fn asked(retries: Retries) -> Plan {
    Plan::from_micros(SECOND, 100_000).with_retries(retries)
}

#[test]
fn the_last_wait_is_the_rest_if_two_more_waits_do_not_fit() {
    let plan = asked(Retries::fixed(2));
    assert_eq!(
        [0, 1].map(|sent| plan.retry_wait_us(sent, 150_000)),
        [100_000; 2]
    );
    assert_eq!(plan.retry_wait_us(2, 199_999), 199_999);
    assert_eq!(plan.retry_wait_us(2, 200_000), 100_000);
    assert_eq!(plan.retry_wait_us(2, 50_000), 100_000); // no closer than a timeout
    let doubling = asked(Retries::exponential(2));
    let waits = [0, 1, 2, 3, 4].map(|sent| doubling.retry_wait_us(sent, u64::MAX));
    assert_eq!(waits, [100_000, 200_000, 400_000, 400_000, 400_000]);
}

/// Waits grow by half, up to 2/5 of the time that is left before the margin. The last wait
/// takes all the time that is left.
#[test]
fn closing_waits_get_shorter_towards_the_bound() {
    let mut plan = asked(Retries::closing(12)).with_margin_percent(5);
    plan.bound_us = 10 * SECOND;
    let margin = 499_725; // 5 % in 2^16, rounded down
    assert_eq!(plan.retry_wait_us(0, 120_000), 100_000, "the steady probe");
    let waits = [1, 2, 3, 4].map(|sent| plan.retry_wait_us(sent, 5 * SECOND));
    assert_eq!(waits, [100_000, 150_000, 225_000, 337_500]);
    assert_eq!(plan.retry_wait_us(8, SECOND + margin), 399_993, "2/5");
    assert_eq!(
        plan.retry_wait_us(12, 700_000),
        700_000,
        "no more are planned"
    );
    assert_eq!(plan.retry_wait_us(1, margin + 100_000), 100_000);
    assert_eq!(plan.retry_wait_us(1, margin + 99_999), margin + 99_999);
}
