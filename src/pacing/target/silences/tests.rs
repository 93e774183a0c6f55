#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // floating-point reference
use super::*;

#[test]
fn bins_are_halves_of_the_bound() {
    for bound in [1_000, 3_000_000, 1 << 40, (1 << 40) - 1] {
        for length in (0..bound).step_by((bound / 999) as usize) {
            let exact = if length == 0 {
                BINS - 1
            } else {
                (libm::floor(libm::log2(bound as f64 / length as f64)) as usize).min(BINS - 1)
            };
            let is_edge = bound >> exact == length && bound % (1 << exact) == 0;
            let exact = exact - usize::from(is_edge);
            assert_eq!(bin(length, bound), exact, "{length} of {bound}");
        }
    }
    assert_eq!(bin(1_000, 1_000), BINS);
    assert_eq!(bin(1, 1 << 40), BINS - 1);
}

#[test]
fn a_probe_weighs_one_if_all_weights_are_zero() {
    let mut silences = Silences::NEW;
    assert!((silences.unit() - 1.0).abs() < f32::EPSILON);
    for length_us in [100, 900] {
        silences.add(length_us, 1_000, 1);
    }
    silences.halve();
    assert_eq!((silences.probes(), silences.total), (1, 0));
    assert!((silences.unit() - 1.0).abs() < f32::EPSILON);
}

#[test]
fn old_counts_are_halved() {
    let mut silences = Silences::NEW;
    for _ in 0..1_000 {
        silences.add(500, 1_000, 65_535);
        if silences.span() >= 100 {
            silences.halve();
        }
    }
    let probes = silences.probes();
    assert!((45..=100).contains(&probes), "{probes}");
    assert!((silences.unit() - 1.0).abs() < 0.02);
}
