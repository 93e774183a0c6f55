//! CSV with named columns: recordings of `systole record`, tables made from the JSON of irtt, and
//! any other with a column of times and one of round trips.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

mod columns;

use self::columns::{Column, TARGETS, find, first_word, is_rtt, is_time};
use super::decimal::{Unit, micros};
use super::lines::Line;
use super::rows::Rows;
use super::stamp::{date_time, epoch_unit};
use super::{Format, LineFormat, Problem, ReadOptions, reply_micros};
use crate::trace::LOST;

/// What a recording of `systole record` and other tables have in common.
#[derive(Debug)]
pub(super) struct Table {
    format: Format,
    delimiter: char,
    time: Column,
    rtt: Column,
    rtt_unit: Unit,
    lost: Option<usize>,
    target: Option<usize>,
    /// The first row, until the second one shows the unit of the times.
    first: Option<(String, u32)>,
}

const LOSSES: [&str; 16] = [
    "",
    "lost",
    "loss",
    "timeout",
    "timed out",
    "timedout",
    "-",
    "*",
    "nan",
    "null",
    "none",
    "n/a",
    "na",
    "inf",
    "-1",
    "-1.0",
];

/// Returns a reader if the line names the columns, and a reason if it names some of them only.
pub(super) fn recognise(line: &str, options: &ReadOptions) -> Option<Result<Table, Problem>> {
    let delimiter = [',', ';', '\t']
        .into_iter()
        .find(|&sign| line.contains(sign))?;
    let names: Vec<_> = fields(line, delimiter)
        .map(str::to_ascii_lowercase)
        .collect();
    if let [time, rtt, ..] = names.as_slice()
        && (time.as_str(), rtt.as_str()) == ("t_us", "rtt_us")
    {
        return Some(Ok(Table::own(delimiter)));
    }
    let is_irtt = names.iter().any(|name| name == "seqno");
    let time = find(&names, options.time_column.as_deref(), |name| {
        is_time(name, is_irtt)
    });
    let rtt = find(&names, options.rtt_column.as_deref(), |name| {
        is_rtt(name, is_irtt)
    });
    match (time, rtt) {
        (Some(time), Some(rtt)) => {
            Some(Table::of(delimiter, &names, (time, rtt), is_irtt, options))
        }
        _ if options.time_column.is_some() || options.rtt_column.is_some() => {
            let missing = if time.is_none() {
                &options.time_column
            } else {
                &options.rtt_column
            };
            let missing = missing.as_deref().unwrap_or("of times and of round trips");
            Some(Err(format!(
                "expected a column {missing}, and there are {}",
                names.join(", ")
            )))
        }
        _ => None,
    }
}

impl Table {
    fn own(delimiter: char) -> Self {
        let column = |index, name: &str| Column {
            index,
            name: name.to_string(),
            unit: Some(Unit::Microseconds),
        };
        Self {
            format: Format::Record,
            delimiter,
            time: column(0, "t_us"),
            rtt: column(1, "rtt_us"),
            rtt_unit: Unit::Microseconds,
            lost: None,
            target: None,
            first: None,
        }
    }

    fn of(
        delimiter: char,
        names: &[String],
        (time, rtt): (usize, usize),
        is_irtt: bool,
        options: &ReadOptions,
    ) -> Result<Self, Problem> {
        let default = is_irtt.then_some(Unit::Nanoseconds);
        let rtt = Column::new(names, rtt, default);
        let Some(rtt_unit) = options.unit.or(rtt.unit) else {
            return Err(format!(
                "expected a unit of the column {}, such as {0}_ms: state it with --unit ms",
                rtt.name
            ));
        };
        let place = |name: &&str| names.iter().position(|other| first_word(other) == *name);
        Ok(Self {
            format: if is_irtt {
                Format::IrttCsv
            } else {
                Format::Csv
            },
            delimiter,
            time: Column::new(names, time, default),
            rtt,
            rtt_unit,
            lost: place(&"lost"),
            target: TARGETS.iter().find_map(place),
            first: None,
        })
    }
}

impl LineFormat for Table {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> Result<(), Problem> {
        if line.text.is_empty() {
            return Ok(());
        }
        if !line.ended && !line.text.ends_with("lost") {
            rows.note(format!(
                "line {} has no end and may be cut off: left out",
                line.number
            ));
            return Ok(());
        }
        if self.format == Format::Record {
            own_row(&line.text, rows)
        } else {
            self.row(&line.text, rows)
        }
    }

    fn finish(&mut self, rows: &mut Rows) -> Result<(), Problem> {
        match self.first.take() {
            Some((time, rtt_us)) => self.add(rows, &time, Unit::Seconds, rtt_us),
            None => Ok(()),
        }
    }

    fn format(&self) -> Format {
        self.format
    }
}

/// Reads a row of `systole record`. Columns after the second are ignored.
fn own_row(text: &str, rows: &mut Rows) -> Result<(), Problem> {
    let mut columns = text.split(',').map(str::trim);
    let sent = columns.next().and_then(|sent| sent.parse::<u64>().ok());
    let sent = sent.and_then(|sent| i64::try_from(sent).ok());
    let sent = sent.ok_or("t_us is not a whole number of microseconds")?;
    let rtt = columns.next().and_then(|rtt| match rtt {
        "lost" => Some(LOST),
        rtt => rtt.parse().ok().filter(|&us: &u32| us < LOST),
    });
    let rtt =
        rtt.ok_or_else(|| format!("rtt_us is neither `lost` nor whole microseconds below {LOST}"))?;
    rows.push_later(sent, rtt)
        .map_err(|_| "t_us does not rise".into())
}

impl Table {
    fn row(&mut self, text: &str, rows: &mut Rows) -> Result<(), Problem> {
        let values: Vec<_> = fields(text, self.delimiter).collect();
        let value = |index: usize| values.get(index).copied();
        let time = value(self.time.index).filter(|time| !time.is_empty());
        let time = time.ok_or_else(|| format!("expected a value of {}", self.time.name))?;
        let rtt = value(self.rtt.index)
            .ok_or_else(|| format!("expected a value of {}", self.rtt.name))?;
        if let Some(target) = self.target.and_then(value)
            && !rows.targets.takes(target)
        {
            return Ok(());
        }
        let rtt_us = self.round_trip(rtt, self.lost.and_then(value))?;
        self.timed(rows, time, rtt_us)
    }

    fn round_trip(&self, text: &str, lost: Option<&str>) -> Result<u32, Problem> {
        let is_lost = lost.is_some_and(|lost| {
            !matches!(
                lost.to_ascii_lowercase().as_str(),
                "" | "false" | "0" | "no"
            )
        });
        if is_lost || LOSSES.contains(&text.to_ascii_lowercase().as_str()) {
            return Ok(LOST);
        }
        let us = micros(text, self.rtt_unit).filter(|&us| us >= 0);
        us.map(reply_micros).ok_or_else(|| {
            format!(
                "expected a number or a loss in {}, and it is {text}",
                self.rtt.name
            )
        })
    }

    /// Adds a row whose time is a date, a number with a unit, an epoch, or a number whose unit the
    /// second row shows.
    fn timed(&mut self, rows: &mut Rows, time: &str, rtt_us: u32) -> Result<(), Problem> {
        if let Some(at) = date_time(time) {
            return rows.push_later(at, rtt_us);
        }
        if let Some(unit) = self.time.unit.or_else(|| epoch_unit(time)) {
            return self.add(rows, time, unit, rtt_us);
        }
        let Some((first, first_rtt)) = self.first.take() else {
            if micros(time, Unit::Seconds).is_some() {
                self.first = Some((time.into(), rtt_us));
                return Ok(());
            }
            return Err(format!(
                "expected a time in {}, and it is {time}",
                self.time.name
            ));
        };
        let unit = self.relative_unit(&first, time, first_rtt);
        rows.note(format!(
            "{} states no unit: taken as {unit}",
            self.time.name
        ));
        self.time.unit = Some(unit);
        self.add(rows, &first, unit, first_rtt)?;
        self.add(rows, time, unit, rtt_us)
    }

    /// Returns the unit of the round trips if probes are then at least a tenth of a round trip
    /// apart, and seconds otherwise.
    fn relative_unit(&self, first: &str, second: &str, rtt_us: u32) -> Unit {
        let at = |text| micros(text, self.rtt_unit);
        let apart = at(second)
            .zip(at(first))
            .map(|(second, first)| second.saturating_sub(first));
        let rtt_us = if rtt_us == LOST { 0 } else { i64::from(rtt_us) };
        match apart {
            Some(apart) if apart >= (rtt_us / 10).max(1_000) => self.rtt_unit,
            _ => Unit::Seconds,
        }
    }

    fn add(&self, rows: &mut Rows, time: &str, unit: Unit, rtt_us: u32) -> Result<(), Problem> {
        let at = micros(time, unit);
        let at =
            at.ok_or_else(|| format!("expected a time in {}, and it is {time}", self.time.name))?;
        rows.push_later(at, rtt_us)
    }
}

/// Splits a line at the delimiters outside quotation marks, and takes the marks and spaces off.
pub(super) fn fields(line: &str, delimiter: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let split = move |c: char| {
        quoted ^= c == '"';
        c == delimiter && !quoted
    };
    line.split(split)
        .map(|field| field.trim().trim_matches('"').trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_hide_delimiters() {
        let all: Vec<_> = fields("\"a, b\", c ,,d", ',').collect();
        assert_eq!(all, ["a, b", "c", "", "d"]);
    }
}
