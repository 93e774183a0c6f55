//! What one round costs here and in what is published, in one run.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../../common/machines.rs"]
mod machines;
#[allow(dead_code)]
#[path = "../../common/rounds.rs"]
mod rounds;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use machines::BASE;
use rounds::{briefly, measure, ours_and_naive};
use systole_peers::{adaptive_timeout, phi_accrual, phi_accrual_told, phi_detector, s2n_quic};

fn next_interval(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("next_interval");
    ours_and_naive(&mut group);
    let id = BenchmarkId::new("phi-detector", 10_000);
    measure(&mut group, id, phi_detector(BASE));
    let id = BenchmarkId::new("phi-accrual-failure-detector", 1_000);
    measure(&mut group, id, phi_accrual());
    let id = BenchmarkId::new("phi-accrual-failure-detector, told the time", 1_000);
    measure(&mut group, id, phi_accrual_told());
    let id = BenchmarkId::from_parameter("adaptive-timeout");
    measure(&mut group, id, adaptive_timeout());
    let id = BenchmarkId::from_parameter("s2n-quic-core");
    measure(&mut group, id, s2n_quic());
    group.finish();
}

criterion_group! {
    name = benches;
    config = briefly();
    targets = next_interval
}
criterion_main!(benches);
