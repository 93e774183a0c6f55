use core::time::Duration;

use super::*;
use crate::config::Config;
use crate::output::Output;
use crate::peer::event::{Event, EventKind};

/// It may be waited for longer than until the next one, which cannot be sent again.
#[test]
fn a_probe_of_an_episode_that_was_sent_ends_the_failures_before_it() {
    let second = Duration::from_secs(1);
    let config = Config::every(second * 10)
        .seed(7)
        .timeouts(second, second, second)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::<8>::with_window(config, Instant::ZERO).unwrap();
    let (mut now, mut sent_at) = (Instant::ZERO, None);
    loop {
        match monitor.poll(now) {
            Output::Send(id) if now == Instant::ZERO => {
                monitor.handle_reply(id, now);
            }
            Output::Send(_) if now < Instant::from_secs(11) => {} // overdue in a second
            Output::Send(_) if now > Instant::from_secs(20) && sent_at.is_none() => {
                sent_at = Some(now);
                monitor.probe_now(now);
            }
            Output::Send(id) => {
                monitor.handle_unsent(id, now);
            }
            Output::Event(Event {
                kind: EventKind::Blind { since, .. },
                ..
            }) => {
                return assert!(Some(since) > sent_at, "{since:?}, {sent_at:?}");
            }
            Output::Wait(until) => now = until,
            Output::Event(_) | Output::Idle => {}
        }
    }
}
