//! What one round costs: a round-trip time in, statistics, verdict and interval out.
//!
//! In the same run: the fluctuation rule written down as it is read, two passes in floating point over a `VecDeque`. Published detectors
//! and estimators beside it: `benches/peers`.

#[allow(dead_code, unreachable_pub)] // each benchmark uses its part
mod common {
    pub mod machines;
    pub mod rounds;
}

use common::rounds::{briefly, measure, ours_and_naive, systole, two_passes};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn next_interval(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("next_interval");
    ours_and_naive(&mut group);
    let (ours, naive) = (systole::<128>(), two_passes(128));
    measure(&mut group, BenchmarkId::new("systole", 128), ours);
    measure(&mut group, BenchmarkId::new("two-pass f64", 128), naive);
    group.finish();
}

criterion_group! {
    name = benches;
    config = briefly();
    targets = next_interval
}
criterion_main!(benches);
