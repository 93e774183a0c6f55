//! The reasons why a recording was refused.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read the recording: {error}"),
            Self::Line { line, problem } => write!(f, "line {line}: {problem}"),
            Self::Unknown(reason) => f.write_str(reason),
            Self::SeveralTargets(targets) => {
                write!(f, "probes to several targets: {}; ", targets.join(", "))?;
                f.write_str("choose one with --target")
            }
            Self::NoSuchTarget { chosen, targets } if targets.is_empty() => {
                write!(f, "no probe to {chosen}: the recording names no target")
            }
            Self::NoSuchTarget { chosen, targets } => {
                write!(f, "no probe to {chosen}, but to {}", targets.join(", "))
            }
            Self::NoRows => f.write_str("the recording has no rows"),
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
