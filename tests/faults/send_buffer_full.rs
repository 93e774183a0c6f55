//! `ENOBUFS`: the queue of our own interface is full. That is our lack, like that of memory or of files, and no evidence against the peer.

use core::time::Duration;
use std::io::Error;

use systole::machine::{Machine, ProbeResult};
use systole::{Config, Instant, Monitor, Output, ProbeError, Reply, Verdict};

const ENOBUFS: i32 = 105;

/// Today: `Missed`.
#[test]
fn a_full_queue_of_ours_is_a_probe_that_was_not_sent() {
    assert_eq!(
        ProbeError::from(Error::from_raw_os_error(ENOBUFS)),
        ProbeError::Unsent
    );
}

/// Today: dead within three seconds.
#[test]
fn a_full_queue_of_ours_kills_nobody() {
    let config = Config::fixed(Duration::from_secs(1))
        .detect_within(Duration::from_secs(3))
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let mut now = Instant::ZERO;
    while now < Instant::from_secs(60) {
        match monitor.step(now, None) {
            Output::Send(((), id)) => {
                let result = if now < Instant::from_secs(30) {
                    Ok(Reply::Ok)
                } else {
                    Err(ProbeError::from(Error::from_raw_os_error(ENOBUFS)))
                };
                let at = now.saturating_add(Duration::from_millis(1));
                monitor.handle_result(ProbeResult::new((), id, result, at));
                now = at;
            }
            Output::Event(_) => {}
            Output::Wait(until) => now = until,
            Output::Idle => panic!("time has not ended"),
        }
        assert_ne!(monitor.verdict(), Verdict::Dead, "at {now}");
    }
}
