//! The file of `--state`: what is known of every sender, as versioned JSON.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use systole::{Beat, Verdict};

use crate::config_file::read_text;
use crate::push::{boot_id, wall_clock};
use crate::trouble::Trouble;

const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    /// When it was saved, in seconds since 1970.
    at_s: f64,
    /// The start of the machine in which it was saved.
    #[serde(default)]
    boot_id: Option<String>,
    pub(super) senders: Vec<SavedSender>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedSender {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) verdict: Verdict,
    /// The verdict that was told last.
    pub(super) told: Verdict,
    /// How long it had been silent when it was saved, in seconds.
    pub(super) silent_s: f64,
    #[serde(default)]
    pub(super) exit_status: Option<u8>,
    #[serde(default)]
    pub(super) overdue: bool,
    /// The newest heartbeat; `None` where there was none.
    #[serde(default)]
    pub(super) beat: Option<SavedBeat>,
}

/// The newest heartbeat of a sender. No heartbeat counts after a restart that is not newer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedBeat {
    incarnation: u32,
    /// The newest number that may have been heard before the next save: so many slots `ahead` of
    /// the one that was.
    sequence: u32,
    ahead: u32,
    interval_us: u64,
    deadline_us: u64,
}

impl SavedBeat {
    pub(super) fn new(beat: &Beat, ahead: u32) -> Self {
        let us = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self {
            incarnation: beat.incarnation(),
            sequence: beat.sequence().wrapping_add(ahead),
            ahead,
            interval_us: us(beat.interval()),
            deadline_us: us(beat.deadline()),
        }
    }

    /// Returns the heartbeat from which the sender is restored. Its deadline is later by the slots
    /// in which no heartbeat counts.
    pub(super) fn restored(&self, id: u64) -> Beat {
        let lost_us = self.interval_us.saturating_mul(self.ahead.into());
        let deadline_us = self.deadline_us.saturating_add(lost_us);
        Beat::new(self.sequence, Duration::from_micros(self.interval_us))
            .with_deadline(Duration::from_micros(deadline_us))
            .with_incarnation(self.incarnation)
            .with_id(id)
    }
}

impl Saved {
    pub(super) fn new(senders: Vec<SavedSender>) -> Self {
        Self {
            version: VERSION,
            at_s: wall_clock().as_secs_f64(),
            boot_id: boot_id(),
            senders,
        }
    }

    /// Returns how long ago it was saved; 0 where the clock says that it was in the future.
    pub(super) fn age(&self) -> Duration {
        let age_s = wall_clock().as_secs_f64() - self.at_s;
        Duration::try_from_secs_f64(age_s.max(0.0)).unwrap_or_default()
    }

    /// Returns whether the machine has not been started again since.
    pub(super) fn is_of_this_boot(&self) -> bool {
        self.boot_id.is_some() && self.boot_id == boot_id()
    }
}

/// Reads the file, if there is one.
///
/// # Errors
/// A file that is damaged or written by a later version. It stays as it is.
pub(super) fn read(path: &Path) -> Result<Option<Saved>, Trouble> {
    let refuse = |what: String| {
        let error = io::Error::new(io::ErrorKind::InvalidData, what);
        Err(Trouble::Read(path.into(), error))
    };
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Trouble::Read(path.into(), error)),
    };
    match parse(&text) {
        Ok(saved) => Ok(Some(saved)),
        Err(what) => refuse(format!(
            "{what}; it stays as it is: move it away to begin anew"
        )),
    }
}

fn parse(text: &str) -> Result<Saved, String> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let damaged = |error: serde_json::Error| format!("this state is damaged: {error}");
    let head: Head = serde_json::from_str(text).map_err(damaged)?;
    if head.version != VERSION {
        let known = format!("this one knows version {VERSION}");
        return Err(format!(
            "this state is of version {}, and {known}",
            head.version
        ));
    }
    serde_json::from_str(text).map_err(damaged)
}

#[cfg(test)]
mod tests;
