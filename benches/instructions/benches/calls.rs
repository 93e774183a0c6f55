//! Instructions a call on x86-64, by callgrind: a benchmark makes 1,000 calls, so the last three digits of what it prints are decimals.
//!
//! What a call took when this was written last stands beside it, without the loop; one that takes over 5 % more fails. The loop around the
//! calls is counted with them, and the first to be counted.

#[allow(dead_code)]
#[path = "../../common/machines.rs"]
mod machines;

use std::hint::black_box;
use std::time::Duration;

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use machines::{BASE, beat, drain, heart, monitor, rtts};
use systole::{Config, Heartbeat};

const CALLS: usize = 1_000;

/// What a turn of the loop takes.
const LOOP: u64 = 11;

/// What is done once: the way in and out, the first plan.
const ONCE: u64 = 200;

/// Fails where a call takes over 5 % more than `instructions`.
fn about(instructions: u64) -> LibraryBenchmarkConfig {
    at_most(instructions + instructions / 20)
}

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    let limit = (instructions + LOOP) * CALLS as u64 + ONCE;
    callgrind.hard_limits([(EventKind::Ir, limit)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

/// Round-trip times for so many calls, never given back: that would be counted, too.
fn samples() -> &'static [Duration] {
    &rtts().leak()[..CALLS]
}

fn nothing() -> impl FnMut(Duration) {
    |rtt| _ = black_box(rtt)
}

/// Compiled into the loop around it, as into any that calls it in one place. (A call of its own, with what it saves and restores, takes 21 more.)
fn next_interval<const N: usize>() -> impl FnMut(Duration) {
    let mut heart =
        Heartbeat::<N>::with_window(Config::every(BASE).build().expect("5 s is in range"));
    move |rtt| _ = black_box((heart.next_interval(rtt), heart.verdict()))
}

fn missed() -> impl FnMut(Duration) {
    let mut heart = heart(64);
    move |_| _ = black_box(heart.missed())
}

fn poll_early() -> impl FnMut(Duration) {
    let (mut monitor, due) = monitor(64);
    let early = due.saturating_sub(BASE / 100);
    drain(&mut monitor, early);
    move |_| _ = black_box(monitor.poll(black_box(early)))
}

/// A probe, its answer if there is one, and the drains.
fn round(answered: bool) -> impl FnMut(Duration) {
    let (mut monitor, mut now) = monitor(64);
    move |rtt| now = beat(&mut monitor, now, answered.then_some(rtt))
}

/// Of a silence in which two probes went out.
fn level() -> impl FnMut(Duration) {
    let (mut monitor, now) = monitor(64);
    let now = beat(&mut monitor, now, None);
    let now = beat(&mut monitor, now, None);
    move |_| _ = black_box(monitor.level(black_box(now)))
}

#[library_benchmark]
#[bench::the_loop_alone(args = (nothing(), samples()), config = at_most(0))]
#[bench::next_interval_16(args = (next_interval::<16>(), samples()), config = at_most(250))]
#[bench::next_interval_1024(args = (next_interval::<1_024>(), samples()), config = at_most(250))]
#[bench::missed(args = (missed(), samples()), config = about(358))]
#[bench::poll_early(args = (poll_early(), samples()), config = about(330))]
#[bench::round_answered(args = (round(true), samples()), config = about(1_946))]
#[bench::round_of_a_dead_peer(args = (round(false), samples()), config = about(1_883))]
#[bench::level(args = (level(), samples()), config = about(443))]
fn call<F: FnMut(Duration)>(mut call: F, samples: &'static [Duration]) {
    for &rtt in samples {
        call(black_box(rtt));
    }
}

library_benchmark_group!(name = thousand, benchmarks = call);
main!(library_benchmark_groups = thousand);
