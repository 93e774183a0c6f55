//! Writes a [`Trace`] as CSV, row by row.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::io::{self, Write};

use super::joints::JOINTS_NOTE;
use super::{LOST, Row, Trace, column};

/// Writes a trace while it is recorded.
///
/// Every row is written whole, including its line end, and flushed, so that the rows of a recorder
/// that is killed are on disk and readable. Do not wrap the target in a buffer that ignores
/// flushes.
///
/// ```
/// use core::time::Duration;
/// use systole::Instant;
/// use systole_lab::{Trace, trace::{Row, TraceWriter}};
///
/// let mut file = Vec::new();
/// let mut writer = TraceWriter::new(&mut file, ["network: example"])?;
/// writer.row(&Row { sent: Instant::ZERO, rtt: Some(Duration::from_millis(3)) })?;
/// writer.row(&Row { sent: Instant::from_secs(1), rtt: None })?;
/// assert_eq!(file, b"# network: example\nt_us,rtt_us\n0,3000\n1000000,lost\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TraceWriter<W> {
    to: W,
}

impl<W: Write> TraceWriter<W> {
    /// Writes the header, each line after a `#`, and the names of the columns.
    ///
    /// # Errors
    /// Those of the target.
    pub fn new<S: AsRef<str>>(mut to: W, header: impl IntoIterator<Item = S>) -> io::Result<Self> {
        for line in header {
            writeln!(to, "# {}", one_line(line.as_ref()))?;
        }
        to.write_all(b"t_us,rtt_us\n")?;
        to.flush()?;
        Ok(Self { to })
    }

    /// Writes one row and flushes. Rows must be in order of sending: the reader refuses others.
    ///
    /// # Errors
    /// Those of the target.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.to.write_all(line(row).as_bytes())?;
        self.to.flush()
    }
}

impl Trace {
    /// Writes the whole trace. [`read`](Self::read) returns the same trace, including joints.
    ///
    /// # Errors
    /// Those of the target.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = io::BufWriter::new(to);
        TraceWriter::new(&mut to, self.header_with_joints())?;
        for row in self.rows() {
            to.write_all(line(&row).as_bytes())?;
        }
        to.flush()
    }

    fn header_with_joints(&self) -> Vec<String> {
        let mut header: Vec<_> = self
            .header
            .iter()
            .filter(|line| !line.contains(JOINTS_NOTE))
            .cloned()
            .collect();
        if !self.joints.is_empty() {
            let list: Vec<_> = self.joints.iter().map(|at| format!("{at}")).collect();
            header.push(format!("note: {JOINTS_NOTE}{}", list.join(",")));
        }
        header
    }
}

fn line(row: &Row) -> String {
    let sent = row.sent.as_micros();
    match column(row.rtt) {
        LOST => format!("{sent},lost\n"),
        us => format!("{sent},{us}\n"),
    }
}

/// Replaces line ends by spaces, so that no header text can break the format.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use systole::Instant;

    #[test]
    fn what_is_written_reads_back() {
        let rows = (0..5_u64).map(|i| Row {
            sent: Instant::from_millis(i * 7),
            rtt: (i != 2).then_some(Duration::from_micros(i * 1_000)),
        });
        let trace = Trace::from_rows(rows).unwrap().with_joints([2, 4]);
        let mut text = Vec::new();
        trace.write(&mut text).unwrap();
        let again = Trace::read(text.as_slice()).unwrap();
        assert!(again.rows().eq(trace.rows()));
        assert_eq!(again.joints(), trace.joints());
        let mut twice = Vec::new();
        again.write(&mut twice).unwrap();
        assert_eq!(text, twice);
    }

    #[test]
    fn every_row_is_flushed_whole() {
        struct Counter<'a>(&'a mut Vec<usize>, usize);
        impl Write for Counter<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1 += bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                self.0.push(self.1);
                Ok(())
            }
        }
        let mut flushed = Vec::new();
        let mut writer = TraceWriter::new(Counter(&mut flushed, 0), ["two\nlines"]).unwrap();
        writer
            .row(&Row {
                sent: Instant::ZERO,
                rtt: None,
            })
            .unwrap();
        assert_eq!(flushed, [24, 31]);
    }
}
