//! The output of a listener: a live table on a terminal, lines of text, or JSON for programs.

mod json;
mod lines;

use std::io::{self, IsTerminal};
use std::time::Duration;

use systole::Instant;
use systole::fleet::ListenerFleet;
use systole::task::udp_listener::Counters;

use super::about::About;
use super::news::News;
use super::roster::Roster;
use super::view::View;
use crate::args;
use crate::report::Outlet;
use crate::view::Wish;

pub(super) struct Report {
    style: Style,
    outlet: Outlet,
    /// Whether the listener goes on if nobody reads the output.
    outlives_reader: bool,
}

enum Style {
    Lines(lines::Lines),
    Json,
    View(Box<View>),
}

impl Report {
    pub(super) fn new(options: &args::Listen) -> io::Result<Self> {
        let style = if options.json {
            Style::Json
        } else if options.plain || !io::stdout().is_terminal() {
            Style::Lines(lines::Lines::new())
        } else {
            Style::View(Box::new(View::open()?))
        };
        Ok(Self {
            style,
            outlet: Outlet::open(io::stdout())?,
            outlives_reader: options.metrics.is_some(),
        })
    }

    pub(super) fn tell(&mut self, news: &News, about: &About) {
        match &mut self.style {
            Style::Lines(lines) => self.outlet.push(|out| lines.tell(out, news, about)),
            Style::Json => self.outlet.push(|out| json::tell(out, news, about)),
            Style::View(view) => view.tell(news, about),
        }
    }

    /// Tells how many senders have which verdict at the end, and what became of the datagrams.
    pub(super) fn sum(&mut self, fleet: &ListenerFleet, counters: Counters, now: Instant) {
        match &self.style {
            Style::Json => self.outlet.push(|out| json::sum(out, fleet, counters, now)),
            _ => self
                .outlet
                .push(|out| lines::sum(out, fleet, counters, now)),
        }
    }

    /// Passes the queued lines on, and tells how many were dropped before.
    pub(super) fn flush(&mut self) {
        let Some(dropped) = self.outlet.flush() else {
            return;
        };
        match &self.style {
            Style::Json => self.outlet.push(|out| json::dropped(out, dropped)),
            _ => self.outlet.push(|out| lines::dropped(out, dropped)),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        !self.outlives_reader && self.outlet.is_closed()
    }

    /// Waits for the next request of the user. Cancel safe.
    pub(super) async fn wish(&mut self) -> Wish {
        match &mut self.style {
            Style::View(view) => view.wish().await,
            _ => std::future::pending().await,
        }
    }

    /// Shows the senders, if there is a live table.
    pub(super) fn show(&mut self, fleet: &ListenerFleet, roster: &Roster, now: Instant) {
        if let Style::View(view) = &mut self.style {
            view.show(fleet, roster, now);
        }
    }

    pub(super) const fn has_terminal(&self) -> bool {
        matches!(self.style, Style::View(_))
    }

    /// Restores the terminal; all further output is lines of text.
    pub(super) fn leave(&mut self) {
        if self.has_terminal() {
            self.style = Style::Lines(lines::Lines::new());
        }
    }

    /// Waits until the output is written, but no longer than `span`.
    pub(super) async fn finish(&mut self, span: Duration) {
        let end = tokio::time::Instant::now() + span;
        self.flush();
        self.outlet.finish(end).await;
    }
}
