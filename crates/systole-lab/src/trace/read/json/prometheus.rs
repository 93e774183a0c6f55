//! The answer of Prometheus to a range query for the durations of the blackbox exporter.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::trace::LOST;
use crate::trace::read::decimal::{Unit, micros};
use crate::trace::read::reply_micros;
use crate::trace::read::rows::Rows;

/// What is known of the series so far.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// The times at which a probe failed.
    failures: Vec<i64>,
    has_success: bool,
    has_durations: bool,
}

impl Series {
    /// Turns the durations of failed probes into losses.
    pub(super) fn finish(self, rows: &mut Rows) {
        for at in self.failures {
            rows.mark_lost(at);
        }
        if self.has_durations && !self.has_success {
            rows.note("no series probe_success: a probe that failed counts as a slow reply");
        }
    }
}

pub(super) struct Data<'a>(pub(super) &'a mut Rows, pub(super) &'a mut Series);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Part {
    Result,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data of a range query")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(part) = map.next_key::<Part>()? {
            match part {
                Part::Result => map.next_value_seed(AllSeries(self.0, self.1))?,
                Part::Other => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

struct AllSeries<'a>(&'a mut Rows, &'a mut Series);

impl<'de> DeserializeSeed<'de> for AllSeries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AllSeries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(OneSeries(self.0, self.1))?.is_some() {}
        Ok(())
    }
}

struct OneSeries<'a>(&'a mut Rows, &'a mut Series);

#[derive(Debug, Default, Deserialize)]
struct Metric {
    #[serde(rename = "__name__", default)]
    name: String,
    phase: Option<String>,
    instance: Option<String>,
    target: Option<String>,
}

/// What the values of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Success,
    Duration(Unit),
    Ignored,
}

impl Metric {
    fn kind(&self) -> Kind {
        let is_part = self.phase.as_deref().is_some_and(|phase| phase != "rtt");
        match self.name.as_str() {
            "probe_success" => Kind::Success,
            name if is_part || name.contains("dns_lookup") => Kind::Ignored,
            name if name.ends_with("_milliseconds") || name.ends_with("_ms") => {
                Kind::Duration(Unit::Milliseconds)
            }
            name if name.is_empty() || name.ends_with("_seconds") => Kind::Duration(Unit::Seconds),
            _ => Kind::Ignored,
        }
    }

    fn peer(&self) -> &str {
        self.instance
            .as_deref()
            .or(self.target.as_deref())
            .unwrap_or("the peer without a label")
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    Metric,
    Values,
    Value,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for OneSeries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneSeries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series with its metric and its values")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut metric: Option<Metric> = None;
        while let Some(field) = map.next_key::<Field>()? {
            match field {
                Field::Metric => metric = Some(map.next_value()?),
                Field::Values => {
                    let metric = metric
                        .as_ref()
                        .ok_or_else(|| A::Error::custom("expected the metric before its values"))?;
                    let kind = self.begin(metric).map_err(A::Error::custom)?;
                    map.next_value_seed(Values(self.0, self.1, kind))?;
                }
                Field::Value => {
                    return Err(A::Error::custom(
                        "expected a range query (query_range), and it is an instant one",
                    ));
                }
                Field::Other => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

impl OneSeries<'_> {
    /// Returns how the values are read.
    fn begin(&mut self, metric: &Metric) -> Result<Kind, String> {
        let kind = metric.kind();
        if kind == Kind::Ignored || !self.0.targets.takes(metric.peer()) {
            return Ok(Kind::Ignored);
        }
        match kind {
            Kind::Success => self.1.has_success = true,
            _ if self.1.has_durations => {
                return Err("expected one series of durations of the peer, and there are two: select one in the query".to_string());
            }
            _ => self.1.has_durations = true,
        }
        Ok(kind)
    }
}

struct Values<'a>(&'a mut Rows, &'a mut Series, Kind);

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pairs of a time and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some((time, value)) = list.next_element::<(serde_json::Number, String)>()? {
            let at = micros(&time.to_string(), Unit::Seconds);
            let at = at.ok_or_else(|| A::Error::custom("expected seconds since 1970"))?;
            match self.2 {
                Kind::Success if value.trim() == "0" => self.1.failures.push(at),
                Kind::Success | Kind::Ignored => {}
                Kind::Duration(unit) => {
                    let rtt_us = duration(&value, unit)
                        .ok_or_else(|| A::Error::custom("expected a duration"))?;
                    self.0.push_later(at, rtt_us).map_err(A::Error::custom)?;
                }
            }
        }
        Ok(())
    }
}

/// Returns a duration; a value that is no number is a loss.
fn duration(value: &str, unit: Unit) -> Option<u32> {
    if ["NaN", "+Inf", "-Inf", "Inf"].contains(&value) {
        return Some(LOST);
    }
    micros(value, unit).filter(|&us| us >= 0).map(reply_micros)
}
