//! Reports of mtr: a row for each report, for the last hop. With several probes in a report its
//! mean stands for them, and only a report in which all were lost is a loss.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::decimal::{Unit, micros};
use super::lines::Line;
use super::rows::Rows;
use super::table::fields;
use super::{Format, LineFormat, Problem, reply_micros};
use crate::trace::LOST;

/// The last hop of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) loss_percent: String,
    pub(super) sent: String,
    pub(super) mean_ms: String,
}

impl Hop {
    fn round_trip(&self) -> Result<u32, Problem> {
        let percent = micros(&self.loss_percent, Unit::Microseconds);
        if percent.ok_or("expected Loss%")? >= 100 {
            return Ok(LOST);
        }
        let ms = micros(&self.mean_ms, Unit::Milliseconds).filter(|&us| us >= 0);
        Ok(reply_micros(ms.ok_or("expected Avg")?))
    }

    fn probes(&self) -> i64 {
        self.sent.parse::<i64>().unwrap_or(1).clamp(1, 1_000_000)
    }

    /// Adds the row of a report. Without a time it lasts for an interval for each of its probes.
    pub(super) fn add(
        &self,
        rows: &mut Rows,
        at: Option<i64>,
        next_us: &mut i64,
    ) -> Result<(), Problem> {
        let rtt_us = self.round_trip()?;
        let probes = self.probes();
        if probes > 1 {
            rows.note(format!("reports of {probes} probes: a row is the mean of a report, and only a whole lost report is a loss"));
        }
        if let Some(at) = at {
            return rows.push_later(at, rtt_us);
        }
        let at = *next_us;
        *next_us = at.saturating_add(rows.interval_us().saturating_mul(probes));
        rows.push_later(at, rtt_us)
    }
}

#[derive(Debug)]
pub(super) struct MtrCsv {
    columns: [usize; 6],
    /// Time, target and last hop of the report that is being read.
    report: Option<(i64, String, u64, Hop)>,
}

/// Returns a reader if the line names the columns of mtr.
pub(super) fn recognise(line: &str) -> Option<MtrCsv> {
    let names: Vec<_> = fields(line, ',').collect();
    let place = |wanted: &str| {
        names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(wanted))
    };
    place("Mtr_Version")?;
    let columns = [
        place("Start_Time")?,
        place("Host")?,
        place("Hop")?,
        place("Loss%")?,
        place("Snt")?,
        place("Avg")?,
    ];
    Some(MtrCsv {
        columns,
        report: None,
    })
}

impl LineFormat for MtrCsv {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> Result<(), Problem> {
        if line.text.is_empty() || recognise(&line.text).is_some() {
            return Ok(()); // each report repeats the names
        }
        let values: Vec<_> = fields(&line.text, ',').collect();
        let [time, host, number, loss, sent, mean] = self
            .columns
            .map(|column| values.get(column).copied().unwrap_or_default());
        let at =
            micros(time, Unit::Seconds).ok_or("expected a row of mtr --csv with Start_Time")?;
        let number: u64 = number
            .parse()
            .map_err(|_| "expected a row of mtr --csv with Hop")?;
        let hop = Hop {
            loss_percent: loss.trim_end_matches('%').into(),
            sent: sent.into(),
            mean_ms: mean.into(),
        };
        hop.round_trip()?;
        let same = |(begun, target, last, _): &(i64, String, u64, Hop)| {
            *begun == at && target == host && number > *last
        };
        if !self.report.as_ref().is_some_and(same) {
            self.finish(rows)?;
        }
        self.report = Some((at, host.into(), number, hop));
        Ok(())
    }

    fn finish(&mut self, rows: &mut Rows) -> Result<(), Problem> {
        match self.report.take() {
            Some((at, target, _, hop)) if rows.targets.takes(&target) => {
                hop.add(rows, Some(at), &mut 0)
            }
            _ => Ok(()),
        }
    }

    fn format(&self) -> Format {
        Format::MtrCsv
    }
}
