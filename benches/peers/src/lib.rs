//! Rounds of published detectors and round-trip estimators, to be held beside those of `systole`: a round-trip time in, an answer out.
//!
//! Of the detectors a round is one heartbeat and one phi; of the estimators one sample and the timeout that follows. They do not do the
//! same: phi-accrual-failure-detector keeps a window, adaptive-timeout a histogram, phi-detector running sums, s2n-quic-core moving averages.
//!
//! The estimators of quinn-proto and smoltcp cannot be called from outside. In quinn-proto 0.11.19 `RttEstimator` is public and can be read,
//! but `new`, `update` and `pto_base` are `pub(crate)` (src/connection/paths.rs); in smoltcp 0.14.0 the type itself is private
//! (src/socket/tcp.rs). Both could be driven by whole connections alone, and then these would be what is measured.

use core::cell::Cell;
use core::time::Duration;
use std::time::Instant;

use adaptive_timeout::{AdaptiveTimeout, LatencyTracker};
use phi_accrual_failure_detector::{Clock, Detector, FailureDetector, UnsyncDetector, UnsyncState};
use phi_detector::PingWindow;
use s2n_quic_core::packet::number::PacketNumberSpace;
use s2n_quic_core::recovery::RttEstimator;
use s2n_quic_core::time::{Clock as _, NoopClock};

/// phi-detector, on the sums of about 10,000.
pub fn phi_detector(every: Duration) -> impl FnMut(Duration) -> f64 {
    let mut window = PingWindow::new(every);
    move |rtt| {
        window.add_ping(rtt);
        window.normal_dist().phi(Duration::from_millis(50))
    }
}

/// A clock that is told the time, which costs nothing.
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

/// phi-accrual-failure-detector as it comes, on a window of 1,000: it reads a clock for the heartbeat and one for phi.
pub fn phi_accrual() -> impl FnMut(Duration) -> f64 {
    let detector = UnsyncDetector::default();
    move |_| {
        detector.heartbeat();
        detector.phi()
    }
}

/// The same without the clock.
pub fn phi_accrual_told() -> impl FnMut(Duration) -> f64 {
    let time: &'static TheTime = Box::leak(Box::new(TheTime(Cell::new(Duration::ZERO))));
    let builder = FailureDetector::<UnsyncState<_>>::builder();
    let detector = builder.unsync().clock(Told(time)).build().unwrap();
    move |rtt| {
        time.0.set(time.0.get() + rtt);
        detector.heartbeat();
        detector.phi()
    }
}

/// adaptive-timeout, of one peer.
pub fn adaptive_timeout() -> impl FnMut(Duration) -> Duration {
    let mut tracker = LatencyTracker::<u32, Instant>::default();
    let timeout = AdaptiveTimeout::default();
    let mut now = Instant::now(); // read once, as the others' clocks are
    move |rtt| {
        now += rtt;
        tracker.record_latency(&1, rtt, now);
        timeout.select_timeout(&mut tracker, &[1], 1, now)
    }
}

/// The estimator of s2n-quic-core: no window.
pub fn s2n_quic() -> impl FnMut(Duration) -> Duration {
    let mut estimator = RttEstimator::default();
    let now = NoopClock.get_time();
    let space = PacketNumberSpace::ApplicationData;
    move |rtt| {
        estimator.update_rtt(Duration::ZERO, rtt, now, true, space);
        estimator.pto_period(1, space)
    }
}
