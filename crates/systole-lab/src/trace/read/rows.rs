//! The rows of a recording while it is read. Rows whose send time is not known yet get one as soon
//! as a later row of the same run has one.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use super::error::TraceError;
use super::targets::Targets;
use super::{Problem, ReadOptions};
use crate::time::micros;
use crate::trace::joints::joints_of;
use crate::trace::{LOST, Trace};
use systole::Instant;

/// A probe that was never sent, which leaves no row.
pub(super) const UNSENT: u32 = LOST - 1;

/// The largest number of rows. With 12 bytes for each, a recording takes at most 1.2 GB.
const MOST_ROWS: usize = 100_000_000;

/// The default interval of ping programs.
const USUAL_INTERVAL: Duration = Duration::from_secs(1);

/// How far a clock may be set back between two rows without an error, in microseconds.
const SET_BACK: i64 = 1_000_000;

const UNKNOWN: i64 = i64::MIN;

#[derive(Debug)]
pub(super) struct Rows {
    pub(super) targets: Targets,
    header: Vec<String>,
    notes: Vec<String>,
    sent_us: Vec<i64>,
    rtt_us: Vec<u32>,
    joints: Vec<usize>,
    /// The first row of the current run.
    run: usize,
    /// The last row of the run whose send time is known.
    known: Option<usize>,
    interval: Option<Duration>,
}

impl Rows {
    pub(super) fn new(options: &ReadOptions) -> Self {
        Self {
            targets: Targets::new(options.target.clone()),
            header: Vec::new(),
            notes: Vec::new(),
            sent_us: Vec::new(),
            rtt_us: Vec::new(),
            joints: Vec::new(),
            run: 0,
            known: None,
            interval: options.interval,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.sent_us.len()
    }

    /// Adds something that the reader of the figures has to know. Each note is kept once.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Records a comment, which may list the rows at which runs begin.
    pub(super) fn comment(&mut self, comment: &str) {
        self.joints.extend(joints_of(comment));
        self.header.push(comment.to_string());
    }

    /// Returns the time between probes that a file without times was recorded at, and notes that it
    /// is an assumption.
    pub(super) fn interval_us(&mut self) -> i64 {
        let interval = self.interval.unwrap_or(USUAL_INTERVAL);
        let source = if self.interval.is_some() {
            "as stated"
        } else {
            "the usual interval; --every states another"
        };
        let shown = crate::brief(interval);
        self.note(format!(
            "no time stamps: probes count as {shown} apart ({source})"
        ));
        i64::try_from(micros(interval)).unwrap_or(i64::MAX / 4)
    }

    /// Returns the time at which a run without time stamps begins.
    pub(super) fn next_start(&mut self, interval_us: i64) -> i64 {
        self.close_run();
        self.sent_us
            .last()
            .map_or(0, |last| last.saturating_add(interval_us))
    }

    /// Begins another run: the time in between was not recorded.
    pub(super) fn begin_run(&mut self) {
        self.close_run();
        if self.len() > self.run {
            self.run = self.len();
            self.joints.push(self.run);
        }
        self.known = None;
    }

    /// Adds a row. Without a time it gets one evenly between its neighbours.
    pub(super) fn push(&mut self, at: Option<i64>, rtt_us: u32) -> Result<(), Problem> {
        if self.len() >= MOST_ROWS {
            return Err(format!("expected at most {MOST_ROWS} rows"));
        }
        let at = at.map(|at| self.after_known(at)).transpose()?;
        self.sent_us.push(at.unwrap_or(UNKNOWN));
        self.rtt_us.push(rtt_us);
        if at.is_some() {
            self.fill();
            self.known = Some(self.len() - 1);
        }
        Ok(())
    }

    /// Adds a row with a time that has to be after that of the row before.
    pub(super) fn push_later(&mut self, at: i64, rtt_us: u32) -> Result<(), Problem> {
        match self.sent_us.last() {
            Some(&last) if at <= last => Err("expected a time after that of the row before".into()),
            _ => self.push(Some(at), rtt_us),
        }
    }

    /// Returns the time if it is after that of the last known row, or a time just after it if the
    /// clock was set back by a little.
    fn after_known(&self, at: i64) -> Result<i64, Problem> {
        let (before, last) = match (self.known, self.run.checked_sub(1)) {
            (Some(known), _) => (known, self.time(known)),
            (None, Some(before)) => (before, self.time(before)),
            (None, None) => return Ok(at),
        };
        let rows_between = i64::try_from(self.len() - before).unwrap_or(i64::MAX);
        let earliest = last.saturating_add(rows_between);
        if at >= earliest {
            Ok(at)
        } else if at.saturating_add(SET_BACK) >= last {
            Ok(earliest)
        } else {
            let back = Duration::from_micros(last.abs_diff(at));
            Err(format!(
                "expected a later time than before, and it is {} back",
                crate::brief(back)
            ))
        }
    }

    fn time(&self, row: usize) -> i64 {
        self.sent_us.get(row).copied().unwrap_or_default()
    }

    /// Gives times to the rows between the last known one and the newest.
    fn fill(&mut self) {
        let newest = self.len() - 1;
        let until = self.time(newest);
        let from_row = self.known.map_or(self.run, |known| known + 1);
        let rows = i64::try_from(newest - from_row).unwrap_or(i64::MAX);
        if rows == 0 {
            return;
        }
        let from = match self.known {
            Some(known) => self.time(known),
            None => self.start_before(until, rows),
        };
        let span = i128::from(until) - i128::from(from);
        for (index, at) in (1_i128..).zip(self.sent_us.iter_mut().take(newest).skip(from_row)) {
            let share = span * index / (i128::from(rows) + 1);
            *at = from + i64::try_from(share).unwrap_or_default();
        }
    }

    /// Returns one interval before the first row of a run of which only a later one is known.
    fn start_before(&mut self, until: i64, rows: i64) -> i64 {
        let interval =
            i64::try_from(micros(self.interval.unwrap_or(USUAL_INTERVAL))).unwrap_or(i64::MAX);
        let start = until.saturating_sub(interval.saturating_mul(rows.saturating_add(1)));
        let before = self
            .run
            .checked_sub(1)
            .map_or(i64::MIN / 2, |row| self.time(row));
        start.max(before)
    }

    /// Gives times to the last rows of a run, at the mean spacing of those before.
    fn close_run(&mut self) {
        let Some(known) = self.known else {
            return self.drop_unknown();
        };
        let rows = i64::try_from(known - self.run).unwrap_or(i64::MAX);
        let span = self.time(known).saturating_sub(self.time(self.run));
        let spacing = match span.checked_div(rows) {
            Some(spacing) => spacing.max(1),
            None => {
                i64::try_from(micros(self.interval.unwrap_or(USUAL_INTERVAL))).unwrap_or(i64::MAX)
            }
        };
        let mut last = self.time(known);
        for at in self.sent_us.iter_mut().skip(known + 1) {
            last = last.saturating_add(spacing);
            *at = last;
        }
        self.known = self.len().checked_sub(1);
    }

    /// Leaves out a run of which no time is known.
    fn drop_unknown(&mut self) {
        self.sent_us.truncate(self.run);
        self.rtt_us.truncate(self.run);
    }

    /// Records a reply to an earlier row; returns false if that row has a result already.
    pub(super) fn late(&mut self, row: usize, at: Option<i64>, rtt_us: u32) -> bool {
        let Some(rtt) = self.rtt_us.get_mut(row).filter(|rtt| **rtt >= UNSENT) else {
            return false;
        };
        *rtt = rtt_us;
        let before = row.checked_sub(1).map_or(i64::MIN, |row| self.time(row));
        let after = self.sent_us.get(row + 1).copied().unwrap_or(i64::MAX);
        if let (Some(at), Some(place)) = (at, self.sent_us.get_mut(row))
            && before < at
            && at < after
        {
            *place = at;
        }
        true
    }

    /// Turns the row that was sent at this time into a loss.
    pub(super) fn mark_lost(&mut self, at: i64) {
        if let Ok(row) = self.sent_us.binary_search(&at)
            && let Some(rtt) = self.rtt_us.get_mut(row)
        {
            *rtt = LOST;
        }
    }

    /// Returns the recording; `shifted` makes its first row the origin of time.
    pub(super) fn finish(mut self, shifted: bool) -> Result<(Trace, Vec<String>), TraceError> {
        self.close_run();
        self.targets.check()?;
        self.leave_out_unsent();
        let first = *self.sent_us.first().ok_or(TraceError::NoRows)?;
        let origin = if shifted { first } else { 0 };
        let moment = |at: i64| Instant::from_micros(at.saturating_sub(origin).unsigned_abs());
        let sent = self.sent_us.into_iter().map(moment).collect();
        let trace = Trace::assemble(self.header, sent, self.rtt_us).with_joints(self.joints);
        Ok((trace, self.notes))
    }

    fn leave_out_unsent(&mut self) {
        let unsent = self.rtt_us.iter().filter(|&&rtt| rtt == UNSENT).count();
        if unsent == 0 {
            return;
        }
        self.note(format!(
            "{unsent} probes that could not be sent are left out"
        ));
        let before = |row: usize| {
            self.rtt_us
                .iter()
                .take(row)
                .filter(|&&rtt| rtt == UNSENT)
                .count()
        };
        let joints: Vec<_> = self
            .joints
            .iter()
            .map(|&joint| joint - before(joint))
            .collect();
        self.joints = joints;
        let mut rtts = self.rtt_us.iter();
        self.sent_us
            .retain(|_| rtts.next().is_some_and(|&rtt| rtt != UNSENT));
        self.rtt_us.retain(|&rtt| rtt != UNSENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        Rows::new(&ReadOptions::default())
    }

    fn times(rows: Rows) -> Vec<u64> {
        let (trace, _) = rows.finish(true).unwrap();
        trace.rows().map(|row| row.sent.as_micros()).collect()
    }

    #[test]
    fn rows_without_a_time_lie_evenly_between_their_neighbours() {
        let mut rows = rows();
        rows.push(Some(1_000), 7).unwrap();
        rows.push(None, LOST).unwrap();
        rows.push(None, LOST).unwrap();
        rows.push(Some(4_000), 7).unwrap();
        rows.push(None, LOST).unwrap();
        assert_eq!(times(rows), [0, 1_000, 2_000, 3_000, 4_000]);
    }

    #[test]
    fn a_run_that_begins_with_losses_begins_earlier() {
        let mut rows = rows();
        rows.push(None, LOST).unwrap();
        rows.push(Some(9_000_000), 7).unwrap();
        assert_eq!(times(rows), [0, 1_000_000]);
    }

    #[test]
    fn a_clock_set_back_a_little_is_tolerated_and_further_is_not() {
        let mut rows = rows();
        rows.push(Some(5_000_000), 7).unwrap();
        rows.push(Some(4_900_000), 7).unwrap();
        assert!(
            rows.push(Some(1_000_000), 7)
                .unwrap_err()
                .contains("4 s back")
        );
        assert_eq!(times(rows), [0, 1]);
    }

    #[test]
    fn probes_that_were_not_sent_leave_no_row_and_joints_move() {
        let mut rows = rows();
        for at in [0, 1, 2] {
            rows.push(Some(at), if at == 1 { UNSENT } else { 7 })
                .unwrap();
        }
        rows.begin_run();
        rows.push(Some(9), 7).unwrap();
        let (trace, notes) = rows.finish(true).unwrap();
        assert_eq!((trace.len(), trace.joints()), (3, &[2][..]));
        assert_eq!(notes, ["1 probes that could not be sent are left out"]);
    }
}
