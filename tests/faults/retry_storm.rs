//! `Retries::fixed(2)` are two retries, not as many as fit into what jitter leaves of the bound.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Retries, Verdict};

/// A peer that answers after 0.2 ms crashes about 200 s after the start. Returns how many probes go out from then to the verdict.
fn probes_to_the_dead(config: Config, seed: u64) -> u32 {
    let mut monitor = Monitor::<16>::with_window(
        config.into_builder().seed(seed).build().unwrap(),
        Instant::ZERO,
    )
    .unwrap();
    let mut answer: Option<(Instant, ProbeId)> = None;
    let (mut now, mut count) = (Instant::ZERO, 0);
    let crash = Instant::from_micros(200_000_000 + seed * 123_457);
    while monitor.verdict() != Verdict::Dead {
        if let Some((at, id)) = answer.take_if(|(at, _)| *at <= now) {
            monitor.handle_reply(id, at);
        }
        now = loop {
            match monitor.poll(now) {
                Output::Send(id) if now < crash => {
                    answer = Some((now.saturating_add(Duration::from_micros(200)), id));
                }
                Output::Send(_) => count += 1,
                Output::Event(_) => {}
                Output::Wait(until) => break answer.map_or(until, |(at, _)| until.min(at)),
                Output::Idle => return count,
            }
        };
    }
    count
}

/// Every 10 s, two retries, and a timeout that follows the path down to a millisecond.
fn config() -> Config {
    let ms = Duration::from_millis;

    Config::every(ms(10_000))
        .timeouts(ms(1_000), ms(1), ms(10_000))
        .retries(Retries::fixed(2))
        .build()
        .unwrap()
}

fn worst(config: Config) -> u32 {
    (1..100)
        .map(|seed| probes_to_the_dead(config, seed))
        .max()
        .unwrap()
}

/// Today: 997 at worst, 487 on average: one a millisecond for as long as jitter shortened the interval. A probe, two retries, and
/// at most one more steady probe fit under the bound.
#[test]
fn a_dead_peer_is_asked_no_more_often_than_the_retries_say() {
    assert!(worst(config()) <= 5, "{} probes", worst(config()));
}

/// Today: 5,994 at worst. The stated bound leaves 5 s more, which is no reason to ask 5,000 times.
#[test]
fn a_dead_peer_is_asked_no_more_often_than_the_retries_say_under_a_stated_bound() {
    let config = config()
        .into_builder()
        .detect_within(Duration::from_secs(15))
        .build()
        .unwrap();
    assert!(worst(config) <= 10, "{} probes", worst(config));
}
