//! JSON documents of mtr, irtt and Prometheus, read as a stream: the rows are kept, and nothing
//! else of the document.

mod irtt;
mod mtr;
mod prometheus;

use core::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::Format;
use super::error::TraceError;
use super::rows::Rows;

/// Reads all documents up to the end.
pub(super) fn read(from: impl BufRead, rows: &mut Rows) -> Result<Format, TraceError> {
    let mut json = serde_json::Deserializer::from_reader(from);
    let mut state = State::default();
    while json.end().is_err() {
        let document = Document {
            rows,
            state: &mut state,
        };
        document
            .deserialize(&mut json)
            .map_err(|error| refused(&error))?;
    }
    let unknown =
        || TraceError::Unknown("JSON, but none of mtr, irtt or a range query of Prometheus".into());
    let format = state.format.ok_or_else(unknown)?;
    state.series.finish(rows);
    Ok(format)
}

/// Returns the error with its line in front.
fn refused(error: &serde_json::Error) -> TraceError {
    let line = error.line() as u64;
    let text = alloc::format!("{error}");
    let problem = text.split(" at line ").next().unwrap_or_default();
    TraceError::Line {
        line,
        problem: problem.into(),
    }
}

/// What is kept from one document to the next.
#[derive(Default)]
struct State {
    format: Option<Format>,
    /// The time of the next report of mtr.
    next_us: i64,
    series: prometheus::Series,
}

/// A document, recognised by the names of its parts.
struct Document<'a> {
    rows: &'a mut Rows,
    state: &'a mut State,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a report of mtr, the round trips of irtt or the data of Prometheus")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { rows, state } = self;
        while let Some(key) = map.next_key::<Key>()? {
            let format = match key {
                Key::Report => {
                    let report: mtr::Report = map.next_value()?;
                    report
                        .add(rows, &mut state.next_us)
                        .map_err(A::Error::custom)?;
                    Format::MtrJson
                }
                Key::RoundTrips => {
                    map.next_value_seed(irtt::RoundTrips(rows))?;
                    Format::IrttJson
                }
                Key::Data => {
                    map.next_value_seed(prometheus::Data(rows, &mut state.series))?;
                    Format::Prometheus
                }
                Key::Error => {
                    return Err(A::Error::custom(alloc::format!(
                        "the server refused: {}",
                        map.next_value::<alloc::string::String>()?
                    )));
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if state.format.is_some_and(|before| before != format) {
                return Err(A::Error::custom("expected one format, and there are two"));
            }
            state.format = Some(format);
        }
        Ok(())
    }
}

/// The names that matter; others are not kept, however long.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Key {
    Report,
    RoundTrips,
    Data,
    Error,
    #[serde(other)]
    Other,
}
