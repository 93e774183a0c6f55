//! What stands before a recording in its file.

use alloc::format;
use alloc::string::String;

use super::error::TraceError;
use super::lines::Line;
use super::rows::Rows;

/// The lines before the first recognised line, such as the command that was typed.
#[derive(Debug, Default)]
pub(super) struct Preamble {
    lines: u64,
    first: u64,
    text: String,
}

/// The largest number of such lines.
const PREAMBLE: u64 = 20;

const EXPECTED: &str = "expected the columns t_us,rtt_us, the output of ping, fping, mtr or irtt, \
    or other named columns (--time-column, --rtt-column, --unit)";

impl Preamble {
    /// Returns whether no line was added.
    pub(super) const fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Adds a line; refuses one too many.
    pub(super) fn add(&mut self, line: &Line<'_>) -> Result<(), TraceError> {
        if line.text.is_empty() {
            return Ok(());
        }
        if self.lines == 0 {
            self.first = line.number;
            self.text = line.text.chars().take(60).collect();
        }
        self.lines += 1;
        if self.lines > PREAMBLE {
            Err(self.refusal())
        } else {
            Ok(())
        }
    }

    /// The error where no format was recognised.
    pub(super) fn refusal(&self) -> TraceError {
        if self.lines == 0 {
            return TraceError::NoRows;
        }
        TraceError::Line {
            line: self.first,
            problem: EXPECTED.into(),
        }
    }

    /// Notes what is left out.
    pub(super) fn note(&self, rows: &mut Rows) {
        if self.lines > 0 {
            rows.note(format!(
                "{} lines before the recording are left out, from line {}: {}",
                self.lines, self.first, self.text
            ));
        }
    }
}
