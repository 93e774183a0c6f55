//! The latest events.

use std::collections::VecDeque;

use systole::{Event, EventKind, Instant, monitor};

use ratatui::text::{Line, Span};

use crate::report::{Paint, WatchEvent, describe, ending};

/// The number of events that are kept: as many as the highest terminal shows.
const ENTRIES: usize = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    at: Instant,
    name: String,
    text: String,
    paint: Paint,
    /// How often the event occurred in a row.
    times: u32,
}

impl Log {
    pub(super) fn note(
        &mut self,
        at: Instant,
        name: Option<&str>,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) {
        if let Some(text) = describe(happening) {
            self.add(at, name.unwrap_or_default(), text, paint(happening, known));
        }
    }

    /// Adds what concerns no single target.
    pub(super) fn notice(&mut self, at: Instant, text: &str) {
        self.add(at, "", text.into(), Paint::Bold);
    }

    fn add(&mut self, at: Instant, name: &str, text: String, paint: Paint) {
        let times = self
            .forget_repeated(name, &text)
            .map_or(1, |times| times + 1);
        self.entries.push_back(Entry {
            at,
            name: name.into(),
            text,
            paint,
            times,
        });
        if self.entries.len() > ENTRIES {
            self.entries.pop_front();
        }
    }

    /// Removes the latest event of `name` if it has the same text; returns how often it occurred.
    fn forget_repeated(&mut self, name: &str, text: &str) -> Option<u32> {
        let last = self.entries.iter().rposition(|entry| entry.name == name)?;
        let same = self.entries.get(last)?.text == text;
        let entry = if same {
            self.entries.remove(last)
        } else {
            None
        };
        entry.map(|entry| entry.times)
    }

    /// Returns the latest events, the newest at the end. Names take at most a third of the width.
    pub(super) fn lines(&self, height: usize, width: usize) -> Vec<Line<'_>> {
        let skipped = self.entries.len().saturating_sub(height);
        let last = || self.entries.iter().skip(skipped);
        let names = last().map(|entry| entry.name.chars().count());
        let names = names.max().unwrap_or_default().min(width / 3);
        last().map(|entry| entry.line(names)).collect()
    }
}

impl Entry {
    fn line(&self, names: usize) -> Line<'_> {
        let at = self.at.saturating_duration_since(Instant::ZERO);
        let dim = |text: String| Span::styled(text, Paint::Dim.style());
        let mut line = vec![dim(format!("{:>7.1} s  ", at.as_secs_f64()))];
        if names > 0 {
            line.push(dim(format!("{:<names$}  ", ending(&self.name, names))));
        }
        line.push(Span::styled(&*self.text, self.paint.style()));
        if self.times > 1 {
            line.push(dim(format!(" ({} times)", self.times)));
        }
        Line::from(line)
    }
}

const fn paint(happening: &WatchEvent, known: &monitor::Snapshot) -> Paint {
    match happening {
        WatchEvent::Event {
            event:
                Event {
                    kind: EventKind::Transition(change),
                    ..
                },
            ..
        } => Paint::of(change.to),
        WatchEvent::Group { .. } => Paint::Bold,
        WatchEvent::Scene(_) => Paint::Dim,
        WatchEvent::Lost | WatchEvent::Miss(_) => Paint::of(known.path.verdict),
        _ => Paint::Plain,
    }
}
