//! Law 6: the level is above zero while a peer is dead, whatever arrives.

use core::time::Duration;

use systole::{
    Config, Event, EventKind, Failure, Instant, Monitor, Output, ProbeId, Reason, Verdict,
};

struct Run {
    monitor: Monitor,
    now: Instant,
}

impl Run {
    /// The next probe. Every event before it that calls the peer dead has evidence.
    fn next(&mut self) -> ProbeId {
        loop {
            match self.monitor.poll(self.now) {
                Output::Send(id) => return id,
                Output::Event(Event {
                    kind: EventKind::Transition(it),
                    ..
                }) => assert!(it.to != Verdict::Dead || it.level.as_milli() > 0, "{it:?}"),
                Output::Wait(until) => self.now = until,
                output => panic!("{output:?}"),
            }
        }
    }

    fn refuse_next(&mut self) {
        let id = self.next();
        self.monitor.handle_failure(id, Failure::Refused, self.now);
    }
}

#[test]
fn an_answer_that_brings_nobody_back_leaves_a_dead_peer_suspected() {
    let config = Config::every(Duration::from_secs(1))
        .dead_after_refusals(2)
        .rise(3)
        .seed(7)
        .without_initial_delay();
    let mut run = Run {
        monitor: Monitor::new(config.build().unwrap(), Instant::ZERO).unwrap(),
        now: Instant::ZERO,
    };
    let id = run.next();
    run.monitor.handle_reply(id, Instant::from_millis(10));
    run.next(); // unanswered so far
    run.refuse_next();
    run.refuse_next();
    assert_eq!(run.monitor.verdict(), Verdict::Dead);
    run.monitor.handle_reply_any(run.now);
    let snapshot = run.monitor.snapshot(run.now);
    assert_eq!(snapshot.path.verdict, Verdict::Dead);
    assert!(snapshot.path.level.as_milli() > 0, "{snapshot:?}");
}

/// The only evidence is the failure that is told.
#[test]
fn a_peer_that_refuses_is_dead_on_some_evidence() {
    let config = Config::every(Duration::from_secs(1))
        .dead_after_refusals(2)
        .seed(7)
        .without_initial_delay();
    let mut run = Run {
        monitor: Monitor::new(config.build().unwrap(), Instant::ZERO).unwrap(),
        now: Instant::ZERO,
    };
    let first = run.next();
    run.monitor.probe_now(run.now);
    let second = run.next();
    for id in [first, second] {
        run.monitor.handle_failure(id, Failure::Refused, run.now);
    }
    assert_eq!(run.monitor.verdict(), Verdict::Dead);
    let told = run.monitor.poll(run.now);
    let Output::Event(Event {
        kind: EventKind::Transition(it),
        ..
    }) = told
    else {
        panic!("{told:?}")
    };
    assert_eq!(it.reason, Reason::Failed(Failure::Refused));
    assert!(it.level.as_milli() > 0, "{it:?}");
}
