extern crate alloc;

use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::config::Config;
use crate::output::Output;
use crate::peer::verdict::Failure;

/// An id of another incarnation may look like one of now in all but that.
#[test]
fn a_failure_of_another_incarnations_probe_is_ignored() {
    let config = Config::every(Duration::from_secs(1))
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let now = Instant::from_secs(1);
    let mut monitor = Monitor::<8>::with_window(config, now).unwrap();
    let _ = monitor.poll(now);
    let label = |incarnation| Label {
        sent: monitor.clock.seen(),
        count: monitor.count,
        incarnation,
    };
    let (other, own) = (label(monitor.incarnation ^ 1), label(monitor.incarnation));
    let key = monitor.key;
    for (label, failed) in [(other, 0), (own, 1)] {
        monitor.handle_failure(label.seal(key.0), Failure::Refused, now);
        assert_eq!(monitor.counters.failed, failed);
    }
}

/// A first probe that cannot be sent must not be asked for again at the same moment, for ever.
#[test]
fn a_first_probe_that_cannot_be_sent_is_no_busy_loop() {
    let config = Config::every(Duration::from_secs(1))
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let now = Instant::from_secs(1);
    let mut monitor = Monitor::<8>::with_window(config, now).unwrap();
    let sent = core::iter::from_fn(|| match monitor.poll(now) {
        Output::Send(id) => Some(id),
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent.len(), 1);
    monitor.handle_unsent(sent[0], now);
    assert_eq!(monitor.poll(now), monitor.poll(now));
    assert!(monitor.next > now);
}
