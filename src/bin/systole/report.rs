//! What is told of a watch, to people or to programs.

mod json;
mod lines;

use std::io;
use std::time::Duration;

use systole::{Event, Fault, Instant, MonitorSnapshot};

#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// The watch begins; of what.
    Start(String),
    /// A probe was answered.
    Answer { rtt: Option<Duration>, late: bool },
    /// A probe is overdue.
    Lost,
    /// A probe failed at once, or could not be sent.
    Fault(Fault),
    /// The monitor has something to say.
    Event(Event),
    /// The peer that is played changes.
    Scene(&'static str),
    /// The watch is over.
    Summary,
}

#[derive(Debug)]
pub(crate) enum Report {
    Lines(lines::Lines),
    Json(json::Json),
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        if json {
            Self::Json(json::Json)
        } else {
            Self::Lines(lines::Lines::new())
        }
    }

    /// Writes one line, and sees it off.
    pub(crate) fn tell(
        &mut self,
        at: Instant,
        happening: &Happening,
        known: &MonitorSnapshot,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Lines(lines) => lines.tell(&mut out, at, happening, known),
            Self::Json(json) => json.tell(&mut out, at, happening, known),
        }
    }
}
