//! No machine allocates: a counting allocator sees a million operations of each.

#![allow(unsafe_code)] // an allocator that counts

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::hint::black_box;
use core::time::Duration;
use std::alloc::System;

use systole::{
    Config, Failure, Heartbeat, Instant, Listener, Monitor, Output, ProbeId, Sender, Verdict,
    listener, wire,
};

struct Counting;

thread_local! {
    /// Of this thread alone, so that the test harness does not count.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const OPERATIONS: u32 = 1_000_000;

/// How often `act` allocates.
fn allocations(act: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    act();
    ALLOCATIONS.get() - before
}

/// Numbers without order, the same in every run.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005) + 1;
        (self.0 >> 33) as u32
    }
}

fn config() -> Config {
    Config::every(Duration::from_secs(1))
        .seed(7)
        .detect_within(Duration::from_secs(5))
        .build()
        .unwrap()
}

#[test]
fn the_allocator_counts() {
    assert_eq!(allocations(|| drop(black_box(vec![1_u8]))), 1);
}

#[test]
fn a_million_operations_of_a_heartbeat_allocate_nothing() {
    let (mut draws, mut deaths) = (Draws(1), 0_u32);
    let allocated = allocations(|| {
        let mut heart = Heartbeat::new(config());
        for _ in 0..OPERATIONS {
            let rtt = Duration::from_micros((draws.next() >> (draws.next() % 31)).into());
            match draws.next() % 8 {
                0 | 1 => drop(heart.missed()),
                2 => heart.late(rtt),
                _ => drop(heart.next_interval(rtt)),
            }
            deaths += u32::from(heart.verdict() == Verdict::Dead);
            black_box(heart.snapshot());
        }
    });
    assert_eq!(allocated, 0);
    assert!(deaths > 0, "every verdict was reached");
}

#[test]
fn a_million_operations_of_a_monitor_allocate_nothing() {
    let mut draws = Draws(2);
    let mut now = Instant::from_secs(1);
    let mut monitor = Monitor::new(config(), now).unwrap();
    let allocated = allocations(|| {
        let mut last = ProbeId::from(0);
        for _ in 0..OPERATIONS {
            operate(&mut monitor, &mut draws, now, last);
            match monitor.poll(now) {
                Output::Send(id) => last = id,
                Output::Wait(until) if draws.next().is_multiple_of(2) => {
                    now = until.saturating_add(Duration::from_micros((draws.next() >> 10).into()));
                }
                _ => now = now.saturating_add(Duration::from_micros((draws.next() >> 14).into())),
            }
        }
    });
    assert_eq!(allocated, 0);
    let counters = monitor.snapshot(now).counters;
    assert!(counters.answered > 1_000 && counters.lost > 1_000 && counters.refuted > 0);
}

#[test]
fn a_million_operations_of_a_sender_and_a_listener_allocate_nothing() {
    let mut draws = Draws(3);
    let mut now = Instant::from_secs(1);
    let mut sender = Sender::new(Duration::from_secs(1), 7, now).unwrap();
    let mut listener = Listener::new(listener::Config::builder().build().unwrap(), now);
    let allocated = allocations(|| {
        for _ in 0..OPERATIONS {
            if let Output::Send(beat) = sender.poll(now) {
                let mut bytes = wire::encode(&beat);
                bytes[9] ^= u8::from(draws.next().is_multiple_of(16));
                if let (Ok(beat), false) = (wire::decode(&bytes), draws.next().is_multiple_of(4)) {
                    listener.handle_beat(&beat, now);
                }
            }
            let _ = black_box(listener.poll(now));
            if draws.next().is_multiple_of(16) {
                black_box(listener.snapshot(now));
            }
            now = now.saturating_add(Duration::from_micros((draws.next() >> 10).into()));
        }
    });
    assert_eq!(allocated, 0);
    let counters = listener.snapshot(now).counters;
    assert!(
        counters.beats > 1_000 && counters.lost > 1_000 && counters.repeated > 10,
        "{counters:?}"
    );
}

fn operate(monitor: &mut Monitor<32>, draws: &mut Draws, now: Instant, last: ProbeId) {
    match draws.next() % 64 {
        0..16 => {
            monitor.handle_reply(last, now);
        }
        16 => {
            monitor.handle_reply_any(now);
        }
        17 => {
            monitor.handle_reply_with(last, now, Duration::from_millis(1));
        }
        18 => {
            monitor.handle_failure(last, Failure::Refused, now);
        }
        19 => {
            monitor.handle_unsent(last, now);
        }
        20 => monitor.handle_traffic(now),
        21 => monitor.probe_now(now),
        22 => monitor.resumed(now),
        23 => monitor.resync(now.saturating_sub(Duration::from_millis(1))),
        24 if draws.next().is_multiple_of(64) => monitor.restarted(now),
        24 if draws.next().is_multiple_of(64) => monitor.handle_pushback(now),
        _ => {}
    }
}
