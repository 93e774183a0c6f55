//! Replies that carry the number of their probe: a number that is missing is a loss, and a reply to
//! an earlier number is late.

use alloc::format;

use super::Problem;
use super::rows::{Rows, UNSENT};
use crate::trace::LOST;

/// The largest number of probes that may be missing between two replies: half of the numbers of 16
/// bits. After that many the next reply counts as a late one.
const MOST_MISSING: u64 = 1 << 15;

#[derive(Debug)]
pub(super) struct Sequence {
    /// The number after the largest, for numbers that wrap.
    modulus: Option<u64>,
    /// The first number of a run, if the run was seen from its beginning.
    base: Option<u64>,
    run: Option<Run>,
    /// Probes that could not be sent since the last reply.
    unsent: u64,
}

#[derive(Debug)]
struct Run {
    first: u64,
    next: u64,
    row: usize,
    /// The time of the first probe and the interval, for a run without time stamps.
    clock: Option<(i64, i64)>,
}

/// A reply, or a loss that the program reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Result {
    pub(super) number: u64,
    /// The send time, if it is known.
    pub(super) sent: Option<i64>,
    pub(super) rtt_us: u32,
    pub(super) duplicate: bool,
}

impl Sequence {
    pub(super) const fn new(modulus: Option<u64>) -> Self {
        Self {
            modulus,
            base: None,
            run: None,
            unsent: 0,
        }
    }

    /// Begins another run, whose first probe has the number `base` if that is known.
    pub(super) fn restart(&mut self, rows: &mut Rows, base: Option<u64>) {
        if self.run.take().is_some() {
            rows.begin_run();
        }
        self.base = base;
        self.unsent = 0;
    }

    /// Counts a probe that could not be sent.
    pub(super) const fn unsent(&mut self) {
        self.unsent += 1;
    }

    pub(super) fn add(
        &mut self,
        rows: &mut Rows,
        result: Result,
    ) -> core::result::Result<(), Problem> {
        let number = self.unwrapped(result.number);
        let run = match &mut self.run {
            Some(run) => run,
            None => self
                .run
                .insert(Run::begin(rows, self.base, number, result.sent.is_some())),
        };
        if number >= run.next {
            let unsent = core::mem::take(&mut self.unsent);
            run.miss(rows, number, unsent)?;
            return run.push(rows, result.sent, result.rtt_us);
        }
        if result.rtt_us == LOST || run.late(rows, number, result) || result.duplicate {
            return Ok(());
        }
        if number <= run.first {
            self.restart(rows, None); // the numbers begin again, and no header says so
            return self.add(rows, result);
        }
        Ok(())
    }

    /// Records how many probes a run had: those after the last reply were lost, but for the last
    /// one if the run was interrupted while its reply could still come.
    pub(super) fn total(
        &mut self,
        rows: &mut Rows,
        sent: u64,
        interrupted: bool,
    ) -> core::result::Result<(), Problem> {
        let Some(base) = self.base else {
            return Ok(());
        };
        let end = base.saturating_add(sent).saturating_sub(interrupted.into());
        let stamped_only = self.run.is_none() && sent > 0;
        if stamped_only {
            self.run = Some(Run::begin(rows, self.base, base, false));
        }
        match &mut self.run {
            Some(run) if end > run.next => run.miss(rows, end, core::mem::take(&mut self.unsent)),
            _ => Ok(()),
        }
    }

    /// Returns the number as it would be if numbers did not wrap.
    fn unwrapped(&self, number: u64) -> u64 {
        let (Some(modulus), Some(run)) = (self.modulus, &self.run) else {
            return number;
        };
        let last = run.next.saturating_sub(1);
        let ahead = (number % modulus + modulus - last % modulus) % modulus;
        if ahead < modulus / 2 {
            last + ahead
        } else {
            (last + ahead).checked_sub(modulus).unwrap_or(number)
        }
    }
}

impl Run {
    fn begin(rows: &mut Rows, base: Option<u64>, number: u64, stamped: bool) -> Self {
        let seen = |base: &u64| *base <= number && number - base <= MOST_MISSING;
        let first = base.filter(seen).unwrap_or(number);
        let clock = (!stamped).then(|| {
            let interval = rows.interval_us();
            (rows.next_start(interval), interval)
        });
        Self {
            first,
            next: first,
            row: rows.len(),
            clock,
        }
    }

    fn push(
        &mut self,
        rows: &mut Rows,
        sent: Option<i64>,
        rtt_us: u32,
    ) -> core::result::Result<(), Problem> {
        let at = match self.clock {
            Some((start, interval)) => {
                let probes = i64::try_from(self.next - self.first).unwrap_or(i64::MAX);
                Some(start.saturating_add(interval.saturating_mul(probes)))
            }
            None => sent,
        };
        self.next += 1;
        rows.push(at, rtt_us)
    }

    /// Records the probes before `number` as lost, the last `unsent` of them as not sent.
    fn miss(
        &mut self,
        rows: &mut Rows,
        number: u64,
        unsent: u64,
    ) -> core::result::Result<(), Problem> {
        let missing = number - self.next;
        if missing > MOST_MISSING {
            let next = self.next;
            return Err(format!(
                "expected a number that follows {next}, and it is {number}"
            ));
        }
        for index in 0..missing {
            let rtt_us = if missing - index <= unsent {
                UNSENT
            } else {
                LOST
            };
            self.push(rows, None, rtt_us)?;
        }
        Ok(())
    }

    fn late(&self, rows: &mut Rows, number: u64, result: Result) -> bool {
        let Some(index) = number
            .checked_sub(self.first)
            .and_then(|n| usize::try_from(n).ok())
        else {
            return false;
        };
        let sent = result.sent.filter(|_| self.clock.is_none());
        rows.late(self.row + index, sent, result.rtt_us)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::trace::read::ReadOptions;

    fn answer(number: u64) -> Result {
        Result {
            number,
            sent: None,
            rtt_us: 1_000,
            duplicate: false,
        }
    }

    fn read(numbers: &[u64]) -> (Vec<bool>, Vec<usize>) {
        let mut rows = Rows::new(&ReadOptions::default());
        let mut sequence = Sequence::new(Some(1 << 16));
        for &number in numbers {
            sequence.add(&mut rows, answer(number)).unwrap();
        }
        let (trace, _) = rows.finish(true).unwrap();
        let answered = trace.rows().map(|row| row.rtt.is_some()).collect();
        (answered, trace.joints().to_vec())
    }

    #[test]
    fn gaps_are_losses_and_late_replies_fill_them() {
        assert_eq!(read(&[1, 2, 5]).0, [true, true, false, false, true]);
        assert_eq!(read(&[1, 2, 5, 3]).0, [true, true, true, false, true]);
    }

    #[test]
    fn numbers_wrap_at_16_bits() {
        assert_eq!(read(&[65_534, 0, 1]).0, [true, false, true, true]);
    }

    #[test]
    fn numbers_that_begin_again_are_another_run() {
        assert_eq!(read(&[1, 2, 3, 1, 2]), ([true; 5].into(), [3].into()));
    }

    #[test]
    fn a_jump_that_no_outage_explains_is_an_error() {
        let mut rows = Rows::new(&ReadOptions::default());
        let mut sequence = Sequence::new(None);
        sequence.add(&mut rows, answer(0)).unwrap();
        assert!(sequence.add(&mut rows, answer(1 << 40)).is_err());
    }
}
