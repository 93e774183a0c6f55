//! The reasons why a recording was refused.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use std::io;

/// The reason why a recording was refused. Lines are counted from 1.
#[derive(Debug)]
#[non_exhaustive]
pub enum TraceError {
    /// The file cannot be read.
    Io(io::Error),
    /// A line that is not of its format.
    Line {
        /// The number of the line.
        line: u64,
        /// What was expected in it.
        problem: String,
    },
    /// The file is not text, or of no known format: the reason.
    Unknown(String),
    /// Probes to several targets, of which none is chosen: their names.
    SeveralTargets(Vec<String>),
    /// No probe to the chosen target.
    NoSuchTarget {
        /// The chosen target.
        chosen: String,
        /// The targets of the recording.
        targets: Vec<String>,
    },
    /// There are no rows.
    NoRows,
}

impl fmt::Display for TraceError {
    /// Writes one line. Control characters of the file are not passed on to a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        self.text().chars().try_for_each(|c| f.write_char(plain(c)))
    }
}

impl TraceError {
    fn text(&self) -> String {
        match self {
            Self::Io(error) => format!("cannot read the recording: {error}"),
            Self::Line { line, problem } => format!("line {line}: {problem}"),
            Self::Unknown(reason) => reason.clone(),
            Self::SeveralTargets(targets) => format!(
                "probes to several targets: {}; choose one with --target",
                targets.join(", ")
            ),
            Self::NoSuchTarget { chosen, targets } if targets.is_empty() => {
                format!("no probe to {chosen}: the recording names no target")
            }
            Self::NoSuchTarget { chosen, targets } => {
                format!("no probe to {chosen}, but to {}", targets.join(", "))
            }
            Self::NoRows => "the recording has no rows".into(),
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
