//! The output of a watch: a live view on a terminal, lines of text, or JSON for programs.

mod json;
mod lines;
#[cfg(unix)]
mod log;
mod outlet;
mod paint;
mod plain_text;
mod verdict;
mod watch_event;
mod words;

use std::io::{self, IsTerminal};
use std::time::Duration;

use systole::{Instant, monitor};

use crate::args;
use crate::view::{PeerView, View, Wish};

pub(crate) use outlet::Outlet;
pub(crate) use paint::Paint;
pub(crate) use plain_text::plain_text;
pub(crate) use watch_event::{WatchEvent, Who};
pub(crate) use words::{condition_text, describe, ending, span};

pub(crate) struct Report {
    style: Style,
    outlet: Outlet,
    /// Whether single probes are left out.
    events_only: bool,
    /// Whether the watch goes on if nobody reads the output.
    outlives_reader: bool,
}

enum Style {
    Lines(lines::Lines),
    Json(json::Json),
    View(Box<View>),
    #[cfg(unix)]
    Log,
    Verdict(verdict::OneVerdict),
}

impl Report {
    /// Returns the report that `options` ask for. If `width` is not 0, every line begins with the
    /// name of its target, padded to `width`.
    pub(crate) fn new(options: &args::Watch, width: usize) -> io::Result<Self> {
        #[cfg(unix)]
        if let Some(to) = options.log {
            return Self::to_log(to);
        }
        let style = if options.json {
            Style::Json(json::Json::new(width > 0))
        } else if options.plain || !io::stdout().is_terminal() {
            Style::Lines(lines::Lines::new(width))
        } else {
            Style::View(Box::new(View::open(width)?))
        };
        Ok(Self {
            style,
            outlet: Outlet::open(io::stdout())?,
            events_only: options.events_only,
            outlives_reader: options.metrics.is_some(),
        })
    }

    /// Returns the report that goes to the log of the system.
    #[cfg(unix)]
    fn to_log(to: args::Log) -> io::Result<Self> {
        Ok(Self {
            style: Style::Log,
            outlet: Outlet::open(log::Sender::open(to)?)?,
            events_only: true,
            outlives_reader: true,
        })
    }

    /// Returns the report of `systole check`.
    pub(crate) fn of_one_verdict() -> io::Result<Self> {
        Ok(Self {
            style: Style::Verdict(verdict::OneVerdict::default()),
            outlet: Outlet::open(io::sink())?,
            events_only: false,
            outlives_reader: true,
        })
    }

    /// Returns the verdict on a peer in one line, for `systole check`.
    pub(crate) fn verdict(&self, name: &str, known: &monitor::Snapshot) -> String {
        match &self.style {
            Style::Verdict(verdict) => verdict.line(name, known),
            _ => String::new(),
        }
    }

    /// Returns whether an event is told at all.
    pub(crate) const fn wants(&self, happening: &WatchEvent) -> bool {
        !(self.events_only && happening.is_of_one_probe())
    }

    /// Queues the line of an event.
    pub(crate) fn tell(
        &mut self,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) {
        match &mut self.style {
            Style::Lines(lines) => {
                self.outlet
                    .push(|out| lines.tell(out, at, who, happening, known));
            }
            Style::Json(json) => {
                self.outlet
                    .push(|out| json.tell(out, at, who, happening, known));
            }
            Style::View(view) => view.tell(at, who, happening, known),
            #[cfg(unix)]
            Style::Log => self.outlet.push(|out| log::tell(out, who.name, happening)),
            Style::Verdict(verdict) => verdict.tell(happening),
        }
    }

    /// Queues the line of what concerns no single target.
    pub(crate) fn notice(&mut self, at: Instant, event: &'static str, text: &str) {
        match &mut self.style {
            Style::Lines(_) => self.outlet.push(|out| lines::notice(out, at, text)),
            Style::Json(_) => self.outlet.push(|out| json::notice(out, at, event, text)),
            Style::View(view) => view.notice(at, text),
            #[cfg(unix)]
            Style::Log => self.outlet.push(|out| log::notice(out, text)),
            Style::Verdict(_) => {}
        }
    }

    /// Passes the queued lines on, and tells how many were dropped before.
    pub(crate) fn flush(&mut self) {
        let Some(dropped) = self.outlet.flush() else {
            return;
        };
        match &self.style {
            Style::Json(_) => self.outlet.push(|out| json::dropped(out, dropped)),
            #[cfg(unix)]
            Style::Log => {
                let text = format!("{dropped} messages were dropped: the log is not read");
                self.outlet.push(|out| log::notice(out, &text));
            }
            _ => self.outlet.push(|out| lines::dropped(out, dropped)),
        }
    }

    /// Returns whether the reader of the output has gone, and nothing else is left to watch for.
    pub(crate) fn is_closed(&self) -> bool {
        !self.outlives_reader && self.outlet.is_closed()
    }

    /// Forgets a peer that is no longer watched.
    pub(crate) fn forget(&mut self, key: usize) {
        match &mut self.style {
            Style::Lines(lines) => lines.forget(key),
            Style::View(view) => view.forget(key),
            _ => {}
        }
    }

    /// Waits for the next request of the user. Cancel safe.
    pub(crate) async fn wish(&mut self) -> Wish {
        match &mut self.style {
            Style::View(view) => view.wish().await,
            _ => std::future::pending().await,
        }
    }

    /// Shows the current state of all peers, if there is a live view.
    pub(crate) fn show(&mut self, now: Instant, sights: Vec<PeerView>) {
        if let Style::View(view) = &mut self.style {
            view.show(now, sights);
        }
    }

    /// Whether the live view occupies the terminal, which then has to be restored.
    pub(crate) const fn has_terminal(&self) -> bool {
        matches!(self.style, Style::View(_))
    }

    /// Restores the terminal; all further output is lines of text.
    pub(crate) fn leave(&mut self) {
        if let Style::View(view) = &self.style {
            let width = view.width();
            self.style = Style::Lines(lines::Lines::new(width));
        }
    }

    /// Waits until the output is written, but no longer than `span`.
    pub(crate) async fn finish(&mut self, span: Duration) {
        let end = tokio::time::Instant::now() + span;
        self.flush();
        self.outlet.finish(end).await;
    }
}
