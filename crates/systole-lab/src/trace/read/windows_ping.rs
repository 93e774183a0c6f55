//! The output of `ping` on Windows, in any language: the shape of a line determines its meaning.

use alloc::string::String;
use core::net::IpAddr;

use super::decimal::{Unit, leading_number, micros};
use super::lines::Line;
use super::rows::Rows;
use super::{Format, LineFormat, Problem, reply_micros};
use crate::trace::LOST;

/// How long Windows waits for a reply before it reports a time-out. The interval follows after
/// that.
const TIMEOUT_US: i64 = 4_000_000;

/// The value of `<1ms`: the middle of its range.
const BELOW_A_MILLISECOND_US: u32 = 500;

const EXPECTED: &str = "expected a reply or a time-out of the ping of Windows, such as `Reply from 192.0.2.7: bytes=32 time=22ms TTL=57`";

#[derive(Debug, Default)]
pub(super) struct WindowsPing {
    /// Between a header and the statistics.
    inside: bool,
    next_us: Option<i64>,
    interval_us: i64,
    target: Option<String>,
}

/// Returns a reader if the line is a header or a reply.
pub(super) fn recognise(line: &str) -> Option<WindowsPing> {
    (reply(line).is_some() || header(line).is_some()).then(WindowsPing::default)
}

impl LineFormat for WindowsPing {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> Result<(), Problem> {
        let text = &*line.text;
        if text.is_empty() || text.starts_with([' ', '\t']) {
            return Ok(()); // statistics are indented
        }
        if let Some((address, rtt_us)) = reply(text) {
            self.begin(rows);
            self.inside = true;
            self.target = Some(address.into());
            return self.add(rows, rtt_us, 0);
        }
        if is_title(text) {
            self.title(text, rows);
            return Ok(());
        }
        if !self.inside || text.starts_with("PING:") {
            return Ok(()); // Control-C after the statistics; a probe that could not be sent
        }
        self.loss(text, rows)
    }

    fn format(&self) -> Format {
        Format::WindowsPing
    }
}

impl WindowsPing {
    fn title(&mut self, text: &str, rows: &mut Rows) {
        let Some((name, address)) = header(text) else {
            self.inside = false;
            return;
        };
        rows.targets.alias(name, address);
        self.target = Some(address.into());
        if self.next_us.take().is_some() {
            rows.begin_run();
        }
        self.inside = true;
    }

    fn begin(&mut self, rows: &mut Rows) {
        if self.next_us.is_none() {
            self.interval_us = rows.interval_us();
            self.next_us = Some(rows.next_start(self.interval_us));
        }
    }

    /// A sentence is a loss. A time-out is written without figures. An error that another host sent
    /// names that host and comes without the wait.
    fn loss(&mut self, text: &str, rows: &mut Rows) -> Result<(), Problem> {
        let is_sentence = text.ends_with(['.', '。', '।']);
        let names_a_host = address(text).is_some();
        let has_figures = text.contains(|c: char| c.is_ascii_digit());
        if !is_sentence || has_figures && !names_a_host {
            return Err(EXPECTED.into());
        }
        self.begin(rows);
        self.add(rows, LOST, if names_a_host { 0 } else { TIMEOUT_US })
    }

    fn add(&mut self, rows: &mut Rows, rtt_us: u32, waited_us: i64) -> Result<(), Problem> {
        let at = self.next_us.unwrap_or_default();
        self.next_us = Some(
            at.saturating_add(self.interval_us)
                .saturating_add(waited_us),
        );
        match &self.target {
            Some(target) if !rows.targets.takes(target) => Ok(()),
            _ => rows.push(Some(at), rtt_us),
        }
    }
}

/// Returns the address and the round trip of a reply: the last figure with a unit after `=` or `<`,
/// and `TTL=` unless the address is one of IPv6.
fn reply(text: &str) -> Option<(&str, u32)> {
    let address = address(text)?;
    let is_complete = text.contains("TTL=") || address.contains(':');
    if !is_complete || text.contains("seq=") || text.contains("ttl=") {
        return None;
    }
    let signs = text.rmatch_indices(['=', '<']);
    let mut found = signs.filter_map(|(at, sign)| {
        let (number, rest) = leading_number(text.get(at + sign.len()..)?.trim_start())?;
        let unit = rest
            .trim_start()
            .split(|c: char| !c.is_alphabetic())
            .next()?;
        let rtt = matches!(unit, "ms" | "мс" | "мсек" | "msec" | "毫秒" | "ミリ秒")
            .then(|| micros(number, Unit::Milliseconds))??;
        let below = sign == "<" && number == "1";
        Some(if below {
            BELOW_A_MILLISECOND_US
        } else {
            reply_micros(rtt)
        })
    });
    Some((address, found.next()?))
}

/// Returns the name and the address of a header: it ends with a colon and states a length.
fn header(text: &str) -> Option<(&str, &str)> {
    let address = address(text).filter(|_| is_title(text))?;
    let figures = text.split(char::is_whitespace);
    let states_a_length = figures
        .filter_map(|word| word.parse::<u32>().ok())
        .any(|length| length <= 65_500);
    let words = || text.split(char::is_whitespace);
    let place = words().position(|word| word.contains(address))?;
    let name = place.checked_sub(1).and_then(|before| words().nth(before));
    let bracketed = text.contains('[');
    states_a_length.then_some((name.filter(|_| bracketed).unwrap_or(address), address))
}

fn is_title(text: &str) -> bool {
    text.ends_with([':', '：'])
}

/// Returns the first address of the line.
fn address(text: &str) -> Option<&str> {
    let words =
        text.split(|c: char| c.is_whitespace() || "[]()（）<>".contains(c) || !c.is_ascii());
    words
        .map(|word| word.trim_end_matches(':').trim_matches(','))
        .find(|word| {
            let plain = word.split('%').next().unwrap_or(word);
            plain.contains(['.', ':']) && plain.parse::<IpAddr>().is_ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_many_languages_have_one_shape() {
        for line in [
            "Reply from 192.0.2.7: bytes=32 time=22ms TTL=57",
            "Antwort von 192.0.2.7: Bytes=32 Zeit=22ms TTL=57",
            "Réponse de 192.0.2.7 : octets=32 temps=22 ms TTL=57",
            "Respuesta desde 192.0.2.7: bytes=32 tiempo=22ms TTL=57",
            "Ответ от 192.0.2.7: число байт=32 время=22мс TTL=57",
            "192.0.2.7 からの応答: バイト数 =32 時間 =22ms TTL=57",
            "来自 192.0.2.7 的回复: 字节=32 时间=22ms TTL=57",
            "192.0.2.7의 응답: 바이트=32 시간=22ms TTL=57",
        ] {
            assert_eq!(reply(line), Some(("192.0.2.7", 22_000)), "{line}");
        }
        let six = "Reply from 2001:db8::7: time<1ms";
        assert_eq!(reply(six), Some(("2001:db8::7", 500)));
        assert_eq!(
            reply("Reply from 192.0.2.1: Destination host unreachable."),
            None
        );
    }

    #[test]
    fn headers_name_the_target() {
        let named = "Pinging www.example.org [192.0.2.7] with 32 bytes of data:";
        assert_eq!(header(named), Some(("www.example.org", "192.0.2.7")));
        let bare = "Ping wird ausgeführt für 192.0.2.7 mit 32 Bytes Daten:";
        assert_eq!(header(bare), Some(("192.0.2.7", "192.0.2.7")));
        assert_eq!(header("Ping statistics for 192.0.2.7:"), None);
    }
}
