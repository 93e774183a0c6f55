use super::*;

const ALLOWANCE: Allowance = Allowance {
    drift_ppm: 1_000,
    resolution_us: 5,
};

#[test]
fn the_drift_is_rounded_up_and_the_resolution_comes_on_top() {
    for (ttl_us, believed_us) in [
        (0, 0),
        (5, 0),
        (6, 0),
        (7, 1),
        (1_000, 994),
        (1_001, 994),
        (10_000_000, 9_989_995),
    ] {
        assert_eq!(ALLOWANCE.believed_us(ttl_us), believed_us, "{ttl_us}");
    }
}

/// Two clocks that are off by 500 ppm each way agree on a thousandth of a TTL.
#[test]
fn the_default_covers_two_clocks_that_are_off_by_500_ppm() {
    for ttl_us in [1_000_u64, 6_000_000, 98_302_000_000] {
        let allowance = Allowance {
            drift_ppm: 1_000,
            resolution_us: 0,
        };
        // The server's clock is fast: the TTL ends after 1 / 1.0005 of it. The holder's is slow.
        assert!(allowance.believed_us(ttl_us) * 10_005 <= ttl_us * 9_995);
    }
}

#[test]
fn an_older_request_extends_nothing_and_its_shorter_ttl_counts_from_the_newest() {
    let none = Allowance {
        drift_ppm: 0,
        resolution_us: 0,
    };
    let mut fence = Fence::new(Instant::ZERO);
    fence.grant(Instant::from_secs(10), 20_000_000, none);
    fence.grant(Instant::from_secs(5), 90_000_000, none);
    assert_eq!(fence.until(), Instant::from_secs(30));
    fence.grant(Instant::from_secs(5), 3_000_000, none);
    assert_eq!(fence.until(), Instant::from_secs(13));
}

#[test]
fn a_grant_at_the_epoch_counts() {
    let mut fence = Fence::new(Instant::ZERO);
    fence.grant(Instant::ZERO, 1_000_000, ALLOWANCE);
    assert!(fence.is_open(Instant::from_micros(998_994)));
    assert!(!fence.is_open(Instant::from_micros(998_995)));
}

#[test]
fn a_clock_that_runs_backwards_ends_the_grant() {
    let mut fence = Fence::new(Instant::from_secs(100));
    fence.grant(Instant::from_secs(100), 10_000_000, ALLOWANCE);
    assert!(!fence.is_open(Instant::from_secs(99)));
    assert!(!fence.observe(Instant::from_secs(99)));
    assert!(!fence.is_open(Instant::from_secs(101)));
    fence.grant(Instant::from_secs(99), 10_000_000, ALLOWANCE);
    assert!(fence.is_open(Instant::from_secs(108)));
}

#[test]
fn near_the_end_of_time_the_fence_saturates() {
    let mut fence = Fence::new(Instant::MAX);
    fence.grant(Instant::MAX, 10_000_000, ALLOWANCE);
    assert!(!fence.is_open(Instant::MAX));
}
