//! A report of `mtr --json`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::Value;

use crate::trace::read::Problem;
use crate::trace::read::mtr::Hop;
use crate::trace::read::rows::Rows;

#[derive(Debug, Deserialize)]
pub(super) struct Report {
    mtr: Header,
    hubs: Vec<Hub>,
}

#[derive(Debug, Deserialize)]
struct Header {
    dst: String,
}

/// A hop. Old versions write numbers as text.
#[derive(Debug, Deserialize)]
struct Hub {
    #[serde(rename = "Loss%")]
    loss_percent: Value,
    #[serde(rename = "Snt")]
    sent: Value,
    #[serde(rename = "Avg")]
    mean_ms: Value,
}

impl Report {
    pub(super) fn add(self, rows: &mut Rows, next_us: &mut i64) -> Result<(), Problem> {
        let hub = self.hubs.last().ok_or("expected hubs in the report")?;
        if !rows.targets.takes(&self.mtr.dst) {
            return Ok(());
        }
        let hop = Hop {
            loss_percent: text(&hub.loss_percent),
            sent: text(&hub.sent),
            mean_ms: text(&hub.mean_ms),
        };
        hop.add(rows, None, next_us)
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().trim_end_matches('%').into(),
        other => format!("{other}"),
    }
}
