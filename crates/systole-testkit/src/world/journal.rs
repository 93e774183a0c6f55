//! What a world writes down while it runs.

use std::collections::VecDeque;
use std::fmt::Display;

use super::Coverage;

/// The last calls that are kept.
const KEPT: usize = 400;

/// Counts polls and situations; keeps the last calls to the machine where a failure is replayed.
#[derive(Debug, Default)]
pub struct Journal {
    /// Situations that occurred.
    pub coverage: Coverage,
    /// How often the machine was polled.
    pub polls: u64,
    calls: Option<VecDeque<String>>,
}

impl Journal {
    /// A journal that also keeps the last calls.
    #[must_use]
    pub fn recording() -> Self {
        Self {
            calls: Some(VecDeque::new()),
            ..Self::default()
        }
    }

    /// Writes down a call, as a line of Rust that could stand in a test; `line` is only evaluated
    /// where calls are kept.
    #[inline]
    pub fn call<D: Display>(&mut self, line: impl FnOnce() -> D) {
        if let Some(calls) = &mut self.calls {
            if calls.len() == KEPT {
                calls.pop_front();
            }
            calls.push_back(line().to_string());
        }
    }

    /// The last calls, one a line.
    #[must_use]
    pub fn calls(&self) -> String {
        let lines = self.calls.iter().flatten();
        lines.flat_map(|line| ["    ", line, "\n"]).collect()
    }
}
