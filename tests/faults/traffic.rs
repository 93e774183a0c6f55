//! Traffic from a peer is a sign of life: it may save a probe, and must never cost a verdict.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Retries};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An hour with a live peer, nothing lost, polled on time; every probe is answered after `rtt`, and other data of the peer comes every
/// `apart`. Returns how often it was called dead.
fn deaths(config: Config, rtt: Duration, apart: Duration) -> u32 {
    let config = config
        .into_builder()
        .jitter_percent(0)
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::<16>::with_window(config, Instant::ZERO).unwrap();
    let mut network: Vec<(Instant, ProbeId)> = Vec::new();
    let (mut now, mut traffic) = (Instant::ZERO, Instant::ZERO.saturating_add(apart));
    while now < Instant::from_secs(3_600) {
        network.retain(|&(at, id)| {
            at > now || {
                monitor.handle_reply(id, at);
                false
            }
        });
        if traffic <= now {
            monitor.handle_traffic(now);
            traffic = now.saturating_add(apart);
        }
        let until = loop {
            match monitor.poll(now) {
                Output::Send(id) => network.push((now.saturating_add(rtt), id)),
                Output::Event(_) => {}
                Output::Wait(until) => break until.min(traffic),
                Output::Idle => return 0,
            }
        };
        now = network.iter().map(|&(at, _)| at).fold(until, Instant::min);
    }
    monitor.snapshot(now).counters.dead
}

fn without_retries() -> Config {
    Config::every(ms(1_000))
        .timeouts(ms(300), ms(300), ms(300))
        .retries(Retries::NONE)
        .detect_within(ms(1_300))
        .build()
        .unwrap()
}

/// Today: traffic 500 ms after a probe puts the next one off to 1.5 s, its answer comes at 1.7 s, and the peer is dead at 1.6 s.
#[test]
fn traffic_puts_no_probe_off_beyond_the_moment_at_which_its_answer_comes_too_late() {
    let at = |millis| Instant::from_millis(millis);
    let mut monitor = Monitor::<8>::with_window(
        without_retries()
            .into_builder()
            .jitter_percent(0)
            .seed(1)
            .without_initial_delay()
            .build()
            .unwrap(),
        at(0),
    )
    .unwrap();
    let Output::Send(id) = monitor.poll(at(0)) else {
        unreachable!()
    };
    monitor.handle_reply(id, at(200));
    while let Output::Event(_) = monitor.poll(at(200)) {}
    monitor.handle_traffic(at(500));
    while let Output::Event(_) = monitor.poll(at(500)) {}
    let seen = monitor.snapshot(at(500));
    let answer = seen.next_probe_at.saturating_add(ms(200));
    assert!(
        seen.dead_at.is_none_or(|dead| dead >= answer),
        "the next answer at {answer}, dead at {:?}",
        seen.dead_at
    );
}

/// Today: dead 2,116 times in the hour where data comes every 1.7 s.
#[test]
fn a_live_peer_that_also_sends_data_is_never_dead_without_retries() {
    let counts =
        [7_200_000, 1_700, 2_300, 5_900].map(|apart| deaths(without_retries(), ms(200), ms(apart)));
    assert_eq!(counts, [0; 4]);
}

/// The same with the retries of the default.
#[test]
fn a_live_peer_that_also_sends_data_is_never_dead_with_retries() {
    let config = Config::every(ms(1_000))
        .detect_within(ms(1_700))
        .build()
        .unwrap();
    let counts = [7_200_000, 1_700, 2_300, 5_900].map(|apart| deaths(config, ms(400), ms(apart)));
    assert_eq!(counts, [0; 4]);
}
