use super::*;

/// The probability that a Poisson variable with `mean` is at least `least`.
fn tail(mean: f64, least: u32) -> f64 {
    let (mut term, mut below) = ((-mean).exp(), 0.0);
    for count in 0..least {
        below += term;
        term *= mean / f64::from(count + 1);
    }
    1.0 - below
}

#[test]
fn the_threshold_is_that_of_the_exact_distribution_or_at_most_two_more() {
    for mean_milli in [
        1_u32, 10, 100, 500, 1_000, 2_500, 7_000, 20_000, 60_000, 200_000, 500_000,
    ] {
        let mean = f64::from(mean_milli) / 1e3;
        let threshold = least_improbable(u64::from(mean_milli) * ONE / 1_000);
        let least = u32::try_from(threshold.div_ceil(ONE)).unwrap();
        assert!(tail(mean, least) <= 1e-3, "{least} at {mean}");
        assert!(
            tail(mean, least - 2) > 1e-3 || least <= 3,
            "{least} at {mean}"
        );
    }
}

#[test]
fn what_is_usual_follows_after_two_windows() {
    let mut silence = Silence::default();
    (0..100).for_each(|_| silence.enter(Verdict::Alive));
    silence.turn(20);
    (0..40).for_each(|_| silence.change(Verdict::Alive, Verdict::Suspect));
    silence.turn(8);
    let window = Window {
        us: 3_000_000,
        late_us: 0,
    };
    assert!(silence.is_unusual(window));
    let late_us = 60_000_000; // half of the peers may have failed meanwhile
    assert!(!silence.is_unusual(Window { late_us, ..window }));
    silence.turn(SETTLED);
    assert!(!silence.is_unusual(window));
    assert_eq!((silence.silent(), silence.of()), (40, 100));
}
