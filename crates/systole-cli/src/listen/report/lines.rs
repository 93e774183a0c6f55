//! Output as lines of text: when, who, and what happened.

use std::io::{self, IsTerminal, Write};

use systole::fleet::{Census, ListenerFleet};
use systole::task::udp_listener::Counters;
use systole::{Instant, Verdict};

use super::About;
use crate::listen::news::{News, Tale};
use crate::report::{Paint, span};

/// The least width of the names.
const NAME: usize = 16;

#[derive(Debug)]
pub(super) struct Lines {
    colour: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            colour: wanted && io::stdout().is_terminal(),
        }
    }

    pub(super) fn tell(&self, out: &mut Vec<u8>, news: &News, about: &About) {
        let text = news.tale.text(about.exit_status);
        let paint = match news.tale {
            Tale::Verdict {
                to: Verdict::Left, ..
            } if about.exit_status.unwrap_or(0) > 0 => Paint::Red,
            Tale::Verdict { to, .. } => Paint::of(to),
            Tale::Overdue(_) => Paint::Red,
            Tale::Start(..) => Paint::Bold,
            _ => Paint::Yellow,
        };
        let name = &about.name;
        let (on, off) = if self.colour {
            (paint.code(), "\x1b[0m")
        } else {
            ("", "")
        };
        let _ = match news.sender {
            Some(_) => writeln!(
                out,
                "{}  {name:<NAME$}  {on}● {text}{off}",
                seconds(news.at)
            ),
            None => writeln!(out, "{}  {on}{text}{off}", seconds(news.at)),
        }; // writing to a vector cannot fail
    }
}

pub(super) fn sum(out: &mut Vec<u8>, fleet: &ListenerFleet, counters: Counters, now: Instant) {
    let Census {
        unknown,
        alive,
        suspect,
        dead,
        left,
        ..
    } = fleet.census();
    let whole = span(now.saturating_duration_since(Instant::ZERO));
    let beats = fleet.counters();
    let text = format!(
        "after {whole}: {alive} alive, {suspect} suspect, {dead} dead, {left} left, {unknown} never came\n\
        {} heartbeats, {} lost, {} refused; {} datagrams: {} forged, {} malformed, {} over a limit, {} dropped\n",
        beats.beats,
        beats.lost,
        beats.ignored + beats.repeated + beats.unknown,
        counters.datagrams,
        counters.forged,
        counters.malformed,
        counters.limited,
        counters.dropped,
    );
    out.extend_from_slice(text.as_bytes());
}

/// Writes that lines are missing here, since the reader was too slow or the disk full.
pub(super) fn dropped(out: &mut Vec<u8>, lines: u64) {
    let text = format!("({lines} lines were dropped: the output is not read)\n");
    out.extend_from_slice(text.as_bytes());
}

fn seconds(at: Instant) -> String {
    let at = at.saturating_duration_since(Instant::ZERO);
    format!("{:>8}.{:03}", at.as_secs(), at.subsec_millis())
}
