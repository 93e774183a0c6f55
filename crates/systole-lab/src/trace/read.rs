//! Reads the recordings of many programs. The content of a file determines its format.

mod bytes;
mod decimal;
mod error;
mod fping;
mod json;
mod lines;
mod mtr;
mod pingplotter;
mod preamble;
mod rows;
mod sequence;
mod stamp;
mod table;
mod targets;
mod unix_ping;
mod windows_ping;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::io::{BufRead, Read};

pub use decimal::Unit;
pub use error::TraceError;

use self::lines::{Line, Lines};
use self::preamble::Preamble;
use self::rows::{Rows, UNSENT};
use super::Trace;

/// Information that the file itself does not contain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The time between probes, for output without time stamps; a second if it is not set.
    pub interval: Option<Duration>,
    /// The name of the column of times in a CSV file.
    pub time_column: Option<String>,
    /// The name of the column of round trips in a CSV file.
    pub rtt_column: Option<String>,
    /// The unit of that column, if its name does not end with one.
    pub unit: Option<Unit>,
    /// The target, by name or address, if a file has probes to several.
    pub target: Option<String>,
}

/// The program that wrote a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `systole record`.
    Record,
    /// `ping` of Linux (iputils).
    LinuxPing,
    /// `ping` of BusyBox.
    BusyBoxPing,
    /// `ping` of macOS and the BSDs.
    MacPing,
    /// `ping` of Windows.
    WindowsPing,
    /// `fping`.
    Fping,
    /// `mtr --json`.
    MtrJson,
    /// `mtr --csv`.
    MtrCsv,
    /// The JSON of irtt.
    IrttJson,
    /// A table made from the JSON of irtt.
    IrttCsv,
    /// The JSON of a range query to Prometheus.
    Prometheus,
    /// An export of PingPlotter.
    PingPlotter,
    /// Another CSV file with named columns.
    Csv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Record => "systole record",
            Self::LinuxPing => "ping of Linux",
            Self::BusyBoxPing => "ping of BusyBox",
            Self::MacPing => "ping of macOS or BSD",
            Self::WindowsPing => "ping of Windows",
            Self::Fping => "fping",
            Self::MtrJson => "mtr, JSON",
            Self::MtrCsv => "mtr, CSV",
            Self::IrttJson => "irtt, JSON",
            Self::IrttCsv => "irtt, CSV",
            Self::Prometheus => "Prometheus, JSON",
            Self::PingPlotter => "PingPlotter",
            Self::Csv => "CSV",
        })
    }
}

/// A recording as it was read.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its rows.
    pub trace: Trace,
    /// The program that wrote it.
    pub format: Format,
    /// The assumptions made and the lines skipped, one sentence each.
    pub notes: Vec<String>,
}

impl Recording {
    /// Reads a recording to its end, in one pass. It takes 12 bytes of memory for each row, and
    /// refuses more than 100 million rows and lines of more than a mebibyte.
    ///
    /// Gzip is unpacked and UTF-16 converted. Times count from the first row, except those of
    /// `systole record`, which are kept.
    ///
    /// # Errors
    /// Any [`TraceError`].
    pub fn read(from: impl Read, options: &ReadOptions) -> Result<Self, TraceError> {
        let mut text = bytes::text(from)?;
        let mut rows = Rows::new(options);
        let format = if first_byte(&mut text)? == Some(b'{') {
            json::read(text, &mut rows)?
        } else {
            read_lines(text, &mut rows, options)?
        };
        let (trace, notes) = rows.finish(format != Format::Record)?;
        Ok(Self {
            trace,
            format,
            notes,
        })
    }
}

/// The error of a line: the content that was expected in it.
type Problem = String;

/// A format that is read line by line.
trait LineFormat {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> Result<(), Problem>;

    /// Adds what is known only at the end.
    fn finish(&mut self, _rows: &mut Rows) -> Result<(), Problem> {
        Ok(())
    }

    fn format(&self) -> Format;
}

/// Returns the first byte of the text that is not a space or a line end.
fn first_byte(text: &mut impl BufRead) -> Result<Option<u8>, TraceError> {
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let begin = text.fill_buf()?;
    Ok(begin.iter().find(|byte| !is_space(byte)).copied())
}

fn read_lines(
    text: impl BufRead,
    rows: &mut Rows,
    options: &ReadOptions,
) -> Result<Format, TraceError> {
    let mut lines = Lines::new(text);
    let mut format: Option<Box<dyn LineFormat>> = None;
    let mut preamble = Preamble::default();
    while let Some(line) = lines.next()? {
        let at = line.number;
        let refused = |problem| TraceError::Line { line: at, problem };
        if let Some(comment) = line.text.strip_prefix('#') {
            rows.comment(comment.trim());
            continue;
        }
        if let Some(format) = &mut format {
            let outcome = format.line(&line, rows);
            outcome.or_else(|problem| cut_off(&line, problem, rows))?;
        } else if let Some(mut found) =
            recognise(&line.text, preamble.is_empty(), options).map_err(refused)?
        {
            preamble.note(rows);
            found.begin(&line, rows).map_err(refused)?;
            format = Some(found.format);
        } else {
            preamble.add(&line)?;
        }
    }
    let Some(mut format) = format else {
        return Err(preamble.refusal());
    };
    let problem = |problem| TraceError::Line {
        line: lines.number(),
        problem,
    };
    format.finish(rows).map_err(problem)?;
    Ok(format.format())
}

/// A last line without an end that cannot be read was cut off, as when a program is killed.
fn cut_off(line: &Line<'_>, problem: Problem, rows: &mut Rows) -> Result<(), TraceError> {
    if line.ended {
        return Err(TraceError::Line {
            line: line.number,
            problem,
        });
    }
    rows.note(format!("line {} is cut off: left out", line.number));
    Ok(())
}

/// A format, and whether the line by which it was recognised holds data.
struct Found {
    format: Box<dyn LineFormat>,
    has_data: bool,
}

impl Found {
    fn begin(&mut self, line: &Line<'_>, rows: &mut Rows) -> Result<(), Problem> {
        if self.has_data {
            self.format.line(line, rows)
        } else {
            Ok(())
        }
    }
}

/// Returns the format to which this line belongs. A table must begin with the names of its columns.
fn recognise(line: &str, is_first: bool, options: &ReadOptions) -> Result<Option<Found>, Problem> {
    let data = |format: Box<dyn LineFormat>| Found {
        format,
        has_data: true,
    };
    let names = |format: Box<dyn LineFormat>| Found {
        format,
        has_data: false,
    };
    if let Some(mtr) = mtr::recognise(line) {
        return Ok(Some(names(Box::new(mtr))));
    }
    let table = is_first.then(|| table::recognise(line, options)).flatten();
    if let Some(pingplotter) = pingplotter::recognise(line).filter(|_| options.rtt_column.is_none())
    {
        return Ok(Some(data(Box::new(pingplotter))));
    }
    if let Some(table) = table {
        return Ok(Some(names(Box::new(table?))));
    }
    let fping = fping::recognise(line).map(|fping| data(Box::new(fping)));
    let unix = || unix_ping::recognise(line).map(|ping| data(Box::new(ping)));
    let windows = || windows_ping::recognise(line).map(|ping| data(Box::new(ping)));
    Ok(fping.or_else(unix).or_else(windows))
}

/// Returns a round trip as it is stored: below the values that stand for losses.
fn reply_micros(us: i64) -> u32 {
    u32::try_from(us.max(0)).unwrap_or(u32::MAX).min(UNSENT - 1)
}
