//! `run` is cancel-safe: who drops it, as `select` does, and calls it again drops probes of ours, which says nothing about the peer.
#![cfg(feature = "embassy")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_time::{Duration as Span, MockDriver, Timer};
use systole::{Config, ProbeError, Verdict, embassy::Heart, peer::Counters};

/// There is one clock.
static ALONE: Mutex<()> = Mutex::new(());

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A peer that always answers after 20 ms; `run` is dropped and called again every so many milliseconds, for a minute.
fn cancelled_every(ms: u64) -> (Verdict, Counters) {
    let config = Config::every(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .seed(9)
        .without_initial_delay()
        .build()
        .unwrap();
    let heart = Heart::<NoopRawMutex, 16>::new(config).unwrap();
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    for _ in 0..60_000 / ms {
        let mut run = Box::pin(heart.run(|| async {
            Timer::after_millis(20).await;
            Ok::<_, ProbeError>(())
        }));
        flag.0.store(true, Ordering::SeqCst);
        for _ in 0..ms {
            while flag.0.swap(false, Ordering::SeqCst) {
                let polled = run.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
            }
            MockDriver::get().advance(Span::from_millis(1));
        }
    }
    (heart.verdict(), heart.snapshot().counters)
}

/// Today: dead after 3 s, and for good: the next probes go out where they are dropped again.
#[test]
fn a_live_peer_is_not_dead_to_who_drops_run_again_and_again() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for ms in [50, 100] {
        let (verdict, counters) = cancelled_every(ms);
        assert_ne!(verdict, Verdict::Dead, "every {ms} ms: {counters:?}");
        assert_eq!(counters.dead, 0, "every {ms} ms");
    }
}

/// Today: 5 of 68.
#[test]
fn probes_that_were_dropped_with_run_are_not_lost() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, counters) = cancelled_every(1_010);
    assert!(counters.answered > 40 && counters.lost == 0, "{counters:?}");
}
