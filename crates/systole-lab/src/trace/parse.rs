//! Parses CSV into a [`Trace`], line by line. Every error names its line.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::io::{self, BufRead};

use super::{LOST, Row, Trace, column};
use systole::Instant;

/// The reason why a trace was refused. Lines are counted from 1.
#[derive(Debug)]
#[non_exhaustive]
pub enum TraceError {
    /// The file cannot be read, or is not UTF-8.
    Io(io::Error),
    /// The first line after the header does not name the columns `t_us` and `rtt_us` in this order.
    MissingColumns {
        /// The line in which they were expected.
        line: usize,
    },
    /// A row whose send time is not a whole number of microseconds.
    BadTime {
        /// The line of the row.
        line: usize,
    },
    /// A row whose round trip is neither `lost` nor a whole number of microseconds below 71
    /// minutes.
    BadRtt {
        /// The line of the row.
        line: usize,
    },
    /// A row that was not sent after the one before it.
    Unsorted {
        /// The line of the row.
        line: usize,
    },
    /// A file of joints with a line that is not a row number.
    BadJoint {
        /// The line.
        line: usize,
    },
    /// The trace has a header at most, and no rows.
    NoRows,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read the trace: {error}"),
            Self::MissingColumns { line } => {
                write!(f, "line {line}: expected the columns t_us,rtt_us")
            }
            Self::BadTime { line } => {
                write!(f, "line {line}: t_us is not a whole number of microseconds")
            }
            Self::BadRtt { line } => {
                write!(
                    f,
                    "line {line}: rtt_us is neither `lost` nor whole microseconds below {LOST}"
                )
            }
            Self::Unsorted { line } => write!(f, "line {line}: t_us does not rise"),
            Self::BadJoint { line } => write!(f, "line {line} of the joints: not a row number"),
            Self::NoRows => f.write_str("the trace has no rows"),
        }
    }
}

impl core::error::Error for TraceError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for TraceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl FromStr for Trace {
    type Err = TraceError;

    fn from_str(text: &str) -> Result<Self, TraceError> {
        Self::read(text.as_bytes())
    }
}

impl Trace {
    /// Reads a trace to its end.
    ///
    /// A last line that was cut off, as when a recording is killed, is left out: it has no line end
    /// and does not parse.
    ///
    /// # Errors
    /// Any [`TraceError`]. Apart from that line only empty lines are skipped.
    pub fn read(mut from: impl BufRead) -> Result<Self, TraceError> {
        let mut builder = Builder::default();
        let mut text = String::new();
        for line in 1.. {
            text.clear();
            if from.read_line(&mut text)? == 0 {
                break;
            }
            match builder.line(text.trim(), line) {
                Err(TraceError::BadTime { .. } | TraceError::BadRtt { .. })
                    if !text.ends_with('\n') =>
                {
                    break;
                }
                outcome => outcome?,
            }
        }
        builder.finish()
    }
}

/// Reads a list of joints, one row number per line.
pub(super) fn read_joints(from: impl BufRead) -> Result<Vec<usize>, TraceError> {
    let mut joints = Vec::new();
    for (number, text) in (1..).zip(from.lines()) {
        let text = text?;
        if !text.trim().is_empty() {
            joints.push(
                text.trim()
                    .parse()
                    .map_err(|_| TraceError::BadJoint { line: number })?,
            );
        }
    }
    Ok(joints)
}

/// The header note that lists the joints.
pub(super) const JOINTS_NOTE: &str = "zero-based row indices at which a new run begins: ";

/// The part of a trace that has been read so far.
#[derive(Debug, Default)]
pub(super) struct Builder {
    header: Vec<String>,
    columns_seen: bool,
    sent: Vec<Instant>,
    rtt_us: Vec<u32>,
    joints: Vec<usize>,
}

impl Builder {
    fn line(&mut self, text: &str, line: usize) -> Result<(), TraceError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text); // some editors write this mark
        if text.is_empty() {
            Ok(())
        } else if let Some(comment) = text.strip_prefix('#') {
            self.comment(comment.trim());
            Ok(())
        } else if self.columns_seen {
            self.push(parse_row(text, line)?, line)
        } else {
            self.columns(text, line)
        }
    }

    fn comment(&mut self, comment: &str) {
        if let Some((_, list)) = comment.split_once(JOINTS_NOTE) {
            let list = list.split_whitespace().next().unwrap_or_default();
            self.joints
                .extend(list.split(',').filter_map(|at| at.parse::<usize>().ok()));
        }
        self.header.push(comment.into());
    }

    fn columns(&mut self, text: &str, line: usize) -> Result<(), TraceError> {
        let mut names = text.split(',').map(str::trim);
        self.columns_seen = names.next() == Some("t_us") && names.next() == Some("rtt_us");
        if self.columns_seen {
            Ok(())
        } else {
            Err(TraceError::MissingColumns { line })
        }
    }

    pub(super) fn push(&mut self, row: Row, line: usize) -> Result<(), TraceError> {
        if self.sent.last().is_some_and(|&last| row.sent <= last) {
            return Err(TraceError::Unsorted { line });
        }
        self.sent.push(row.sent);
        self.rtt_us.push(column(row.rtt));
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Trace, TraceError> {
        if self.sent.is_empty() {
            return Err(TraceError::NoRows);
        }
        Ok(Trace::assemble(self.header, self.sent, self.rtt_us).with_joints(self.joints))
    }
}

/// Parses one row. Columns after the second are ignored.
fn parse_row(text: &str, line: usize) -> Result<Row, TraceError> {
    let mut columns = text.split(',').map(str::trim);
    let sent = columns
        .next()
        .and_then(|t| t.parse().ok())
        .ok_or(TraceError::BadTime { line })?;
    let rtt = columns
        .next()
        .and_then(parse_rtt)
        .ok_or(TraceError::BadRtt { line })?;
    Ok(Row {
        sent: Instant::from_micros(sent),
        rtt,
    })
}

/// Parses a round trip. Returns `Some(None)` for a loss, and `None` if the text is invalid.
#[allow(
    clippy::option_option,
    reason = "private, and each layer has one meaning"
)]
fn parse_rtt(text: &str) -> Option<Option<Duration>> {
    if text == "lost" {
        return Some(None);
    }
    let us: u32 = text.parse().ok().filter(|&us| us != LOST)?;
    Some(Some(Duration::from_micros(us.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    fn refusal(text: &str) -> String {
        std::format!("{}", text.parse::<Trace>().unwrap_err())
    }

    #[test]
    fn header_joints_losses_and_rows() {
        let text = "# network: lab\n# note: 3 runs; zero-based row indices at which a new run begins: 1,2 (removed)\n\
                    t_us,rtt_us\n0,41000\n55000,lost\n110000,7\n";
        let trace: Trace = text.parse().unwrap();
        assert_eq!(trace.header().len(), 2);
        assert_eq!(trace.joints(), [1, 2]);
        assert_eq!((trace.len(), trace.losses()), (3, 1));
        assert_eq!(trace.answer(Instant::ZERO), Some(Duration::from_millis(41)));
    }

    #[test]
    fn windows_line_ends_read_the_same() {
        let unix = "# a\nt_us,rtt_us\n0,1\n10,lost\n";
        let windows = std::format!("\u{feff}{}", unix.replace('\n', "\r\n"));
        assert_eq!(
            unix.parse::<Trace>().unwrap(),
            windows.parse::<Trace>().unwrap()
        );
    }

    #[test]
    fn refusals_name_the_line() {
        assert_eq!(
            refusal("# a\n0,1\n"),
            "line 2: expected the columns t_us,rtt_us"
        );
        assert_eq!(
            refusal("t_us\n0\n"),
            "line 1: expected the columns t_us,rtt_us"
        );
        assert_eq!(
            refusal("t_us,rtt_us\n0,1\nx,1\n5,1\n"),
            "line 3: t_us is not a whole number of microseconds"
        );
        assert!(refusal("t_us,rtt_us\n0,1\n5\n6,1\n").starts_with("line 3: rtt_us"));
        assert!(refusal("t_us,rtt_us\n0,4294967295\n").starts_with("line 2: rtt_us"));
        assert!(refusal("t_us,rtt_us\n0,-1\n1,1\n").starts_with("line 2: rtt_us"));
        assert_eq!(
            refusal("t_us,rtt_us\n10,1\n\n10,1\n"),
            "line 4: t_us does not rise"
        );
        assert_eq!(refusal("t_us,rtt_us\n"), "the trace has no rows");
        assert_eq!(refusal(""), "the trace has no rows");
    }

    #[test]
    fn only_losses_is_a_dead_path_and_not_an_error() {
        let trace: Trace = "t_us,rtt_us\n0,lost\n10,lost\n".parse().unwrap();
        assert_eq!(trace.losses(), 2);
        assert_eq!(trace.answer(Instant::from_secs(1)), None);
    }

    #[test]
    fn a_last_line_cut_off_is_left_out_and_a_whole_one_without_line_end_is_not() {
        let rows = |text: &str| text.parse::<Trace>().unwrap().len();
        assert_eq!(rows("t_us,rtt_us\n0,1\n10,lo"), 1);
        assert_eq!(rows("t_us,rtt_us\n0,1\n10"), 1);
        assert_eq!(rows("t_us,rtt_us\n0,1\n10,lost"), 2);
    }

    #[test]
    fn joints_of_their_own_file() {
        assert_eq!(
            read_joints("150\r\n300\n\n".as_bytes()).unwrap(),
            [150, 300]
        );
        assert!(matches!(
            read_joints("150\nx".as_bytes()),
            Err(TraceError::BadJoint { line: 2 })
        ));
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error() {
        assert!(matches!(
            Trace::read(&b"t_us,rtt_us\n0,\xff\n"[..]),
            Err(TraceError::Io(_))
        ));
    }
}
