//! The recording of one target.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use humantime::{format_duration, format_rfc3339_seconds};
use systole::{Epoch, Instant, ProbeError, ProbeId};
use systole_lab::trace::TraceWriter;

use super::pending::Pending;
use crate::args;
use crate::output;
use crate::target::{Answer, Arrival, Link, Miss, Target};
use crate::trouble::Trouble;

pub(super) struct Track {
    target: Target,
    link: Link,
    path: PathBuf,
    writer: TraceWriter<File>,
    pending: Pending,
    reply_window: Duration,
    next_id: u64,
    /// The server asked not to be probed before this moment.
    paused_until: Instant,
    /// The certificate is not trusted, so that no probe will be sent.
    is_over: bool,
}

impl Track {
    /// Opens the file and writes its header.
    pub(super) fn open(
        target: Target,
        link: Link,
        path: PathBuf,
        options: &args::Record,
    ) -> Result<Self, Trouble> {
        let file = output::create(&path, options.force)?;
        let unwritable = |error| Trouble::Write(path.clone(), error);
        output::replace(&file, &path, b"")?;
        let writer = TraceWriter::new(file, header(&target, options)).map_err(unwritable)?;
        Ok(Self {
            target,
            link,
            writer,
            pending: Pending::new(options.reply_window),
            reply_window: options.reply_window,
            next_id: 0,
            paused_until: Instant::ZERO,
            is_over: false,
            path,
        })
    }

    pub(super) fn probe(&mut self, now: Instant) {
        if self.is_over || now < self.paused_until {
            return;
        }
        let id = ProbeId::from_be_bytes(self.next_id.to_be_bytes());
        self.next_id += 1;
        self.pending.sent(id, now);
        if !self.link.send(id, self.reply_window) {
            self.pending.unsent(id);
        }
    }

    /// Records a result. Returns an error if the certificate of the target is not trusted and
    /// nothing was recorded yet; the file, which holds no rows, is removed then.
    pub(super) fn hear(&mut self, arrival: Arrival, epoch: &Epoch) -> Result<(), Trouble> {
        let Arrival {
            id,
            result,
            at,
            setup,
            ..
        } = arrival;
        match result {
            Ok(answer) => {
                let at = epoch.moment(at);
                self.pending.answered(id, at, setup);
                if let Answer::Pushback { wait } = answer {
                    self.paused_until = at.saturating_add(wait);
                }
            }
            // a probe that was under way when the peer asked to be left alone was not sent
            Err(Miss::Busy { .. }) if epoch.moment(at) < self.paused_until => {
                self.pending.unsent(id);
            }
            // the path carried a reply, whatever the peer said
            Err(Miss::Busy { wait, .. }) => {
                let at = epoch.moment(at);
                self.pending.answered(id, at, setup);
                self.paused_until = at.saturating_add(wait);
            }
            Err(miss) if miss.fault() == ProbeError::Unsent => self.pending.unsent(id),
            Err(Miss::Untrusted(why)) if !self.has_rows() && !self.is_over => {
                self.is_over = true;
                let removed = std::fs::remove_file(&self.path);
                removed.map_err(|error| Trouble::Write(self.path.clone(), error))?;
                return Err(Trouble::Untrusted(self.target.to_string(), why));
            }
            Err(_) => self.pending.lost(id),
        }
        Ok(())
    }

    pub(super) fn give_up(&mut self) {
        self.pending.give_up();
    }

    /// Writes the rows that are known; returns what to show if there were any.
    pub(super) fn write_known(&mut self, now: Instant) -> Result<Option<String>, Trouble> {
        let mut newest = None;
        while let Some(row) = self.pending.next_row(now) {
            let written = self.writer.row(&row);
            written.map_err(|error| Trouble::Write(self.path.clone(), error))?;
            newest = Some(row);
        }
        let shown = newest.map(|row| {
            let rtt = row
                .rtt
                .map_or_else(|| "lost".into(), |rtt| format!("{rtt:.1?}"));
            format!("{}; {rtt}", self.sum())
        });
        Ok(shown)
    }

    pub(super) const fn has_rows(&self) -> bool {
        self.pending.written().0 > 0
    }

    /// Returns the file, its rows, and how many of them are lost probes.
    pub(super) fn sum(&self) -> String {
        let (rows, lost) = self.pending.written();
        format!("{}: {rows} rows, {lost} lost", self.path.display())
    }
}

/// Returns the header of the recording. It says nothing about this host.
#[expect(
    clippy::disallowed_methods,
    reason = "the header states when the recording began"
)]
fn header(target: &Target, options: &args::Record) -> [String; 5] {
    [
        format!("recorded by: systole {}", env!("CARGO_PKG_VERSION")),
        format!("target: {target}"),
        format!(
            "begun: {}",
            format_rfc3339_seconds(std::time::SystemTime::now())
        ),
        format!("every: {}", format_duration(options.every)),
        format!(
            "lost: no answer in {}, refused or reset",
            format_duration(options.reply_window)
        ),
    ]
}
