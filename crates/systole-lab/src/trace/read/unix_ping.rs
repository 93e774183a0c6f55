//! The output of `ping` on Linux (iputils), BusyBox, macOS and the BSDs, in any language.

use super::decimal::{Unit, leading_integer, leading_number, micros};
use super::lines::Line;
use super::rows::Rows;
use super::sequence::{Result, Sequence};
use super::stamp::bracketed;
use super::{Format, LineFormat, Problem, reply_micros};
use alloc::format;

#[derive(Debug)]
pub(super) struct UnixPing {
    format: Format,
    sequence: Sequence,
    interrupted: bool,
    /// Whether the probes of the current run are read.
    taken: bool,
}

const EXPECTED: &str =
    "expected a line of ping, such as `64 bytes from 192.0.2.7: icmp_seq=1 ttl=57 time=22.0 ms`";

/// Returns a reader if the line is one of these programs.
pub(super) fn recognise(line: &str) -> Option<UnixPing> {
    let text = bracketed(line).map_or(line, |(_, rest)| rest);
    let is_header = text.starts_with("PING ") && text.contains('(');
    let is_reply = sequence_number(text).is_some() && round_trip(text).is_some();
    (is_header || text.starts_with("PING6(") || is_reply).then(|| UnixPing {
        format: if text.contains(" seq=") {
            Format::BusyBoxPing
        } else {
            Format::LinuxPing
        },
        sequence: Sequence::new(Some(1 << 16)),
        interrupted: false,
        taken: true,
    })
}

impl LineFormat for UnixPing {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> core::result::Result<(), Problem> {
        let text = &*line.text;
        let (stamp, text) = bracketed(text).map_or((None, text), |(at, rest)| (Some(at), rest));
        if text.starts_with("PING ") || text.starts_with("PING6(") {
            self.header(text, rows);
            return Ok(());
        }
        if let Some(number) = sequence_number(text) {
            return self.numbered(text, number, stamp, rows);
        }
        self.other(text, rows)
    }

    fn format(&self) -> Format {
        self.format
    }
}

impl UnixPing {
    /// A header begins a run. Only iputils writes no colon after the address, and only iputils
    /// counts from 1.
    fn header(&mut self, text: &str, rows: &mut Rows) {
        let inner = |text: &str| Some(text.split_once('(')?.1.split_once(')')?.0.into());
        let address: alloc::string::String = match text.split_once("--> ") {
            Some((_, address)) => address.trim().into(),
            None => inner(text).unwrap_or_default(),
        };
        let name = text.split_whitespace().nth(1).unwrap_or_default();
        if !text.starts_with("PING6(") {
            rows.targets
                .alias(name.split('(').next().unwrap_or(name), &address);
        }
        let from_one = text.starts_with("PING ") && !text.contains("): ");
        if self.format != Format::BusyBoxPing {
            self.format = if from_one {
                Format::LinuxPing
            } else {
                Format::MacPing
            };
        }
        self.interrupted = false;
        // a header counts only if its probes are read: the outputs of several programs may be mixed
        self.taken = rows.targets.would_take(&address);
        if self.taken {
            self.sequence.restart(rows, Some(from_one.into()));
        }
    }

    fn numbered(
        &mut self,
        text: &str,
        number: u64,
        stamp: Option<i64>,
        rows: &mut Rows,
    ) -> core::result::Result<(), Problem> {
        let Some(rtt_us) = round_trip(text) else {
            // `no answer yet`, `Request timeout` and errors of routers mean that no reply has come
            // so far
            return if text.starts_with(|c: char| c.is_ascii_digit()) {
                Err(format!("expected `time=22.0 ms` after the number {number}"))
            } else {
                Ok(())
            };
        };
        if text.contains(" seq=") {
            self.format = Format::BusyBoxPing;
        }
        if !rows.targets.takes(source(text)) {
            return Ok(());
        }
        let sent = stamp.map(|at| at.saturating_sub(rtt_us.into()));
        self.sequence.add(
            rows,
            Result {
                number,
                sent,
                rtt_us,
                duplicate: text.contains("(DUP"),
            },
        )
    }

    fn other(&mut self, text: &str, rows: &mut Rows) -> core::result::Result<(), Problem> {
        if text.starts_with("ping:") || text.starts_with("ping6:") {
            let failed = ["sendmsg", "sendto"].iter().any(|call| text.contains(call));
            if failed {
                self.sequence.unsent();
            }
            return Ok(());
        }
        if text.starts_with("^C") {
            self.interrupted = true;
        }
        if let Some(sent) = transmitted(text).filter(|_| self.taken) {
            return self.sequence.total(rows, sent, self.interrupted);
        }
        if is_harmless(text) {
            Ok(())
        } else {
            Err(EXPECTED.into())
        }
    }
}

/// Returns the number of a probe: after `icmp_seq=`, `seq=` or `icmp_seq `.
fn sequence_number(text: &str) -> Option<u64> {
    let (_, rest) = text
        .split_once("seq=")
        .or_else(|| text.split_once("icmp_seq "))?;
    leading_integer(rest)
}

/// Returns the round trip in microseconds: the last number with a unit of time after `=` or `<`.
fn round_trip(text: &str) -> Option<u32> {
    let starts = text.rmatch_indices(['=', '<']);
    let mut found = starts.filter_map(|(at, sign)| {
        let rest = text.get(at + sign.len()..)?;
        let (number, rest) = leading_number(rest.trim_start())?;
        let unit = match rest
            .trim_start()
            .split(|c: char| !c.is_alphabetic())
            .next()?
        {
            "ms" | "мс" | "msec" | "msecs" => Unit::Milliseconds,
            "us" | "usec" | "µs" => Unit::Microseconds,
            _ => return None,
        };
        micros(number, unit)
    });
    found.next().map(reply_micros)
}

/// Returns the address that replied: in parentheses, or the last word before the number.
fn source(text: &str) -> &str {
    let end = text.find("icmp_seq=").or_else(|| text.find("seq="));
    let before = text.get(..end.unwrap_or_default()).unwrap_or_default();
    let before = before.trim_end().trim_end_matches([':', ',']).trim_end();
    let last = before.rsplit(char::is_whitespace).next().unwrap_or(before);
    last.strip_prefix('(')
        .and_then(|last| last.strip_suffix(')'))
        .unwrap_or(last)
}

/// Returns the first number of `5 packets transmitted, 5 received, 0% packet loss`.
fn transmitted(text: &str) -> Option<u64> {
    let sent = leading_integer(text)?;
    let is_summary = text.contains('%') && text.contains(", ") && !text.contains("min/avg");
    is_summary.then_some(sent)
}

/// Returns whether a line concerns no probe: ends of runs, statistics, errors of routers, and the
/// bytes of a damaged packet.
fn is_harmless(text: &str) -> bool {
    const BEGIN: [&str; 9] = [
        "---", "^C", "Vr ", "From ", "wrong ", "#", "WARNING", "Warning", "PATTERN",
    ];
    const WITHIN: [&str; 4] = ["min/avg", " bytes from ", "pipe ", "% "];
    let is_dump = || {
        text.chars()
            .all(|c| c.is_ascii_hexdigit() || c.is_whitespace() || c == '.')
    };
    text.is_empty()
        || BEGIN.iter().any(|begin| text.starts_with(begin))
        || WITHIN.iter().any(|within| text.contains(within))
        || is_dump()
}
