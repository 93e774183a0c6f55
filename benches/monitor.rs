//! What a probe that is missed, a drain of the monitor and a level of suspicion cost.
#![allow(missing_docs, clippy::unwrap_used, clippy::std_instead_of_alloc)]

#[allow(dead_code, unreachable_pub)]
#[path = "common/rounds.rs"]
mod rounds;

use core::hint::black_box;
use core::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rounds::{BASE, briefly, rtts};
use systole::{Config, Heartbeat, Instant, Monitor, Output};

type Watched = Monitor<32>;

/// A heartbeat of which `answered` probes were answered.
fn heart(answered: usize) -> Heartbeat<32> {
    let mut heart = Heartbeat::new(Config::every(BASE).unwrap());
    for &rtt in rtts().iter().take(answered) {
        heart.next_interval(rtt);
    }
    heart
}

/// A monitor whose peer answers for `beats` probes, and the moment at which the next one is due.
fn monitor(beats: usize) -> (Watched, Instant) {
    let config = Config::every(BASE).unwrap().seed(1).unwrap();
    let mut now = Instant::ZERO;
    let mut monitor = Watched::new(config.start_at_once(), now).unwrap();
    for &rtt in rtts().iter().take(beats) {
        now = beat(&mut monitor, now, Some(rtt));
    }
    (monitor, now)
}

/// One probe: sent, answered after `rtt` or not at all, and drained twice. Returns the deadline.
fn beat(monitor: &mut Watched, now: Instant, rtt: Option<Duration>) -> Instant {
    let (until, probe) = drain(monitor, now);
    let Some((id, rtt)) = probe.zip(rtt) else {
        return until;
    };
    let landed = now.saturating_add(rtt);
    monitor.handle_reply(id, landed);
    drain(monitor, landed).0
}

fn drain(monitor: &mut Watched, now: Instant) -> (Instant, Option<systole::ProbeId>) {
    let mut probe = None;
    loop {
        match monitor.poll(now) {
            Output::Probe(id) => probe = Some(id),
            Output::Event(event) => drop(black_box(event)),
            Output::Wait(until) => return (until, probe),
            Output::Idle => return (Instant::MAX, probe),
        }
    }
}

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
