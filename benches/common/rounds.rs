//! One round of a heartbeat, measured: a round-trip time in, an interval out.

use core::hint::black_box;
use core::time::Duration;
use std::collections::VecDeque;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use systole::{Config, Heartbeat, Verdict};

use crate::machines::{BASE, rtts};

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

pub fn systole<const N: usize>(group: &mut Group<'_>) {
    let mut heart = Heartbeat::<N>::new(Config::every(BASE).unwrap());
    measure(group, BenchmarkId::new("systole", N), |rtt| {
        let interval = heart.next_interval(rtt);
        (interval, heart.verdict() == Verdict::Alive)
    });
}

pub fn two_passes(group: &mut Group<'_>, n: usize) {
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
