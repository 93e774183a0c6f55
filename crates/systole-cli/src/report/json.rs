//! Output as one JSON object per line. All lines have the same fields; some events add their own.

use std::time::Duration;

use serde::Serialize;
use systole::{
    Event, EventKind, Instant, ProbeError, Reason,
    failover::{self, Condition},
    monitor,
    path::Health,
    peer::Counters,
};

use super::words::condition_text;
use super::{WatchEvent, Who, describe};
use crate::labels::Labels;
use crate::target::{Answer, Miss};

#[derive(Debug)]
pub(crate) struct Json {
    /// Whether there are several targets, so that every line names its target.
    many: bool,
}

#[derive(Debug, Serialize)]
struct Record<'a> {
    /// Seconds since the start.
    at_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<&'a Labels>,
    event: &'static str,
    verdict: String,
    /// The round-trip time of the reply that the line is about.
    rtt_us: Option<u128>,
    interval_ms: f64,
    timeout_ms: f64,
    bound_ms: f64,
    /// The suspicion level in decades: at 3, one silence in a thousand lasts as long.
    level: f64,
    #[serde(flatten)]
    more: More,
}

/// The fields that only some events have.
#[derive(Debug, Default, Serialize)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lateness_ms: Option<f64>,
    /// The length of a quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    span_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushback: Option<bool>,
    /// How long the peer asks not to be probed, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<f64>,
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
    abandoned: u32,
    refuted: u32,
    recovered: u32,
    paused: u32,
    /// Duplicates, and what is no reply to a probe.
    ignored: u64,
}

impl Json {
    pub(crate) const fn new(many: bool) -> Self {
        Self { many }
    }

    pub(crate) fn tell(
        &self,
        out: &mut Vec<u8>,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) {
        let plan = known.path.plan;
        let (event, rtt, more) = name(who, happening, known);
        let record = Record {
            at_s: at.saturating_duration_since(Instant::ZERO).as_secs_f64(),
            target: self.many.then_some(who.name),
            labels: who.labels,
            event,
            verdict: known.path.verdict.to_string(),
            rtt_us: rtt.map(|rtt| rtt.as_micros()),
            interval_ms: millis(plan.interval()),
            timeout_ms: millis(plan.timeout()),
            bound_ms: millis(plan.bound()),
            level: f64::from(known.path.level.as_milli()) / 1e3,
            more,
        };
        write(out, &record);
    }
}

/// Writes that lines are missing here, since the reader was too slow or the disk full.
pub(super) fn dropped(out: &mut Vec<u8>, lines: u64) {
    let event = "dropped";
    write(out, &Dropped { event, lines });
}

/// Writes what concerns no single target.
pub(super) fn notice(out: &mut Vec<u8>, at: Instant, event: &'static str, note: &str) {
    let at_s = at.saturating_duration_since(Instant::ZERO).as_secs_f64();
    write(out, &Notice { at_s, event, note });
}

#[derive(Debug, Serialize)]
struct Notice<'a> {
    at_s: f64,
    event: &'static str,
    note: &'a str,
}

#[derive(Debug, Serialize)]
struct Dropped {
    event: &'static str,
    lines: u64,
}

fn write(out: &mut Vec<u8>, record: &impl Serialize) {
    let _ = serde_json::to_writer(&mut *out, record); // writing to a vector cannot fail
    out.push(b'\n');
}

/// Returns the name of the event, its round-trip time and its additional fields.
fn name(
    who: Who<'_>,
    happening: &WatchEvent,
    known: &monitor::Snapshot,
) -> (&'static str, Option<Duration>, More) {
    let plain = |event| (event, None, More::default());
    let says = |event| (event, None, noted(&describe(happening).unwrap_or_default()));
    match happening {
        WatchEvent::Start => ("start", None, noted(who.name)),
        WatchEvent::Answer { answer, rtt, late } => answered(*answer, *rtt, *late),
        WatchEvent::Lost => plain("lost"),
        WatchEvent::Miss(miss) if miss.fault() == ProbeError::Unsent => {
            ("unsent", None, missed(miss))
        }
        WatchEvent::Miss(miss) => ("failed", None, missed(miss)),
        WatchEvent::Health(Health::Degraded) => plain("degraded"),
        WatchEvent::Health(Health::Good) => plain("good"),
        WatchEvent::Event { event, why } => told(*event, why.clone()),
        WatchEvent::Condition { from, to, why } => {
            ("condition", None, turned(*from, *to, why.clone()))
        }
        WatchEvent::Group { event, from } => {
            (group_name(*event), None, grouped(happening, *event, from))
        }
        WatchEvent::Certificate { .. } => says("certificate"),
        WatchEvent::Reloaded => says("reloaded"),
        WatchEvent::Refused(_) => says("refused"),
        WatchEvent::Hook(said) => ("hook", None, noted(said)),
        WatchEvent::Scene(_) => says("scene"),
        WatchEvent::Summary { ignored } => ("summary", None, summed(&known.counters, *ignored)),
    }
}

fn answered(
    answer: Answer,
    rtt: Option<Duration>,
    late: bool,
) -> (&'static str, Option<Duration>, More) {
    let more = match answer {
        Answer::Fine => More::default(),
        Answer::Pushback { wait } => More {
            pushback: Some(true),
            wait_ms: (!wait.is_zero()).then_some(millis(wait)),
            ..More::default()
        },
    };
    (if late { "late" } else { "answer" }, rtt, more)
}

fn missed(miss: &Miss) -> More {
    More {
        note: miss.note().map(Into::into),
        ..because(miss.fault().to_string())
    }
}

fn turned(from: Condition, to: Condition, note: Option<String>) -> More {
    More {
        note,
        from: Some(condition_text(from).into()),
        to: Some(condition_text(to).into()),
        ..More::default()
    }
}

const fn group_name(event: Event<failover::EventKind>) -> &'static str {
    match event.kind {
        failover::EventKind::Switched { .. } => "switched",
        failover::EventKind::Quarantined { .. } => "quarantined",
        failover::EventKind::Released { .. } => "released",
        failover::EventKind::Down { .. } => "down",
        failover::EventKind::Restored => "restored",
        _ => "group",
    }
}

fn grouped(happening: &WatchEvent, event: Event<failover::EventKind>, from: &str) -> More {
    let span_ms = match event.kind {
        failover::EventKind::Quarantined { span, .. } => Some(millis(span)),
        _ => None,
    };
    More {
        from: (!from.is_empty()).then(|| from.into()),
        span_ms,
        ..noted(&describe(happening).unwrap_or_default())
    }
}

fn told(event: Event, why: Option<String>) -> (&'static str, Option<Duration>, More) {
    match event.kind {
        EventKind::Transition(change) => {
            let name = match change.reason {
                Reason::Refuted => "refuted",
                Reason::Recovered => "recovered",
                _ => "verdict",
            };
            let more = More {
                from: Some(change.from.to_string()),
                note: why,
                ..because(reason(change.reason))
            };
            (name, None, more)
        }
        EventKind::Paused { lateness, .. } => {
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
        EventKind::Blind { .. } => {
            let reason = Some(CANNOT_SEND.into());
            let note = why;
            (
                "blind",
                None,
                More {
                    reason,
                    note,
                    ..More::default()
                },
            )
        }
        other => ("notice", None, noted(&other.to_string())),
    }
}

const CANNOT_SEND: &str = "cannot send";

fn reason(reason: Reason) -> String {
    match reason {
        Reason::Blind => CANNOT_SEND.into(),
        other => other.to_string(),
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

fn summed(counters: &Counters, datagrams: u64) -> More {
    let totals = Totals {
        probes: counters.probes,
        answered: counters.answered,
        lost: counters.lost,
        late: counters.late,
        failed: counters.failed,
        unsent: counters.unsent,
        abandoned: counters.abandoned,
        refuted: counters.refuted,
        recovered: counters.recovered,
        paused: counters.pauses,
        ignored: datagrams.saturating_add(counters.ignored.into()),
    };
    More {
        totals: Some(totals),
        ..More::default()
    }
}

/// Returns milliseconds, rounded to whole microseconds, the resolution of the measurement.
fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}
