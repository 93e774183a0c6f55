//! The output of a watch: a live view on a terminal, lines of text, or JSON for programs.

mod json;
mod lines;
mod paint;
mod watch_event;
mod words;

use std::io::{self, IsTerminal};

use systole::{Instant, monitor};

use crate::args;
use crate::view::{PeerView, View, Wish};

pub(crate) use paint::Paint;
pub(crate) use watch_event::{WatchEvent, Who};
pub(crate) use words::{condition_text, describe, ending, span};

pub(crate) enum Report {
    Lines(lines::Lines),
    Json(json::Json),
    View(Box<View>),
}

impl Report {
    /// Returns the report that `options` ask for. If `width` is not 0, every line begins with the
    /// name of its target, padded to `width`.
    pub(crate) fn new(options: &args::Watch, width: usize) -> io::Result<Self> {
        Ok(if options.json {
            Self::Json(json::Json::new(width > 0))
        } else if options.plain || !io::stdout().is_terminal() {
            Self::Lines(lines::Lines::new(width))
        } else {
            Self::View(Box::new(View::open(width)?))
        })
    }

    /// Writes one line and flushes it.
    pub(crate) fn tell(
        &mut self,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &monitor::Snapshot,
    ) -> io::Result<()> {
        let out = io::stdout;
        match self {
            Self::Lines(lines) => lines.tell(&mut out().lock(), at, who, happening, known),
            Self::Json(json) => json.tell(&mut out().lock(), at, who, happening, known),
            Self::View(view) => {
                view.tell(at, who, happening, known);
                Ok(())
            }
        }
    }

    /// Waits for the next request of the user. Cancel safe.
    pub(crate) async fn wish(&mut self) -> Wish {
        match self {
            Self::View(view) => view.wish().await,
            _ => std::future::pending().await,
        }
    }

    /// Shows the current state of all peers, if there is a live view.
    pub(crate) fn show(&mut self, now: Instant, sights: Vec<PeerView>) {
        if let Self::View(view) = self {
            view.show(now, sights);
        }
    }

    /// Whether the live view occupies the terminal, which then has to be restored.
    pub(crate) const fn has_terminal(&self) -> bool {
        matches!(self, Self::View(_))
    }

    /// Restores the terminal; all further output is lines of text.
    pub(crate) fn leave(&mut self) {
        if let Self::View(view) = self {
            let width = view.width();
            *self = Self::Lines(lines::Lines::new(width));
        }
    }
}
