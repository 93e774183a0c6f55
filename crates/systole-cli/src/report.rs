//! What is told of a watch: to people on a terminal, to people who read lines, to programs.

mod json;
mod lines;
mod paint;
mod watch_event;
mod words;

use std::io::{self, IsTerminal};

use systole::{Instant, MonitorSnapshot};

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
    /// Every line says of which target it tells, by a name as long as `width`; not where that is 0.
    pub(crate) fn new(options: &args::Watch, width: usize) -> io::Result<Self> {
        Ok(if options.json {
            Self::Json(json::Json::new(width > 0))
        } else if options.plain || !io::stdout().is_terminal() {
            Self::Lines(lines::Lines::new(width))
        } else {
            Self::View(Box::new(View::open(width)?))
        })
    }

    /// Writes one line, and sees it off.
    pub(crate) fn tell(
        &mut self,
        at: Instant,
        who: Who<'_>,
        happening: &WatchEvent,
        known: &MonitorSnapshot,
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

    /// What whoever looks at it wants next. Cancel safe.
    pub(crate) async fn wish(&mut self) -> Wish {
        match self {
            Self::View(view) => view.wish().await,
            _ => std::future::pending().await,
        }
    }

    /// Shows what is known now, where there is something to show it on.
    pub(crate) fn show(&mut self, now: Instant, sights: Vec<PeerView>) {
        if let Self::View(view) = self {
            view.show(now, sights);
        }
    }

    /// Whether the terminal is ours, and has to be given back.
    pub(crate) const fn has_terminal(&self) -> bool {
        matches!(self, Self::View(_))
    }

    /// Gives the terminal back; what is told from here on is told in lines.
    pub(crate) fn leave(&mut self) {
        if let Self::View(view) = self {
            let width = view.width();
            *self = Self::Lines(lines::Lines::new(width));
        }
    }
}
