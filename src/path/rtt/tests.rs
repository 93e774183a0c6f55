//! Tests of `rtt`. They are not published.

use super::*;

fn timeout(estimator: &RttEstimator) -> u32 {
    estimator.timeout_us(2_000_000, 1)
}

/// The vector of RFC 6298 in Jacobson's integer form, microseconds.
#[test]
fn follows_rfc_6298() {
    let mut estimator = RttEstimator::new();
    let rtts = [100_000, 120_000, 80_000, 200_000, 100_000, 100_000];
    let expected = [300_000, 272_500, 249_687, 325_039, 282_534, 248_936];
    for (rtt_us, expected) in rtts.into_iter().zip(expected) {
        estimator.sample(rtt_us);
        assert_eq!(timeout(&estimator), expected);
    }
}

#[test]
fn the_estimate_converges_exactly_on_a_constant() {
    for (first, then) in [(1, 1_007), (5_000_000, 1_007), (1_007, 7)] {
        let mut estimator = RttEstimator::new();
        estimator.sample(first);
        for _ in 0..400 {
            estimator.sample(then);
        }
        assert_eq!(estimator.smoothed_us(), then);
        assert!(timeout(&estimator) <= then + 3);
    }
}

#[test]
fn the_timeout_doubles_for_every_overdue_probe_until_a_reply() {
    let mut estimator = RttEstimator::new();
    assert_eq!(timeout(&estimator), 2_000_000);
    estimator.sample(1_000);
    let steady = timeout(&estimator);
    estimator.censored();
    estimator.censored();
    assert_eq!(timeout(&estimator), 4 * steady);
    estimator.sample(1_000);
    assert!(timeout(&estimator) <= steady);
}

#[test]
fn a_round_trip_that_is_hardly_known_changes_little() {
    let mut estimator = RttEstimator::new();
    assert_eq!(estimator.likely_us(1_000, 5_000, true), 5_000);
    estimator.sample(3_000); // 3,000 and 1,500
    assert_eq!(estimator.likely_us(1_000, 9_000, true), 4_500);
    assert_eq!(estimator.likely_us(1_000, 9_000, false), 1_500);
    assert_eq!(estimator.likely_us(1_000, 4_000, true), 4_000);
    assert_eq!(estimator.likely_us(2_000, 4_000, false), 2_000);
    assert_eq!(estimator.likely_us(7_000, 7_000, true), 7_000);
    let timeout_us = timeout(&estimator);
    for turn in 0..64 {
        let rtt_us = estimator.likely_us(0, 20_000, turn % 2 == 0);
        estimator.sample(rtt_us);
    }
    assert!(timeout(&estimator).abs_diff(timeout_us) <= timeout_us / 8);
}

/// The limit is 32 doublings: one more would shift the shortest timeout out of its 64 bits.
#[test]
fn doublings_end_at_32() {
    let mut estimator = RttEstimator::new();
    (0..40).for_each(|_| estimator.censored());
    assert_eq!(estimator.doublings(), 32);
    assert_eq!(estimator.timeout_us(1, 1), u32::MAX);
    estimator.sample(3);
    estimator.sample(3);
    assert_eq!(estimator.timeout_us(1, 8), 8); // 3 + 5
    assert_eq!(estimator.timeout_us(1, 9), 9);
    assert_eq!(estimator.timeout_us(1, 7), 8);
}

#[test]
fn the_floor_is_doubled_too_and_saturates() {
    let mut estimator = RttEstimator::new();
    estimator.sample(10);
    estimator.censored();
    assert_eq!(estimator.timeout_us(1, 500), 1_000);
    for _ in 0..100 {
        estimator.censored();
    }
    assert_eq!(estimator.timeout_us(1, 500), u32::MAX);
}

/// The first sample after a lasting step of any size covers it: 1/8 of the step enters the
/// smoothed value and 1/4 of it the variation, which counts four times.
#[test]
fn after_a_step_one_sample_covers_the_next_reply() {
    for step in [2, 100, 20_000] {
        let mut estimator = RttEstimator::new();
        for _ in 0..50 {
            estimator.sample(1_000);
        }
        for _ in 0..50 {
            estimator.sample(1_000 * step);
            assert!(timeout(&estimator) >= 1_000 * step);
        }
    }
}
