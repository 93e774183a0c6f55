//! Output as one JSON object per line.

use std::time::UNIX_EPOCH;

use serde::Serialize;
use systole::Instant;
use systole::fleet::ListenerFleet;
use systole::task::udp_listener::Counters;

use super::About;
use crate::listen::news::{News, Tale};
use crate::push::wall_clock;

#[derive(Debug, Serialize)]
struct Record<'a> {
    /// Seconds since the start.
    at_s: f64,
    /// The time at which it is told.
    time: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_status: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    note: String,
}

pub(super) fn tell(out: &mut Vec<u8>, news: &News, about: &About) {
    let is_of_sender = news.sender.is_some();
    let (from, reason) = match &news.tale {
        Tale::Verdict { from, reason, .. } => (Some(from.to_string()), Some(reason.to_string())),
        _ => (None, None),
    };
    let address = match news.tale {
        Tale::Start(address, _) => Some(address),
        _ => about.address,
    };
    let record = Record {
        at_s: seconds(news.at),
        time: humantime::format_rfc3339_millis(UNIX_EPOCH + wall_clock()).to_string(),
        event: news.tale.name(),
        sender: is_of_sender.then_some(&*about.name),
        label: about.label.as_deref(),
        verdict: is_of_sender.then(|| about.verdict.to_string()),
        from,
        reason,
        exit_status: about.exit_status,
        address: address.map(|address| address.to_string()),
        note: news.tale.text(about.exit_status),
    };
    write(out, &record);
}

#[derive(Debug, Serialize)]
struct Sum {
    at_s: f64,
    event: &'static str,
    alive: usize,
    suspect: usize,
    dead: usize,
    left: usize,
    unknown: usize,
    heartbeats: u64,
    lost: u64,
    datagrams: u64,
    forged: u64,
    malformed: u64,
    limited: u64,
    dropped: u64,
}

pub(super) fn sum(out: &mut Vec<u8>, fleet: &ListenerFleet, counters: Counters, now: Instant) {
    let (census, beats) = (fleet.census(), fleet.counters());
    let sum = Sum {
        at_s: seconds(now),
        event: "summary",
        alive: census.alive,
        suspect: census.suspect,
        dead: census.dead,
        left: census.left,
        unknown: census.unknown,
        heartbeats: beats.beats,
        lost: beats.lost,
        datagrams: counters.datagrams,
        forged: counters.forged,
        malformed: counters.malformed,
        limited: counters.limited,
        dropped: counters.dropped,
    };
    write(out, &sum);
}

/// Writes that lines are missing here, since the reader was too slow or the disk full.
pub(super) fn dropped(out: &mut Vec<u8>, lines: u64) {
    #[derive(Serialize)]
    struct Dropped {
        event: &'static str,
        lines: u64,
    }
    let event = "dropped";
    write(out, &Dropped { event, lines });
}

fn write(out: &mut Vec<u8>, record: &impl Serialize) {
    let _ = serde_json::to_writer(&mut *out, record); // writing to a vector cannot fail
    out.push(b'\n');
}

const fn seconds(at: Instant) -> f64 {
    at.saturating_duration_since(Instant::ZERO).as_secs_f64()
}
