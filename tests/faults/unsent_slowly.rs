//! Every probe fails to be sent, and each try takes 2 ms to say so. That is no evidence against the peer, however often it is tried.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, Verdict};

/// Today: dead after 39 s, straight from `Alive` and at level 0, for being `Silent`. The 2 ms of each try are taken for time in which it might have answered, and
/// add up to the bound.
#[test]
fn tries_that_fail_after_two_milliseconds_kill_nobody() {
    let config = Config::fixed(Duration::from_secs(1))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let mut now = Instant::ZERO;
    while now < Instant::from_secs(600) {
        match monitor.poll(now) {
            Output::Send(id) => {
                let sent = now < Instant::from_secs(60);
                now = now.saturating_add(Duration::from_millis(2));
                if sent {
                    monitor.handle_reply(id, now);
                } else {
                    monitor.handle_unsent(id, now);
                }
            }
            Output::Wait(until) => now = until,
            _ => {}
        }
        assert_ne!(monitor.verdict(), Verdict::Dead, "at {now}");
    }
}
