//! The output of `fping` with `-l`, `-c` or `-C`, with and without `-D`.

use super::decimal::{Unit, leading_integer, leading_number, micros};
use super::lines::Line;
use super::rows::Rows;
use super::sequence::{Result, Sequence};
use super::stamp::bracketed;
use super::{Format, LineFormat, Problem, reply_micros};
use crate::trace::LOST;

const EXPECTED: &str =
    "expected a line of fping, such as `192.0.2.7 : [0], 64 bytes, 22.0 ms (22.0 avg, 0% loss)`";

#[derive(Debug)]
pub(super) struct Fping {
    sequence: Sequence,
    /// Whether lines of single probes were seen: the list at the end repeats them.
    single: bool,
}

/// Returns a reader if the line is a result.
pub(super) fn recognise(line: &str) -> Option<Fping> {
    let text = bracketed(line).map_or(line, |(_, rest)| rest);
    (probe(text).is_some() || list(text).is_some()).then(|| Fping {
        sequence: Sequence::new(None),
        single: false,
    })
}

impl LineFormat for Fping {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> core::result::Result<(), Problem> {
        let (stamp, text) =
            bracketed(&line.text).map_or((None, &*line.text), |(at, rest)| (Some(at), rest));
        if let Some((target, number, rest)) = probe(text) {
            self.single = true;
            return self.single(rows, (target, number, rest), stamp);
        }
        if let Some((target, trips)) = list(text) {
            return self.list(rows, target, trips);
        }
        let is_harmless = text.is_empty()
            || ["ICMP ", "fping:", "^C"]
                .iter()
                .any(|begin| text.starts_with(begin))
            || [" : xmt/rcv", " : duplicate"]
                .iter()
                .any(|within| text.contains(within))
            || text.ends_with("is alive");
        if is_harmless {
            Ok(())
        } else {
            Err(EXPECTED.into())
        }
    }

    fn format(&self) -> Format {
        Format::Fping
    }
}

impl Fping {
    fn single(
        &mut self,
        rows: &mut Rows,
        (target, number, rest): (&str, u64, &str),
        stamp: Option<i64>,
    ) -> core::result::Result<(), Problem> {
        let rtt_us = match round_trip(rest) {
            Some(rtt_us) => rtt_us,
            None if rest.contains("loss)") => LOST,
            None => return Err(EXPECTED.into()),
        };
        if !rows.targets.takes(target) {
            return Ok(());
        }
        // the time stamp of a time-out is the time at which fping noticed it
        let replied = stamp.filter(|_| rtt_us != LOST);
        let sent = replied.map(|at| at.saturating_sub(rtt_us.into()));
        self.sequence.add(
            rows,
            Result {
                number,
                sent,
                rtt_us,
                duplicate: false,
            },
        )
    }

    fn list(
        &mut self,
        rows: &mut Rows,
        target: &str,
        trips: &str,
    ) -> core::result::Result<(), Problem> {
        if self.single || !rows.targets.takes(target) {
            return Ok(());
        }
        self.sequence.restart(rows, None);
        for (number, trip) in (0..).zip(trips.split_whitespace()) {
            let rtt_us = micros(trip, Unit::Milliseconds).map_or(LOST, reply_micros);
            let result = Result {
                number,
                sent: None,
                rtt_us,
                duplicate: false,
            };
            self.sequence.add(rows, result)?;
        }
        Ok(())
    }
}

/// Returns target, number and result of `192.0.2.7 : [0], 64 bytes, 22.0 ms (22.0 avg, 0% loss)`.
fn probe(text: &str) -> Option<(&str, u64, &str)> {
    let (target, rest) = text.split_once(" : [")?;
    let (number, rest) = rest.split_once("], ")?;
    let number = leading_integer(number).filter(|_| !number.contains(' '))?;
    Some((target.trim(), number, rest))
}

fn round_trip(rest: &str) -> Option<u32> {
    let (_, rest) = rest.split_once(" bytes, ")?;
    let (number, rest) = leading_number(rest)?;
    let ms = rest
        .starts_with(" ms")
        .then(|| micros(number, Unit::Milliseconds))??;
    Some(reply_micros(ms))
}

/// Returns target and round trips of `192.0.2.7 : 22.0 23.2 - 22.5`, in milliseconds.
fn list(text: &str) -> Option<(&str, &str)> {
    let (target, trips) = text.split_once(" : ")?;
    let is_trip = |trip: &str| trip == "-" || micros(trip, Unit::Milliseconds).is_some();
    let is_list = !trips.trim().is_empty() && trips.split_whitespace().all(is_trip);
    is_list.then_some((target.trim(), trips))
}
