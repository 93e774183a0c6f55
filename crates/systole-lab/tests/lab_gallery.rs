//! The synthetic networks differ enough that no constant serves them all.

use core::time::Duration;
use systole_testkit::deep;

use systole_lab::Case;
use systole_lab::baseline::Retries;
use systole_lab::network::{Synthetic, gallery};
use systole_lab::sweep::{self, Candidate};

/// The longest interval, as a share of the bound, that keeps avoidable mistakes to so many.
fn longest_interval(case: &[Case<Synthetic>], bound: Duration, mistakes: f64) -> f64 {
    let shares = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 0.95];
    let with = |share: f64| Retries {
        interval: bound.mul_f64(share),
        timeout: bound.mul_f64(0.1),
        spacing: bound.mul_f64(0.05),
        retries: u32::MAX,
        bound,
    };
    let candidates: Vec<Candidate<Synthetic>> = shares.map(with).map(Candidate::baseline).into();
    let outcomes = sweep::sweep(case, &candidates, |_| ());
    let front = sweep::best_single(outcomes.iter().enumerate());
    let best = sweep::cheapest_with_at_most(&front, mistakes);
    best.map_or(0.0, |point| shares[point.choice[0]])
}

#[test]
fn best_intervals_differ_fourfold() {
    let hours = if deep::asked_for("two hours of each network, not four") {
        4
    } else {
        2
    };
    let bound = Duration::from_secs(10);
    let best = gallery(Duration::from_secs(hours * 3_600), 7)
        .into_iter()
        .map(|(name, network)| {
            let case = [Case::new(name, network, bound)];
            let share = longest_interval(&case, bound, hours as f64 / 4.0);
            println!(
                "{name}: interval {share} of the bound; {} windows of the floor",
                case[0].floor().len()
            );
            share
        });
    let best: Vec<f64> = best.collect();
    let least = best.iter().copied().fold(f64::INFINITY, f64::min);
    let most = best.iter().copied().fold(0.0, f64::max);
    assert!(most >= 4.0 * least, "{best:?}");
}
