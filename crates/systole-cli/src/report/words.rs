//! Descriptions of events, for lines of text and for the live view.

use std::time::Duration;

use systole::{
    Event, EventKind, ProbeError, Reason,
    failover::{self, Condition, Outage, SwitchReason},
    path::Health,
};

use super::WatchEvent;
use crate::target::Answer;

/// Returns the description of an event, or `None` for a reply in time and for the start and the
/// summary.
pub(crate) fn describe(happening: &WatchEvent) -> Option<String> {
    Some(match happening {
        WatchEvent::Answer {
            answer: Answer::Pushback { wait },
            ..
        } => format!("{}: the interval grows", pushback_text(*wait)),
        WatchEvent::Answer {
            rtt, late: true, ..
        } => match rtt {
            Some(rtt) => format!("answered late, after {}", span(*rtt)),
            None => "answered late".into(),
        },
        WatchEvent::Answer { .. } | WatchEvent::Start | WatchEvent::Summary { .. } => return None,
        WatchEvent::Lost => "a probe is overdue".into(),
        WatchEvent::Miss(miss) => match miss.note() {
            Some(note) if miss.fault() == ProbeError::Unsent => format!("cannot send: {note}"),
            Some(note) => note.into(),
            None if miss.fault() == ProbeError::Unsent => "cannot send".into(),
            None => miss.fault().to_string(),
        },
        WatchEvent::Health(Health::Degraded) => {
            "the path is worse than usual: an outage is more likely".into()
        }
        WatchEvent::Health(Health::Good) => "the path is as usual again".into(),
        WatchEvent::Event { event, why } => explained(event_text(*event), why.as_deref()),
        WatchEvent::Condition { from, to, why } => {
            let text = format!("{} → {}", condition_text(*from), condition_text(*to));
            explained(text, why.as_deref())
        }
        WatchEvent::Group { event, from } => group_text(*event, from),
        WatchEvent::Certificate { days: 0 } => "its certificate expires within a day".into(),
        WatchEvent::Certificate { days } => format!("its certificate expires in {days} days"),
        WatchEvent::Reloaded => {
            "settings read again: connection, statistics and verdict stay".into()
        }
        WatchEvent::Refused(why) => format!("the connection stays as it was: {why}"),
        WatchEvent::Hook(said) => format!("on_change: {said}"),
        WatchEvent::Scene(says) => (*says).into(),
    })
}

fn explained(text: String, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("{text} ({why})"),
        None => text,
    }
}

fn event_text(event: Event) -> String {
    match event.kind {
        EventKind::Transition(change) => {
            format!(
                "{} → {}: {}",
                change.from,
                change.to,
                reason_text(change.reason)
            )
        }
        EventKind::Paused { lateness, .. } => {
            format!(
                "this process was {} late; the time is credited to the peer",
                span(lateness)
            )
        }
        EventKind::BoundRelaxed { from, to, .. } => {
            format!(
                "the bound cannot be kept: {} instead of {}",
                span(to),
                span(from)
            )
        }
        EventKind::Blind { .. } => "cannot send: no probe for a whole bound".into(),
        other => other.to_string(),
    }
}

pub(super) fn pushback_text(wait: Duration) -> String {
    if wait.is_zero() {
        "asks for fewer probes".into()
    } else {
        format!("asks not to be probed for {}", span(wait))
    }
}

const fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Answered => "it answers",
        Reason::Overdue => "an answer is overdue, retries are out",
        Reason::Failed(_) => "a probe failed at once, retries are out",
        Reason::BoundElapsed => "silent for the whole bound",
        Reason::NeverHeard => "the bound passed and it was never heard",
        Reason::Refuted => "refuted, it was alive all the time",
        Reason::Recovered => "recovered, it came back",
        Reason::Undecided => "it is heard again",
        Reason::Blind => "cannot send",
        _ => "it is a new incarnation",
    }
}

pub(crate) const fn condition_text(condition: Condition) -> &'static str {
    match condition {
        Condition::Unknown => "unknown",
        Condition::Healthy => "healthy",
        Condition::Suspected => "suspected",
        Condition::Dead => "dead",
        Condition::Quarantined(_) => "quarantined",
        Condition::Disabled => "disabled",
        _ => "otherwise",
    }
}

fn group_text(event: Event<failover::EventKind>, from: &str) -> String {
    match event.kind {
        failover::EventKind::Switched { reason, .. } => {
            format!("in use now: {}", switch_text(reason, from))
        }
        failover::EventKind::Quarantined { span: length, .. } => {
            format!("quarantined for {}", span(length))
        }
        failover::EventKind::Released { .. } => "its quarantine is over".into(),
        failover::EventKind::Down {
            outage: Outage::Isolated,
            ..
        } => "half of the targets or more do not reply: taken for a local fault".into(),
        failover::EventKind::Down { .. } => "all targets are dead".into(),
        failover::EventKind::Restored => "the outage is over".into(),
        other => other.to_string(),
    }
}

fn switch_text(reason: SwitchReason, from: &str) -> String {
    match reason {
        SwitchReason::Dead => format!("{from} is dead"),
        SwitchReason::Slow => format!("{from} is too slow"),
        SwitchReason::Suspected => format!("{from} is suspected"),
        SwitchReason::Degraded => format!("the path to {from} is worse than usual"),
        SwitchReason::Preferred => format!("better than {from}"),
        SwitchReason::Disabled => format!("{from} is disabled"),
        _ => format!("on request, instead of {from}"),
    }
}

/// Returns the last `width` columns of `name`: targets differ mostly in the end of their names.
pub(crate) fn ending(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.into();
    }
    let kept = name.chars().skip(length - width.saturating_sub(1));
    core::iter::once('…').chain(kept).collect()
}

/// Returns a span with about three digits and its unit.
pub(crate) fn span(span: Duration) -> String {
    let us = span.as_micros();
    let (whole, unit) = match us {
        0..1_000 => return format!("{us} us"),
        1_000..1_000_000 => (1e3, "ms"),
        _ => (1e6, "s"),
    };
    let value = span.as_secs_f64() * 1e6 / whole;
    let digits = match value {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_keeps_its_end() {
        assert_eq!(ending("tcp://a:80", 10), "tcp://a:80");
        assert_eq!(ending("tcp://a:80", 6), "…/a:80");
        assert_eq!(ending("tcp://a:80", 0), "…");
    }

    #[test]
    fn spans_have_three_digits() {
        let written = [7, 999, 1_000, 20_340, 250_000, 1_500_000, 90_000_000]
            .map(|us| span(Duration::from_micros(us)));
        assert_eq!(
            written,
            [
                "7 us", "999 us", "1.00 ms", "20.3 ms", "250 ms", "1.50 s", "90.0 s"
            ]
        );
    }
}
