//! What a probe that is missed, a drain of the monitor and a level of suspicion cost.

#[allow(dead_code, unreachable_pub)] // each benchmark uses its part
mod common {
    pub mod machines;
    pub mod rounds;
}

use core::hint::black_box;
use core::time::Duration;

use common::machines::{beat, drain, heart, monitor, rtts};
use common::rounds::briefly;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use systole::Heartbeat;

fn missed(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("missed");
    let alive = heart(64);
    group.bench_function("the first", |bencher| {
        bencher.iter_batched_ref(|| alive.clone(), Heartbeat::missed, BatchSize::SmallInput);
    });
    let mut dead = alive.clone();
    group.bench_function("of a dead peer", |bencher| bencher.iter(|| dead.missed()));
    group.finish();
}

fn poll(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("Monitor::poll");
    let (mut idle, due) = monitor(64);
    let early = due.saturating_sub(Duration::from_millis(1));
    drain(&mut idle, early);
    group.bench_function("nothing to do", |bencher| {
        bencher.iter(|| idle.poll(black_box(early)));
    });
    let (mut alive, mut now) = monitor(64);
    let rtts = rtts();
    let mut rtts = rtts.iter().cycle();
    group.bench_function("a probe and its answer, drained", |bencher| {
        bencher.iter(|| now = beat(&mut alive, now, rtts.next().copied()));
    });
    let (mut dead, mut now) = monitor(64);
    group.bench_function("a probe of a dead peer, drained", |bencher| {
        bencher.iter(|| now = beat(&mut dead, now, None));
    });
    group.finish();
}

fn suspicion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("level");
    for unanswered in [0, 1, 8] {
        let (mut monitor, mut now) = monitor(64);
        for _ in 0..unanswered {
            now = beat(&mut monitor, now, None);
        }
        group.bench_function(format!("{unanswered} unanswered"), |bencher| {
            bencher.iter(|| monitor.level(black_box(now)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = briefly();
    targets = missed, poll, suspicion
}
criterion_main!(benches);
