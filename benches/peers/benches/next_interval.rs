//! What one round costs here and in what is published, in one run.
//!
//! Of the detectors one heartbeat and one phi; of the estimators one sample and the timeout that follows. They do not do the same:
//! phi-detector, phi-accrual-failure-detector, adaptive-timeout and the two-pass form keep a window or a histogram, s2n-quic-core a moving
//! average. The estimators of quinn-proto and smoltcp cannot be called from outside.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../../common/machines.rs"]
mod machines;
#[allow(dead_code)]
#[path = "../../common/rounds.rs"]
mod rounds;

use core::cell::Cell;
use core::time::Duration;
use std::time::Instant;

use adaptive_timeout::{AdaptiveTimeout, LatencyTracker};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use machines::BASE;
use phi_accrual_failure_detector::{Clock, Detector, FailureDetector, UnsyncState};
use phi_detector::PingWindow;
use rounds::{Group, briefly, measure, systole, two_passes};
use s2n_quic_core::packet::number::PacketNumberSpace;
use s2n_quic_core::recovery::RttEstimator;
use s2n_quic_core::time::{Clock as _, NoopClock};

fn phi_detector(group: &mut Group<'_>) {
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

fn phi_accrual(group: &mut Group<'_>) {
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

fn adaptive_timeout(group: &mut Group<'_>) {
    let mut tracker = LatencyTracker::<u32, Instant>::default();
    let timeout = AdaptiveTimeout::default();
    let mut now = Instant::now(); // read once, as the others' clocks are
    measure(
        group,
        BenchmarkId::from_parameter("adaptive-timeout"),
        |rtt| {
            now += rtt;
            tracker.record_latency(&1, rtt, now);
            timeout.select_timeout(&mut tracker, &[1], 1, now)
        },
    );
}

fn s2n_quic(group: &mut Group<'_>) {
    let mut estimator = RttEstimator::default();
    let now = NoopClock.get_time();
    let space = PacketNumberSpace::ApplicationData;
    measure(group, BenchmarkId::from_parameter("s2n-quic-core"), |rtt| {
        estimator.update_rtt(Duration::ZERO, rtt, now, true, space);
        estimator.pto_period(1, space)
    });
}

fn next_interval(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("next_interval");
    systole::<16>(&mut group);
    systole::<1_024>(&mut group);
    two_passes(&mut group, 16);
    two_passes(&mut group, 1_024);
    phi_detector(&mut group);
    phi_accrual(&mut group);
    adaptive_timeout(&mut group);
    s2n_quic(&mut group);
    group.finish();
}

criterion_group! {
    name = benches;
    config = briefly();
    targets = next_interval
}
criterion_main!(benches);
