use core::time::Duration;

use super::*;
use crate::config::Config;
use crate::peer::probe::ProbeId;

/// At 10 s, when its second probe goes out; the first one was answered.
fn monitor() -> (Monitor<8>, Instant) {
    let config = Config::every(Duration::from_secs(10))
        .jitter_percent(0)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let now = Instant::from_secs(10);
    let mut monitor = Monitor::with_window(config, Instant::ZERO).unwrap();
    let first = drained(&mut monitor, Instant::ZERO, None).0.unwrap();
    monitor.handle_reply(first, Instant::from_millis(20));
    assert!(drained(&mut monitor, now, None).0.is_some());
    (monitor, now)
}

fn drained(
    monitor: &mut Monitor<8>,
    now: Instant,
    lost_at: Option<Instant>,
) -> (Option<ProbeId>, Instant) {
    let (budget, mut probe) = (RetryBudget::new(0, 0), None);
    loop {
        let output = match lost_at {
            #[cfg(feature = "alloc")]
            Some(lost_at) => monitor.poll_after_overflow(now, lost_at, &budget),
            _ => monitor.poll_with_budget(now, &budget),
        };
        match output {
            Output::Send(id) => probe = Some(id),
            Output::Event(_) => {}
            Output::Wait(until) => return (probe, until),
            Output::Idle => return (probe, Instant::MAX),
        }
    }
}

#[test]
fn a_refused_retry_stays_where_it_is_whoever_calls_for_it() {
    let (mut monitor, mut now) = monitor();
    let dead_at = monitor.falls_at().unwrap();
    let until = |monitor: &mut Monitor<8>, now| drained(monitor, now, None).1;
    now = until(&mut monitor, now); // overdue, and refused
    while monitor.peer.in_doubt() || now < dead_at {
        let wait = until(&mut monitor, now);
        if monitor.peer.in_doubt() {
            assert!(!monitor.hurry(now), "at {now:?}");
        }
        assert_eq!(until(&mut monitor, now), wait);
        now = wait;
    }
    assert_eq!((monitor.counters.dead, now >= dead_at), (1, true));
    assert_eq!(monitor.counters.lateness_us, 0);
}

/// It is out of turn, so the budget has a say in it, at once and later.
#[cfg(feature = "alloc")]
#[test]
fn after_an_overflow_a_budget_of_nothing_leaves_the_steady_probes() {
    let (mut monitor, mut now) = monitor();
    let lost_at = now.plus(1);
    let next = now.plus(10_000_000);
    loop {
        let (probe, until) = drained(&mut monitor, now, Some(lost_at));
        assert_eq!(probe.is_some(), now >= next, "at {now:?}");
        if now >= next {
            return;
        }
        now = until;
    }
}
