//! Tests of `suspicion`. They are not published.

#![allow(clippy::cast_precision_loss)] // references in floating point
use super::*;
use proptest::prelude::*;

fn model(rtts: &[u32], losses: u16) -> Model {
    let mut window = crate::path::RttWindow::<32>::new();
    let mut loss = LossRate::new();
    for &rtt_us in rtts {
        window.push_us(rtt_us);
        loss.answered();
    }
    for _ in 0..losses {
        loss.lost();
    }
    Model::new(window.moments(), &loss)
}

proptest! {
    #[test]
    fn evidence_never_falls_with_age(
        rtts in prop::collection::vec(any::<u32>(), 0..32), lost in 0_u16..9, a: u32, b: u32,
    ) {
        let model = model(&rtts, lost);
        let (young, old) = (a.min(b), a.max(b));
        prop_assert!(model.evidence(u64::from(young)) <= model.evidence(u64::from(old)));
        prop_assert!(model.evidence(u64::from(old)) <= model.evidence(u64::MAX));
        prop_assert!(model.evidence(u64::MAX).as_milli() <= 9_633);
    }

    #[test]
    fn evidence_follows_the_formula(
        rtts in prop::collection::vec(1_000_u32..1_000_000, 8..32), lost in 0_u16..9, age in 1_u32..100_000_000,
    ) {
        let model = model(&rtts, lost);
        let n = rtts.len() as f64;
        let mean = rtts.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = rtts.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        let excess = (f64::from(age) - mean).max(0.0);
        let tail = (variance / (variance + excess * excess)).max(1.0 / (n + 1.0));
        let loss = (f64::from(lost) + 0.5) / (n + f64::from(lost) + 1.0);
        let exact = -1_000.0 * libm::log10(loss + (1.0 - loss) * tail);
        let found = f64::from(model.evidence(u64::from(age)).as_milli());
        prop_assert!((found - exact).abs() < 3.0, "{found} against {exact}");
    }
}

#[test]
fn without_samples_the_evidence_is_weak() {
    assert!(model(&[], 0).evidence(u64::MAX).as_milli() < 10);
}

#[test]
fn prints_decades() {
    extern crate std;
    assert_eq!(std::format!("{}", SuspicionLevel(3_270)), "3.2");
}
