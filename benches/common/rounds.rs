//! One round of a heartbeat, measured: a round-trip time in, an interval out.

use core::hint::black_box;
use core::time::Duration;
use std::collections::VecDeque;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use systole::{Config, Heartbeat, Verdict};

use super::machines::{BASE, rtts};

pub type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// Long enough for a ratio, short enough for CI.
pub fn briefly() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

/// Feeds `round` one round-trip time after the other.
pub fn measure<R>(group: &mut Group<'_>, id: BenchmarkId, mut round: impl FnMut(Duration) -> R) {
    let rtts = rtts();
    for &rtt in &rtts {
        round(rtt); // the window is full before the clock starts
    }
    let mut rtts = rtts.iter().cycle();
    group.bench_function(id, |bencher| {
        bencher.iter(|| round(*black_box(rtts.next().unwrap())));
    });
}

pub fn systole<const N: usize>() -> impl FnMut(Duration) -> (Duration, bool) {
    let mut heart = Heartbeat::<N>::with_window(Config::every(BASE).build().unwrap());
    move |rtt| (heart.next_interval(rtt), heart.verdict() == Verdict::Alive)
}

/// The fluctuation rule written down as it is read.
pub fn two_passes(n: usize) -> impl FnMut(Duration) -> Duration {
    let mut window = VecDeque::with_capacity(n);
    move |rtt| {
        if window.len() == n {
            window.pop_front();
        }
        window.push_back(rtt.as_secs_f64());
        let mean = window.iter().sum::<f64>() / window.len() as f64;
        let squares = window.iter().map(|rtt| (rtt - mean).powi(2)).sum::<f64>();
        let deviation = (squares / window.len() as f64).sqrt();
        BASE.mul_f64((1.0 + deviation / mean).clamp(0.9, 4.0))
    }
}

/// The two beside each other.
pub fn ours_and_naive(group: &mut Group<'_>) {
    measure(group, BenchmarkId::new("systole", 16), systole::<16>());
    measure(
        group,
        BenchmarkId::new("systole", 1_024),
        systole::<1_024>(),
    );
    for n in [16, 1_024] {
        measure(group, BenchmarkId::new("two-pass f64", n), two_passes(n));
    }
}
