//! Probes that could not be sent, among others that were: they neither kill a live peer nor hide a dead one.
#![allow(missing_docs, clippy::unwrap_used)]

use core::time::Duration;

use systole::pacing::Fixed;
use systole::{Config, Event, EventKind, Instant, Monitor, Output, ProbeId, Retries, Verdict};

const SECOND: Duration = Duration::from_secs(1);

/// What the verdict became, and at which millisecond, in two minutes of a loop that polls on time. Answers take `rtt`, where there are any; the
/// probe of a number for which `unsent` is true, counted from 1, cannot be sent.
fn told(
    config: Config<Fixed>,
    rtt: impl Fn(Instant) -> Option<Duration>,
    unsent: impl Fn(u32) -> bool,
) -> Vec<(u64, Verdict)> {
    let config = config
        .into_builder()
        .jitter_percent(0)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let (mut now, mut number, mut told) = (Instant::ZERO, 0, Vec::new());
    let mut answers: Vec<(Instant, ProbeId)> = Vec::new();
    while now < Instant::from_secs(120) {
        answers.retain(|&(at, id)| {
            at > now || {
                monitor.handle_reply(id, now);
                false
            }
        });
        let until = loop {
            match monitor.poll(now) {
                Output::Send(id) => {
                    number += 1;
                    if unsent(number) {
                        monitor.handle_unsent(id, now);
                    } else if let Some(rtt) = rtt(now) {
                        answers.push((now.saturating_add(rtt), id));
                    }
                }
                Output::Event(Event {
                    at,
                    kind: EventKind::Transition(it),
                    ..
                }) => {
                    told.push((at.as_micros() / 1_000, it.to));
                }
                Output::Event(_) => {}
                Output::Wait(until) => break until,
                Output::Idle => return told,
            }
        };
        let arrivals = answers.iter().map(|&(at, _)| at);
        now = arrivals.fold(until, Instant::min);
    }
    told
}

fn every_second() -> Config<Fixed> {
    Config::fixed(SECOND).build().unwrap()
}

/// A probe goes out within every bound, so that its silence says something, though none of a dead peer is overdue as soon.
#[test]
fn a_dead_peer_stays_dead_where_every_third_probe_can_be_sent() {
    for third in 0..3 {
        let config = every_second()
            .into_builder()
            .detect_within(SECOND * 3)
            .build()
            .unwrap();
        let crash = Instant::from_millis(100);
        let rtt = |at| (at < crash).then_some(Duration::from_millis(20));
        let told = told(config, rtt, |number| number % 3 != third);
        let dead = told.iter().position(|&(_, to)| to == Verdict::Dead);
        assert_eq!(dead, Some(told.len() - 1), "{told:?}");
    }
}

/// That is so of one that was sent just now, too: no bound passed without any.
#[test]
fn a_probe_that_was_sent_between_two_that_were_not_is_waited_for() {
    let config = every_second()
        .into_builder()
        .retries(Retries::NONE)
        .timeouts(SECOND * 6, SECOND / 10, SECOND * 60)
        .build();
    let rtt = |_| Some(SECOND * 3);
    let told = told(config.unwrap(), rtt, |number| {
        [9, 10, 12, 13].contains(&number)
    });
    assert_eq!(told, [(3_000, Verdict::Alive)]);
}

#[test]
fn sends_that_fail_now_and_then_kill_no_peer_with_a_long_round_trip() {
    for bits in 0..1_u32 << 11 {
        let fails = |number| (9..20).contains(&number) && bits >> (number - 9) & 1 == 1;
        let told = told(every_second(), |_| Some(SECOND * 5), fails);
        let is_alive = told.iter().all(|&(_, to)| to != Verdict::Dead);
        assert!(is_alive, "{bits:#013b}: {told:?}");
    }
}
