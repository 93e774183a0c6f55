//! Tests of `lateness`. They are not published.

use super::*;

#[test]
fn every_lateness_is_in_the_bucket_that_ends_next_above_it() {
    for late_us in (0..if cfg!(miri) { 1_000 } else { 100_000 }).chain([1 << 20, (1 << 33) + 17]) {
        let bucket = bucket(late_us);
        assert!(late_us <= highest(bucket), "{late_us}");
        let longest_below = bucket.checked_sub(1).map(highest);
        assert!(longest_below < Some(late_us), "{late_us}");
        assert!(highest(bucket) - late_us <= late_us / 8, "{late_us}");
    }
}

#[test]
fn quantiles_count_from_below() {
    let mut lateness = Lateness::NONE;
    assert_eq!(lateness.quantile(0.99), Duration::ZERO);
    for late_us in 0..100 {
        lateness.add(late_us / 99 * 5_000);
    }
    assert_eq!(lateness.quantile(0.99), Duration::ZERO);
    assert!(lateness.quantile(1.0) >= Duration::from_millis(5));
}

#[test]
fn half_of_the_probes_are_no_later_than_the_median() {
    let mut lateness = Lateness::NONE;
    for late_us in [1, 1_000, 1_000, 9_000] {
        lateness.add(late_us);
    }
    let median = lateness.quantile(0.5);
    assert!((1_000..1_125).contains(&median.as_micros()), "{median:?}");
}

#[test]
fn what_is_later_than_all_buckets_is_in_the_last() {
    let mut lateness = Lateness::NONE;
    lateness.add(u64::MAX);
    assert_eq!(lateness.quantile(1.0), duration(highest(BUCKETS - 1)));
}
