//! Recorded networks: rows of send time and round trip, read from the output of many programs and
//! written as CSV.
//!
//! [`Recording::read`] recognises the format by its content: `systole record`, the `ping` of Linux,
//! BusyBox, macOS, BSD and Windows in any language, fping, mtr, irtt, Prometheus, PingPlotter, and
//! CSV with named columns; compressed with gzip or not, in UTF-8 or UTF-16.
//!
//! * A number that is missing between two replies is a lost probe, sent evenly between its
//!   neighbours. A reply to an earlier number is kept with its round trip. "No answer yet" is no
//!   loss. Probes that could not be sent leave no row.
//! * A time stamp of ping or fping is that of the reply. Without stamps, probes are a second apart
//!   unless [`ReadOptions::interval`] states otherwise; Windows waits four seconds longer after a
//!   time-out.
//!
//! The format of `systole record`: header lines that start with `#`, a line `t_us,rtt_us`, then one
//! row per probe. `t_us` is the send time in whole microseconds, strictly rising. `rtt_us` is whole
//! microseconds, at most 71 minutes, or `lost`. Joints, the rows at which another run was appended,
//! come from the header note `zero-based row indices at which a new run begins: 150,300`.

mod file;
mod index;
mod joints;
mod read;
mod split;
mod summary;
mod write;

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

pub use read::{Format, ReadOptions, Recording, TraceError, Unit};
pub use summary::Summary;
pub use write::TraceWriter;

use self::index::RowIndex;
use super::network::Network;
use crate::time::{MicrosExt as _, rtt_micros};
use systole::Instant;

/// One probe of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// When the probe was sent.
    pub sent: Instant,
    /// Its round trip; `None` if it was lost. It is stored in whole microseconds, at most
    /// `u32::MAX - 1`.
    pub rtt: Option<Duration>,
}

/// A recorded network: at least one row, with strictly rising send times.
///
/// As a [`Network`] it gives a probe sent at s the result of the row nearest before s, and it ends
/// one mean spacing after its last row. Rows are never resampled, since that would destroy the
/// bursts. A trace with nothing but losses is accepted, since a dead path looks like that.
///
/// A replay ignores joints; use [`runs`](Self::runs) to keep runs apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    header: Vec<String>,
    sent: Vec<Instant>,
    rtt_us: Vec<u32>,
    joints: Vec<usize>,
    index: RowIndex,
}

/// The value of `rtt_us` that stands for a lost probe.
const LOST: u32 = u32::MAX;

impl Trace {
    /// Returns a trace of these rows, in the order of sending, without header and joints.
    ///
    /// # Errors
    /// [`TraceError::NoRows`] if there are none. [`TraceError::Line`] if a send time does not rise;
    /// its line is the one-based number of the row.
    pub fn from_rows(rows: impl IntoIterator<Item = Row>) -> Result<Self, TraceError> {
        let (mut sent, mut rtt_us) = (Vec::new(), Vec::new());
        for (line, row) in (1..).zip(rows) {
            if sent.last().is_some_and(|&last| row.sent <= last) {
                let problem = "the time does not rise".into();
                return Err(TraceError::Line { line, problem });
            }
            sent.push(row.sent);
            rtt_us.push(column(row.rtt));
        }
        if sent.is_empty() {
            return Err(TraceError::NoRows);
        }
        Ok(Self::assemble(Vec::new(), sent, rtt_us))
    }

    /// Returns the header lines, without the leading `#`.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Returns the rows at which another run begins: zero-based, rising, never 0.
    #[must_use]
    pub fn joints(&self) -> &[usize] {
        &self.joints
    }

    /// Returns the trace with these joints. Those that are not a row of it, and row 0, are left
    /// out.
    #[must_use]
    pub fn with_joints(mut self, joints: impl IntoIterator<Item = usize>) -> Self {
        self.joints = joints
            .into_iter()
            .filter(|&at| (1..self.len()).contains(&at))
            .collect();
        self.joints.sort_unstable();
        self.joints.dedup();
        self
    }

    /// Returns the number of rows, at least 1.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.sent.len()
    }

    /// Returns `false`, since there is at least one row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Returns the rows, in the order of sending.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row> + '_ {
        let rtts = self
            .rtt_us
            .iter()
            .map(|&us| (us != LOST).then(|| Duration::from_micros(us.into())));
        self.sent
            .iter()
            .zip(rtts)
            .map(|(&sent, rtt)| Row { sent, rtt })
    }

    /// Returns the number of lost rows.
    #[must_use]
    pub fn losses(&self) -> usize {
        self.rtt_us.iter().filter(|&&us| us == LOST).count()
    }

    /// Returns the runs between the joints, each as a trace that keeps its times.
    pub fn runs(&self) -> impl Iterator<Item = Self> + '_ {
        let begins = core::iter::once(0).chain(self.joints.iter().copied());
        let ends = self
            .joints
            .iter()
            .copied()
            .chain(core::iter::once(self.len()));
        begins
            .zip(ends)
            .filter_map(|(from, until)| self.part(from..until))
    }

    fn part(&self, rows: Range<usize>) -> Option<Self> {
        let sent = self.sent.get(rows.clone())?;
        let rtt_us = self.rtt_us.get(rows)?;
        Some(Self::assemble(
            self.header.clone(),
            sent.to_vec(),
            rtt_us.to_vec(),
        ))
    }

    fn assemble(header: Vec<String>, sent: Vec<Instant>, rtt_us: Vec<u32>) -> Self {
        let index = RowIndex::new(&sent);
        Self {
            header,
            sent,
            rtt_us,
            joints: Vec::new(),
            index,
        }
    }
}

impl Network for Trace {
    fn answer(&self, sent_at: Instant) -> Option<Duration> {
        let row = self.index.row_before(&self.sent, sent_at);
        let us = self.rtt_us.get(row).copied().unwrap_or(LOST);
        (us != LOST).then(|| Duration::from_micros(us.into()))
    }

    fn start(&self) -> Instant {
        self.sent.first().copied().unwrap_or(Instant::ZERO)
    }

    fn end(&self) -> Instant {
        let last = self.sent.last().copied().unwrap_or(Instant::ZERO);
        let spacings = (self.sent.len() as u64).saturating_sub(1).max(1);
        last.plus((last.since(self.start()) / spacings).max(1))
    }
}

/// Returns the column value of a round trip: microseconds, capped just below the value for a loss.
fn column(rtt: Option<Duration>) -> u32 {
    rtt.map_or(LOST, |rtt| rtt_micros(rtt).min(LOST - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ms: u64, rtt_ms: Option<u64>) -> Row {
        Row {
            sent: Instant::from_millis(ms),
            rtt: rtt_ms.map(Duration::from_millis),
        }
    }

    #[test]
    fn a_probe_is_answered_as_the_row_before_it_was() {
        let trace = Trace::from_rows([row(10, Some(1)), row(20, None), row(40, Some(3))]).unwrap();
        let at = |ms| {
            trace
                .answer(Instant::from_millis(ms))
                .map(|rtt| rtt.as_millis())
        };
        assert_eq!([at(0), at(10), at(19)], [Some(1); 3]);
        assert_eq!([at(20), at(39)], [None; 2]);
        assert_eq!([at(40), at(1_000_000)], [Some(3); 2]);
        assert_eq!(
            (trace.start().as_micros(), trace.end().as_micros()),
            (10_000, 55_000)
        );
    }

    #[test]
    fn runs_split_at_the_joints_and_lose_nothing() {
        let rows = (0..10).map(|i| row(i * 100, Some(i)));
        let trace = Trace::from_rows(rows)
            .unwrap()
            .with_joints([7, 3, 3, 0, 99]);
        assert_eq!(trace.joints(), [3, 7]);
        let lengths: Vec<_> = trace.runs().map(|run| run.len()).collect();
        assert_eq!(lengths, [3, 4, 3]);
        let rejoined: Vec<_> = trace
            .runs()
            .flat_map(|run| run.rows().collect::<Vec<_>>())
            .collect();
        assert!(rejoined.into_iter().eq(trace.rows()));
    }

    #[test]
    fn a_single_row_is_a_network() {
        let trace = Trace::from_rows([row(5, Some(1))]).unwrap();
        assert!(trace.end() > trace.start());
    }

    #[test]
    fn an_endless_round_trip_is_capped_and_not_read_as_a_loss() {
        let endless = Row {
            sent: Instant::ZERO,
            rtt: Some(Duration::MAX),
        };
        let trace = Trace::from_rows([endless]).unwrap();
        assert_eq!(
            trace.answer(Instant::ZERO),
            Some(Duration::from_micros(u64::from(LOST) - 1))
        );
    }
}
