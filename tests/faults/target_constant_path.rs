//! A path of constant delay that loses nothing gives a planner no reason to suspect anybody, nor to probe more often than a quicker path.

use core::time::Duration;

use systole::pacing::Target;
use systole::{Config, Instant, Monitor, Output, ProbeId};

/// An hour under a target of a second; returns the probes and the suspicions of the second half.
fn second_half(rtt: Duration) -> (u32, u32) {
    let config = Config::target(Duration::from_secs(1))
        .seed(5)
        .build()
        .unwrap();
    let mut monitor = Monitor::<16, Target>::with_window(config, Instant::ZERO).unwrap();
    let mut network: Vec<(Instant, ProbeId)> = Vec::new();
    let (mut now, mut half) = (Instant::ZERO, (0, 0));
    while now < Instant::from_secs(3_600) {
        network.retain(|&(at, id)| {
            at > now || {
                monitor.handle_reply(id, at);
                false
            }
        });
        let until = loop {
            match monitor.poll(now) {
                Output::Send(id) => network.push((now.saturating_add(rtt), id)),
                Output::Event(_) => {}
                Output::Wait(until) => break until,
                Output::Idle => return half,
            }
        };
        if now < Instant::from_secs(1_800) {
            let counters = monitor.snapshot(now).counters;
            half = (counters.probes, counters.suspect);
        }
        now = network.iter().map(|&(at, _)| at).fold(until, Instant::min);
    }
    let counters = monitor.snapshot(now).counters;
    (counters.probes - half.0, counters.suspect - half.1)
}

/// Today: suspected at every probe, about 17,400 times in half an hour.
#[test]
fn a_constant_round_trip_of_200_ms_is_not_suspected_under_a_target_of_a_second() {
    let (_, suspected) = second_half(Duration::from_millis(200));
    assert!(suspected <= 5, "suspected {suspected} times");
}

#[test]
fn a_constant_round_trip_of_150_ms_is_not_suspected_under_a_target_of_a_second() {
    let (_, suspected) = second_half(Duration::from_millis(150));
    assert!(suspected <= 5, "suspected {suspected} times");
}

/// Today: 4.3 times as many. What an answer takes comes off the time that is left, a fifth here.
#[test]
fn a_round_trip_of_200_ms_costs_at_most_twice_the_probes_of_50_ms() {
    let (quick, slow) = (
        second_half(Duration::from_millis(50)).0,
        second_half(Duration::from_millis(200)).0,
    );
    assert!(slow <= 2 * quick, "{slow} probes, {quick} at 50 ms");
}
