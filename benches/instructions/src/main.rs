//! `calls WHAT TIMES` does one thing that often, for callgrind: the difference of two runs is what the thing costs.

#[allow(dead_code)]
#[path = "../../common/machines.rs"]
mod machines;

use std::env::args;
use std::hint::black_box;

use machines::{BASE, beat, drain, heart, monitor, rtts};
use systole::{Config, Heartbeat};

fn main() {
    let words: Vec<String> = args().skip(1).collect();
    let times = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    match words.first().map(String::as_str) {
        Some("next_interval_16") => next_interval::<16>(times),
        Some("next_interval_1024") => next_interval::<1_024>(times),
        Some("missed") => missed(times),
        Some("poll_idle") => poll_idle(times),
        Some("beat_answered") => beats(times, true),
        Some("beat_dead") => beats(times, false),
        Some("level") => level(times),
        _ => panic!("no such thing: {words:?}"),
    }
}

fn next_interval<const N: usize>(times: usize) {
    let mut heart = Heartbeat::<N>::new(Config::every(BASE).expect("5 s is in range"));
    for &rtt in rtts().iter().cycle().take(times) {
        black_box(heart.next_interval(black_box(rtt)));
        black_box(heart.verdict());
    }
}

fn missed(times: usize) {
    let mut heart = heart(64);
    for _ in 0..times {
        black_box(heart.missed());
    }
}

fn poll_idle(times: usize) {
    let (mut monitor, due) = monitor(64);
    let early = due.saturating_sub(BASE / 100);
    drain(&mut monitor, early);
    for _ in 0..times {
        let _ = black_box(monitor.poll(black_box(early)));
    }
}

/// A probe, its answer if there is one, and the drains.
fn beats(times: usize, answered: bool) {
    let (mut monitor, mut now) = monitor(64);
    for &rtt in rtts().iter().cycle().take(times) {
        now = beat(&mut monitor, now, answered.then_some(rtt));
    }
}

/// Of a silence in which two probes went out.
fn level(times: usize) {
    let (mut monitor, now) = monitor(64);
    let now = beat(&mut monitor, now, None);
    let now = beat(&mut monitor, now, None);
    for _ in 0..times {
        black_box(monitor.level(black_box(now)));
    }
}
