//! Exports of PingPlotter: a date and the latencies of all hops in each row, the target last.

use alloc::format;
use alloc::string::String;

use super::decimal::{Unit, micros};
use super::lines::Line;
use super::rows::Rows;
use super::stamp::date_time;
use super::table::fields;
use super::{Format, LineFormat, Problem, reply_micros};
use crate::trace::LOST;

#[derive(Debug, Default)]
pub(super) struct PingPlotter {
    begun: bool,
    /// The target, from a line `Target Name: www.example.org`.
    target: Option<String>,
}

/// Returns a reader if the line is a title of an export, or names the columns of hops.
pub(super) fn recognise(line: &str) -> Option<PingPlotter> {
    let text = line.to_ascii_lowercase();
    let titles = ["pingplotter", "host information", "sample information"];
    let is_title = titles.iter().any(|title| text.contains(title));
    let names_hops = text.contains("hop")
        && (text.contains("time") || text.contains("date"))
        && text.contains([',', ';', '\t']);
    (is_title || names_hops).then(PingPlotter::default)
}

impl LineFormat for PingPlotter {
    fn line(&mut self, line: &Line<'_>, rows: &mut Rows) -> Result<(), Problem> {
        let text = &*line.text;
        let delimiter = [';', '\t']
            .into_iter()
            .find(|&sign| text.contains(sign))
            .unwrap_or(',');
        let mut values = fields(text, delimiter);
        let Some(at) = values.next().and_then(date_time) else {
            return self.other(text);
        };
        if !line.ended {
            rows.note(format!(
                "line {} has no end and may be cut off: left out",
                line.number
            ));
            return Ok(());
        }
        self.begun = true;
        let latency = values.filter(|value| !value.is_empty()).last();
        let latency = latency.ok_or("expected the latencies of the hops after the time")?;
        let rtt_us = match micros(latency, Unit::Milliseconds) {
            Some(us) if us >= 0 => reply_micros(us),
            _ if ["*", "n/a", "err", "-"].contains(&latency.to_ascii_lowercase().as_str()) => LOST,
            _ => {
                return Err(format!(
                    "expected a latency in milliseconds or *, and it is {latency}"
                ));
            }
        };
        match &self.target {
            Some(target) if !rows.targets.takes(target) => Ok(()),
            _ => rows.push_later(at, rtt_us),
        }
    }

    fn format(&self) -> Format {
        Format::PingPlotter
    }
}

impl PingPlotter {
    fn other(&mut self, text: &str) -> Result<(), Problem> {
        if let Some((name, target)) = text.split_once([':', ','])
            && name
                .trim_matches('"')
                .trim()
                .eq_ignore_ascii_case("target name")
        {
            self.target = Some(target.trim().trim_matches('"').into());
            self.begun = false;
        }
        if self.begun && !text.is_empty() {
            return Err("expected a row such as `1/5/2024 12:00:01 PM`,1,9,22".into());
        }
        Ok(())
    }
}
