//! A transition is an event with its reason, in the span of whoever polls.
#![cfg(feature = "tracing")]

use core::fmt::{Debug, Write};
use core::time::Duration;
use std::sync::{Arc, Mutex};

use systole::{
    Config, Failover, Instant, Monitor, Output,
    failover::{self, Endpoint},
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

/// Writes down each event as a line.
#[derive(Clone, Default)]
struct Scribe(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("systole")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Answers at once for ten seconds, then dies.
fn die() {
    let config = Config::every(Duration::from_secs(1))
        .seed(7)
        .build()
        .unwrap();
    let mut now = Instant::ZERO;
    let mut monitor = Monitor::<8>::with_window(config, now).unwrap();
    while now < Instant::from_secs(30) {
        match monitor.poll(now) {
            Output::Send(id) if now < Instant::from_secs(10) => {
                monitor.handle_reply(id, now);
            }
            Output::Wait(until) => now = until,
            _ => {}
        }
    }
}

/// One test: there is one subscriber a process.
#[test]
fn every_transition_is_an_event_with_its_reason() {
    let scribe = Scribe::default();
    subscriber::set_global_default(scribe.clone()).unwrap();
    die();
    let lines = core::mem::take(&mut *scribe.0.lock().unwrap());
    for (line, words) in lines.iter().zip([
        ["INFO", "from=unknown to=alive reason=answered"],
        ["INFO", "from=alive to=suspect reason=overdue"],
        ["WARN", "from=suspect to=dead reason=silent"],
    ]) {
        assert!(words.iter().all(|&word| line.contains(word)), "{line}");
    }
    assert_eq!(lines.len(), 3, "{lines:?}");

    let config = failover::Config::builder().seed(7).build().unwrap();
    let endpoints = [Endpoint::new(); 2];
    let mut group = Failover::<2, 8>::with_window(config, &endpoints, Instant::ZERO).unwrap();
    group.switch_to(1, Instant::ZERO);
    let lines = scribe.0.lock().unwrap();
    assert!(
        lines[0].contains("from=0 to=1 reason=Requested"),
        "{lines:?}"
    );
}
