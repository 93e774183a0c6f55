//! The lines of a text, one at a time and of bounded length.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::io::{BufRead, Read};

use super::error::TraceError;

/// The longest line: `fping -C` writes a day of round trips on one.
const LONGEST: u64 = 1 << 20;

pub(super) struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    number: u64,
}

#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) number: u64,
    /// Whether it has a line end. One without may be cut off.
    pub(super) ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            number: 0,
        }
    }

    /// Returns the number of the line that was returned last.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the next line without spaces at its end; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, TraceError> {
        self.buffer.clear();
        self.number += 1;
        let mut limited = self.from.by_ref().take(LONGEST);
        let length = limited.read_until(b'\n', &mut self.buffer)?;
        if length == 0 {
            return Ok(None);
        }
        let ended = self.buffer.ends_with(b"\n");
        if !ended && length as u64 >= LONGEST {
            return Err(TraceError::Line {
                line: self.number,
                problem: format!("expected a line end within {LONGEST} bytes"),
            });
        }
        Ok(Some(Line {
            text: trimmed(String::from_utf8_lossy(&self.buffer)),
            number: self.number,
            ended,
        }))
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
        Cow::Owned(text) => Cow::Owned(text.trim_end().into()),
    }
}
