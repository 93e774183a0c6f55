//! Keeps the state file, beside everything else: a disk that is slow delays no heartbeat.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use systole::Instant;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant as Moment, timeout_at};

use super::saved::Saved;
use crate::push::replace_file;

/// How long what is to be told waits until it is saved.
const SAVE_MAX: Duration = Duration::from_secs(1);
/// The shortest and the longest time between two saves while senders are heard.
const EVERY_MIN: Duration = Duration::from_millis(500);
const EVERY_MAX: Duration = Duration::from_secs(10);

pub(super) struct Keeper {
    path: Option<PathBuf>,
    saving: Option<JoinHandle<io::Result<()>>>,
    /// Until when the present save is waited for.
    wait_until: Option<Moment>,
    pub(super) next_at: Instant,
    has_failed: bool,
}

impl Keeper {
    pub(super) const fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            saving: None,
            wait_until: None,
            next_at: Instant::ZERO,
            has_failed: false,
        }
    }

    /// Returns whether what is to be told has to wait. It does not wait for a disk that hangs.
    pub(super) const fn is_waited_for(&self) -> bool {
        self.wait_until.is_some()
    }

    /// Returns whether another save may begin.
    pub(super) const fn is_free(&self) -> bool {
        self.path.is_some() && self.saving.is_none()
    }

    /// Returns how often to save where the quickest sender has this interval.
    pub(super) fn every(interval: Duration) -> Duration {
        interval.clamp(EVERY_MIN, EVERY_MAX)
    }

    /// Begins to save. The last save has ended.
    pub(super) fn save(&mut self, saved: Saved) {
        let Some(path) = self.path.clone() else {
            return;
        };
        self.wait_until = Some(Moment::now() + SAVE_MAX);
        self.saving = Some(spawn_blocking(move || {
            replace_file(&path, &serde_json::to_vec(&saved)?)
        }));
    }

    /// Waits until what was to be saved is on the disk, or has not been for a second. Returns what
    /// there is to say. Cancel safe.
    pub(super) async fn done(&mut self) -> Option<String> {
        let Some(saving) = &mut self.saving else {
            return std::future::pending().await;
        };
        let ended = match self.wait_until {
            Some(end) => timeout_at(end, &mut *saving).await.ok(),
            None => Some((&mut *saving).await),
        };
        self.wait_until = None;
        let result = match ended {
            Some(result) => {
                self.saving = None;
                result.map_err(io::Error::other).and_then(|saved| saved)
            }
            None => Err(io::ErrorKind::TimedOut.into()),
        };
        self.change(result)
    }

    /// Waits for the save that runs, for at most as long as ever.
    pub(super) async fn finish(&mut self) -> Option<String> {
        if self.is_waited_for() {
            self.done().await
        } else {
            None
        }
    }

    /// Saves before the end, unless the disk hangs.
    pub(super) fn save_last(&mut self, saved: &Saved) -> Option<String> {
        let path = self.path.clone().filter(|_| self.saving.is_none())?;
        let text = serde_json::to_vec(saved).map_err(io::Error::from);
        let result = text.and_then(|text| replace_file(&path, &text));
        self.change(result)
    }

    /// Returns what there is to say: that saving begins to fail, or works again.
    fn change(&mut self, result: io::Result<()>) -> Option<String> {
        let path = self.path.as_ref()?.display();
        let before = std::mem::replace(&mut self.has_failed, result.is_err());
        match result {
            Err(error) if !before => Some(format!("{path}: the state is not saved: {error}")),
            Ok(()) if before => Some(format!("{path}: the state is saved again")),
            _ => None,
        }
    }
}
