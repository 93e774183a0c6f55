//! Machines on an ordinary path, to be measured.

use core::hint::black_box;
use core::time::Duration;

use systole::{Config, Heartbeat, Instant, Monitor, Output, ProbeId};

pub const BASE: Duration = Duration::from_secs(5);

/// Round-trip times about 40 ms, the same in every run.
pub fn rtts() -> Vec<Duration> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
        state >> 33
    };
    (0..4_096)
        .map(|_| Duration::from_micros(30_000 + draw() % 20_000))
        .collect()
}

pub type Watched = Monitor<32>;

/// A heartbeat of which `answered` probes were answered.
pub fn heart(answered: usize) -> Heartbeat<32> {
    let mut heart = Heartbeat::new(Config::every(BASE).build().unwrap());
    for &rtt in rtts().iter().take(answered) {
        heart.next_interval(rtt);
    }
    heart
}

/// A monitor whose peer answers for `beats` probes, and the moment at which the next one is due.
pub fn monitor(beats: usize) -> (Watched, Instant) {
    let config = Config::every(BASE)
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut now = Instant::ZERO;
    let mut monitor = Watched::new(config, now).unwrap();
    for &rtt in rtts().iter().take(beats) {
        now = beat(&mut monitor, now, Some(rtt));
    }
    (monitor, now)
}

/// One probe: sent, answered after `rtt` or not at all, and drained twice. Returns the deadline.
pub fn beat(monitor: &mut Watched, now: Instant, rtt: Option<Duration>) -> Instant {
    let (until, probe) = drain(monitor, now);
    let Some((id, rtt)) = probe.zip(rtt) else {
        return until;
    };
    let landed = now.saturating_add(rtt);
    monitor.handle_reply(id, landed);
    drain(monitor, landed).0
}

pub fn drain(monitor: &mut Watched, now: Instant) -> (Instant, Option<ProbeId>) {
    let mut probe = None;
    loop {
        match monitor.poll(now) {
            Output::Send(id) => probe = Some(id),
            Output::Event(event) => drop(black_box(event)),
            Output::Wait(until) => return (until, probe),
            Output::Idle => return (Instant::MAX, probe),
        }
    }
}
