//! A bound that follows from the path becomes shorter while probes are under way that were sent
//! under the longer one: it waits for them.

use core::time::Duration;

use systole::{Config, Event, EventKind, Instant, Monitor, Output, ProbeId, Retries, Verdict};

/// Reproducible noise (Marsaglia's xorshift).
struct Noise(u64);

impl Noise {
    const fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// When the peer was called dead after `quiet`, in milliseconds. Round trips take `rtt_us`, and up
/// to half as long again until `quiet`.
fn deaths(interval: Duration, rtt_us: u64, quiet: Instant, seed: u64) -> Vec<u64> {
    let config = Config::every(interval)
        .retries(Retries::NONE)
        .seed(seed)
        .without_initial_delay();
    let mut monitor = Monitor::new(config.build().unwrap(), Instant::ZERO).unwrap();
    let mut noise = Noise(seed * 7_919 + 1);
    let (mut now, mut deaths) = (Instant::ZERO, Vec::new());
    let mut replies: Vec<(Instant, ProbeId)> = Vec::new();
    while now < Instant::from_secs(30) {
        replies.sort_by_key(|&(at, _)| at);
        replies.retain(|&(at, id)| {
            at > now || {
                monitor.handle_reply(id, at);
                false
            }
        });
        let until = loop {
            match monitor.poll(now) {
                Output::Send(id) => {
                    let more_us = noise.below(rtt_us / 2) * u64::from(now < quiet);
                    let rtt = Duration::from_micros(rtt_us + more_us);
                    replies.push((now.saturating_add(rtt), id));
                }
                Output::Event(Event {
                    at,
                    kind: EventKind::Transition(it),
                    ..
                }) if it.to == Verdict::Dead && at > quiet => {
                    deaths.push(at.as_micros() / 1_000);
                }
                Output::Event(_) => {}
                Output::Wait(until) => break until,
                Output::Idle => return deaths,
            }
        };
        now = replies.iter().map(|&(at, _)| at).fold(until, Instant::min);
    }
    deaths
}

#[test]
fn a_path_that_becomes_quiet_kills_no_live_peer() {
    let quiet = Instant::from_secs(5);
    for (interval_ms, rtt_ms) in [(20, 800), (100, 350), (50, 1_500)] {
        for seed in 1..=16 {
            let interval = Duration::from_millis(interval_ms);
            let deaths = deaths(interval, rtt_ms * 1_000, quiet, seed);
            let none = deaths.is_empty();
            assert!(
                none,
                "seed {seed}, {interval_ms} ms, {rtt_ms} ms: {deaths:?}"
            );
        }
    }
}
