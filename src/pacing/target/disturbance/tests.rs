use super::*;

#[test]
fn a_slow_reply_raises_the_grade_for_some_time() {
    let bound = 4_000_000;
    let mut disturbance = Disturbance::NEW;
    for _ in 0..100 {
        disturbance.sample(50_000);
    }
    disturbance.record(300_000, Instant::from_secs(10), bound);
    let grade = |ms| disturbance.grade(Instant::from_millis(ms), bound);
    assert_eq!(
        [10_000, 11_000, 11_900, 12_100, 90_000].map(grade),
        [3, 2, 1, 0, 0]
    );
}

#[test]
fn the_median_follows_a_step_and_ignores_outliers() {
    let mut disturbance = Disturbance::NEW;
    for k in 0..1_000 {
        disturbance.sample(if k % 10 == 0 { 4_000_000 } else { 10_000 });
    }
    let median_us = disturbance.median_us();
    assert!((9_000..12_500).contains(&median_us), "{median_us}");
    for _ in 0..60 {
        disturbance.sample(100_000);
    }
    let median_us = disturbance.median_us();
    assert!((90_000..112_000).contains(&median_us), "{median_us}");
}

#[test]
fn the_level_does_not_waver_where_the_median_does() {
    let mut disturbance = Disturbance::NEW;
    let (mut least, mut most) = (u32::MAX, 0);
    for k in 0..1_000_u32 {
        // around a round trip of 95 ms, in no order
        disturbance.sample(85_000 + k.wrapping_mul(7_919) % 20_000);
        if k >= 100 {
            least = least.min(disturbance.level_us());
            most = most.max(disturbance.level_us());
        }
    }
    assert!(least > 91_000 && most < 99_000, "{least} to {most}");
}

/// Returns the disturbance of a path with a median of 50 ms after a round trip of 400 ms.
fn disturbed() -> Disturbance {
    let mut disturbance = Disturbance::NEW;
    disturbance.sample(50_000);
    disturbance.record(400_000, Instant::ZERO, 4_000_000);
    disturbance
}

#[test]
fn the_score_halves_every_quarter_of_the_bound_and_is_linear_in_between() {
    for (after_us, score_us) in [
        (0, 400_000),
        (1 << 18, 350_000),
        (1 << 20, 200_000),
        (3 << 19, 150_000),
        (1 << 21, 100_000),
    ] {
        let now = Instant::from_micros(after_us);
        assert_eq!(disturbed().score_us(now, 1 << 22), score_us);
    }
}

#[test]
fn an_event_below_the_current_score_changes_nothing() {
    let mut disturbance = disturbed();
    disturbance.record(300_000, Instant::from_millis(500), 4_000_000);
    assert_eq!(disturbance, disturbed());
}

#[test]
fn a_sample_equal_to_the_median_does_not_move_it() {
    let mut disturbance = Disturbance::NEW;
    for _ in 0..3 {
        disturbance.sample(1_000);
    }
    assert_eq!(disturbance.median_us(), 1_000);
}

/// If 0.1 ms is usual, 2 ms are twenty medians, but no disturbance at a bound of 4 s.
#[test]
fn on_a_local_network_many_medians_may_still_be_usual() {
    let mut disturbance = Disturbance::NEW;
    disturbance.sample(100);
    disturbance.record(2_000, Instant::ZERO, 4_000_000);
    assert_eq!(disturbance.grade(Instant::ZERO, 4_000_000), 0);
    assert_eq!(disturbance.grade(Instant::ZERO, 40_000), 4);
}

#[test]
fn a_round_trip_is_unusual_from_a_200th_of_the_bound_above_the_median() {
    let grade = |length_us| {
        let mut disturbance = Disturbance::NEW;
        disturbance.sample(100_000);
        disturbance.record(length_us, Instant::ZERO, 65_536_000);
        disturbance.grade(Instant::ZERO, 65_536_000)
    };
    assert_eq!([427_999, 428_000].map(grade), [0, 2]);
}
