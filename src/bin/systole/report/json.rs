//! One JSON object a line. Every line has the same fields; some events add their own.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use systole::{Counters, Event, Fault, Instant, MonitorSnapshot, Reason};

use super::Happening;

#[derive(Debug)]
pub(crate) struct Json;

#[derive(Debug, Serialize)]
struct Record {
    /// Seconds since the start.
    at_s: f64,
    event: &'static str,
    verdict: String,
    /// Of the answer that this line is about.
    rtt_us: Option<u128>,
    interval_ms: f64,
    timeout_ms: f64,
    bound_ms: f64,
    /// Decades: at 3, one silence in a thousand is as long.
    level: f64,
    #[serde(flatten)]
    more: More,
}

/// What only some events have.
#[derive(Debug, Default, Serialize)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lateness_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(flatten)]
    totals: Option<Totals>,
}

#[derive(Debug, Serialize)]
struct Totals {
    probes: u32,
    answered: u32,
    lost: u32,
    late: u32,
    failed: u32,
    unsent: u32,
    refuted: u32,
    recovered: u32,
    paused: u32,
}

impl Json {
    #[expect(clippy::unused_self, reason = "the other report has a state")]
    pub(crate) fn tell(
        &self,
        out: &mut impl Write,
        at: Instant,
        happening: &Happening,
        known: &MonitorSnapshot,
    ) -> io::Result<()> {
        let plan = known.heart.plan;
        let (event, rtt, more) = describe(happening, known);
        let record = Record {
            at_s: at.saturating_duration_since(Instant::ZERO).as_secs_f64(),
            event,
            verdict: known.heart.verdict.to_string(),
            rtt_us: rtt.map(|rtt| rtt.as_micros()),
            interval_ms: millis(plan.interval()),
            timeout_ms: millis(plan.timeout()),
            bound_ms: millis(plan.bound()),
            level: f64::from(known.heart.level.as_milli()) / 1e3,
            more,
        };
        serde_json::to_writer(&mut *out, &record)?;
        writeln!(out)?;
        out.flush()
    }
}

/// The event's name, the round trip it tells of, and what else it has to say.
fn describe(
    happening: &Happening,
    known: &MonitorSnapshot,
) -> (&'static str, Option<Duration>, More) {
    let nothing = More::default;
    match happening {
        Happening::Start(name) => ("start", None, noted(name)),
        Happening::Answer { rtt, late: false } => ("answer", *rtt, nothing()),
        Happening::Answer { rtt, late: true } => ("late", *rtt, nothing()),
        Happening::Lost => ("lost", None, nothing()),
        Happening::Fault(Fault::Unsent) => ("unsent", None, nothing()),
        Happening::Fault(fault) => ("failed", None, because(fault.to_string())),
        Happening::Event(event) => told(*event),
        Happening::Scene(says) => ("scene", None, noted(says)),
        Happening::Summary => ("summary", None, summed(&known.counters)),
    }
}

fn told(event: Event) -> (&'static str, Option<Duration>, More) {
    match event {
        Event::Transition(change) => {
            let name = match change.reason {
                Reason::Refuted => "refuted",
                Reason::Recovered => "recovered",
                _ => "verdict",
            };
            let mut more = because(change.reason.to_string());
            more.from = Some(change.from.to_string());
            (name, None, more)
        }
        Event::Paused { lateness, .. } => {
            let lateness_ms = Some(millis(lateness));
            (
                "paused",
                None,
                More {
                    lateness_ms,
                    ..More::default()
                },
            )
        }
        other => ("notice", None, noted(&format!("{other:?}"))),
    }
}

fn noted(note: &str) -> More {
    More {
        note: Some(note.into()),
        ..More::default()
    }
}

fn because(reason: String) -> More {
    More {
        reason: Some(reason),
        ..More::default()
    }
}

fn summed(counters: &Counters) -> More {
    let totals = Totals {
        probes: counters.probes,
        answered: counters.answered,
        lost: counters.lost,
        late: counters.late,
        failed: counters.failed,
        unsent: counters.unsent,
        refuted: counters.refuted,
        recovered: counters.recovered,
        paused: counters.pauses,
    };
    More {
        totals: Some(totals),
        ..More::default()
    }
}

/// Whole microseconds, so that no digits are printed that nobody measured.
fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}
