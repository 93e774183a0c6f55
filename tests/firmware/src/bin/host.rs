//! The workloads on a machine with an operating system; and, for callgrind, calls to be counted.
//!
//! `host digest [steps]` prints both digests; `host next_interval N calls` makes that many calls, a multiple of 256, on a window of N;
//! with an N of 0 none, and the loop around them remains.

use std::env::args;
use std::hint::black_box;
use std::time::Duration;

use systole::{Config, Heartbeat};
use systole_firmware::{STEPS, heartbeat, monitor, samples};

const CONFIG: Config = match Config::every(Duration::from_secs(5)) {
    Ok(config) => config,
    Err(_) => panic!("5 s is in range"),
};

fn main() {
    let words: Vec<String> = args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok());
    if words.first().is_some_and(|word| word == "next_interval") {
        beat(number(1).unwrap_or(16), number(2).unwrap_or(0));
    } else {
        let steps = number(1).unwrap_or(STEPS);
        println!("heartbeat {:016x}", heartbeat::run(steps));
        println!("monitor {:016x}", monitor::run(steps));
    }
}

fn beat(window: u32, calls: u32) {
    match window {
        0 => repeat(calls, |rtt| rtt),
        64 => rounds::<64>(calls),
        1_024 => rounds::<1_024>(calls),
        _ => rounds::<16>(calls),
    }
}

fn rounds<const N: usize>(calls: u32) {
    let mut heart = Heartbeat::<N>::new(CONFIG);
    repeat(calls, |rtt| (heart.next_interval(rtt), heart.verdict()));
}

#[inline(never)]
fn repeat<T>(calls: u32, mut call: impl FnMut(Duration) -> T) {
    let samples = samples::round_trips();
    for _ in 0..calls as usize / samples::COUNT {
        for &rtt in &samples {
            black_box(call(black_box(rtt)));
        }
    }
}
