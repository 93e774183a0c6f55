//! What one round costs: a round-trip time in, statistics, verdict and interval out.
//!
//! In the same run: the founding rule written down as it is read, two passes in floating point over a `VecDeque`, and
//! the two published phi accrual detectors, each for one heartbeat and one phi.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::std_instead_of_alloc
)]

use core::cell::Cell;
use core::hint::black_box;
use core::time::Duration;
use std::collections::VecDeque;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use phi_accrual_failure_detector::{Clock, Detector, FailureDetector, UnsyncState};
use phi_detector::PingWindow;
use systole::{Config, Heartbeat, Verdict};

const BASE: Duration = Duration::from_secs(5);

/// Round-trip times about 40 ms, the same in every run.
fn rtts() -> Vec<Duration> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
        state >> 33
    };
    (0..4_096)
        .map(|_| Duration::from_micros(30_000 + draw() % 20_000))
        .collect()
}

/// Feeds `round` one round-trip time after the other.
fn measure<R>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: BenchmarkId,
    mut round: impl FnMut(Duration) -> R,
) {
    let rtts = rtts();
    for &rtt in &rtts {
        round(rtt); // the window is full before the clock starts
    }
    let mut rtts = rtts.iter().cycle();
    group.bench_function(id, |bencher| {
        bencher.iter(|| round(*black_box(rtts.next().unwrap())));
    });
}

fn systole<const N: usize>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let mut heart = Heartbeat::<N>::new(Config::every(BASE).unwrap());
    measure(group, BenchmarkId::new("systole", N), |rtt| {
        let interval = heart.next_interval(rtt);
        (interval, heart.verdict() == Verdict::Alive)
    });
}

fn two_passes(group: &mut BenchmarkGroup<'_, WallTime>, n: usize) {
    let mut window = VecDeque::with_capacity(n);
    measure(group, BenchmarkId::new("two-pass f64", n), |rtt| {
        if window.len() == n {
            window.pop_front();
        }
        window.push_back(rtt.as_secs_f64());
        let mean = window.iter().sum::<f64>() / window.len() as f64;
        let squares = window.iter().map(|rtt| (rtt - mean).powi(2)).sum::<f64>();
        let deviation = (squares / window.len() as f64).sqrt();
        BASE.mul_f64((1.0 + deviation / mean).clamp(0.9, 4.0))
    });
}

fn phi_detector(group: &mut BenchmarkGroup<'_, WallTime>) {
    let mut window = PingWindow::new(BASE);
    measure(group, BenchmarkId::new("phi-detector", 10_000), |rtt| {
        window.add_ping(rtt);
        window.normal_dist().phi(Duration::from_millis(50))
    });
}

/// A clock that is told the time, so that reading one costs nothing.
#[derive(Clone, Copy)]
struct Told(&'static TheTime);

struct TheTime(Cell<Duration>);

impl Clock for Told {
    type Timestamp = Duration;

    fn timestamp(&self) -> Duration {
        self.0.0.get()
    }

    fn elapsed(before: &Duration, after: &Duration) -> Duration {
        after.saturating_sub(*before)
    }
}

fn phi_accrual(group: &mut BenchmarkGroup<'_, WallTime>) {
    let time: &'static TheTime = Box::leak(Box::new(TheTime(Cell::new(Duration::ZERO))));
    let builder = FailureDetector::<UnsyncState<_>>::builder();
    let detector = builder.unsync().clock(Told(time)).build().unwrap();
    measure(
        group,
        BenchmarkId::new("phi-accrual-failure-detector", 1_000),
        |rtt| {
            time.0.set(time.0.get() + rtt);
            detector.heartbeat();
            detector.phi()
        },
    );
}

fn next_interval(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("next_interval");
    systole::<16>(&mut group);
    systole::<128>(&mut group);
    systole::<1_024>(&mut group);
    for n in [16, 128, 1_024] {
        two_passes(&mut group, n);
    }
    phi_detector(&mut group);
    phi_accrual(&mut group);
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = next_interval
}
criterion_main!(benches);
