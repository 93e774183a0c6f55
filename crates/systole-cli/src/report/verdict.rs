//! The output of `systole check`: nothing but the verdict, and why it is not alive.

use systole::{Verdict, monitor};

use super::{WatchEvent, describe, span};

#[derive(Debug, Default)]
pub(crate) struct OneVerdict {
    /// The last reason why a probe proved no life.
    why: Option<String>,
}

impl OneVerdict {
    pub(super) fn tell(&mut self, happening: &WatchEvent) {
        if let WatchEvent::Miss(_) = happening {
            self.why = describe(happening);
        }
    }

    /// Returns the verdict in one line.
    pub(super) fn line(&self, name: &str, known: &monitor::Snapshot) -> String {
        let verdict = known.path.verdict;
        match (&self.why, verdict) {
            (_, Verdict::Alive) => {
                format!("{name}: alive, round trip {}", span(known.path.smoothed))
            }
            (Some(why), _) => format!("{name}: {verdict}, {why}"),
            (None, _) => format!("{name}: {verdict}, no reply"),
        }
    }
}
