use super::*;

/// Returns the risks of a path that is calm for nine tenths of the time and has `long` silences
/// at each grade.
fn path(long: [u8; GRADES]) -> [f32; GRADES] {
    let mut risk = Risk::NEW;
    let lasted = [900, 60, 20, 10, 10];
    for (grade, (bounds, long)) in (0..).zip(lasted.into_iter().zip(long)) {
        for k in 0..bounds {
            risk.add(grade, u16::MAX, k < i32::from(long));
        }
    }
    risk.relative()
}

#[test]
fn disturbances_that_predict_nothing_are_ignored() {
    let [calm, .., worst] = path([220, 15, 5, 2, 2]);
    assert!(
        (0.95..=1.0).contains(&calm) && (1.0..1.6).contains(&worst),
        "{calm} {worst}"
    );
}

#[test]
fn disturbances_before_every_long_silence_raise_the_risk() {
    let [calm, .., worst] = path([1, 1, 5, 8, 10]);
    assert!(calm < 0.5 && worst > 15.0, "{calm} {worst}");
}

#[test]
fn risks_average_one() {
    for long in [
        [0; GRADES],
        [1, 0, 0, 2, 0],
        [10; GRADES],
        [100, 0, 0, 0, 0],
    ] {
        let parts = [908.0, 60.6, 20.2, 10.1, 10.1].map(|bounds| bounds / 1_009.0);
        let mean: f32 = path(long)
            .iter()
            .zip(parts)
            .map(|(risk, part)| risk * part)
            .sum();
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
    }
}

#[test]
fn hypotheses_are_powers_of_the_strongest_but_one() {
    let full = HYPOTHESES[4];
    assert!(
        full.iter()
            .zip(LOGS)
            .all(|(full, log)| (libm::logf(*full) - log).abs() < 1e-5)
    );
    for (quarters, (risks, against)) in (0_u8..).zip(HYPOTHESES.iter().zip(AGAINST)) {
        let power = f32::from(quarters) / 4.0;
        for (risk, full) in risks.iter().zip(full) {
            assert!(
                (risk / libm::powf(full, power) - 1.0).abs() < 1e-3,
                "{risk}"
            );
        }
        assert!((against - 8.0 * (1.0 - power) * (1.0 - power)).abs() < 1e-6);
    }
}

#[test]
fn grades_begin_at_their_edges() {
    let grades = [14, 15, 24, 25, 49, 50, 99, 100].map(|score| grade(score, 10));
    assert_eq!(grades, [0, 1, 1, 2, 2, 3, 3, 4]);
}

#[test]
fn halved_counts_weigh_half() {
    let counted = |times| {
        let mut risk = Risk::NEW;
        (0..times).for_each(|_| risk.add(1, 40, true));
        risk
    };
    let mut risk = counted(10);
    risk.halve();
    assert_eq!(risk, counted(5));
}

#[test]
fn parts_are_the_prior_plus_the_counted_time() {
    let mut risk = Risk::NEW;
    (0..4).for_each(|_| risk.add(1, 1 << 14, false)); // one bound
    let expected = [8.0, 1.6, 0.2, 0.1, 0.1].map(|bounds| bounds / 10.0);
    for (part, expected) in risk.parts().into_iter().zip(expected) {
        assert!((part - expected).abs() < 1e-6, "{part} {expected}");
    }
}

#[test]
fn without_counts_the_weights_are_the_prior() {
    let weights = Risk::NEW.weights([1.0; 6]);
    for (weight, against) in weights.into_iter().zip(AGAINST) {
        let ratio = weight / weights[4];
        assert!((ratio - libm::expf(-against)).abs() < 1e-6, "{ratio}");
    }
}
