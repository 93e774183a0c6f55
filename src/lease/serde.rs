//! The serialized form of a lease's configuration. It is read through the builder, which checks it.
//! The seed is written with the rest, so the written form is a secret.

use ::serde::de::{Deserialize, Deserializer, Error};
use ::serde::ser::{Serialize, Serializer};

use crate::config::error::ConfigError;
use crate::lease::config::{Builder, Config};
use crate::time::serde::Span;

/// The serialized form: `{ "ttl": "10s" }`. A field that is left out or null keeps the value that
/// [`Config::renewed`] sets.
#[derive(::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "LeaseConfig")]
struct Form {
    ttl: Span,
    #[serde(default)]
    lapses_at_most_one_per: Option<Span>,
    #[serde(default)]
    drift_ppm: Option<u32>,
    #[serde(default)]
    resolution: Option<Span>,
    #[serde(default)]
    stop_within: Option<Span>,
    #[serde(default)]
    send_within: Option<Span>,
    #[serde(default)]
    jitter_percent: Option<u8>,
    #[serde(default)]
    seed: Option<u64>,
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let some = |us: u64| (us > 0).then_some(Span(us));
        Form {
            ttl: Span(self.ttl_us),
            lapses_at_most_one_per: Some(Span(self.recurrence_us)),
            drift_ppm: Some(self.allowance.drift_ppm),
            resolution: Some(Span(self.allowance.resolution_us)),
            stop_within: some(self.reserve_us),
            send_within: some(self.send_within_us),
            jitter_percent: Some(self.jitter_percent),
            seed: (self.seed.0 > 0).then_some(self.seed.0),
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(from)?;
        form.read().map_err(D::Error::custom)
    }
}

impl Form {
    /// Reads the configuration through its builder.
    fn read(&self) -> Result<Config, ConfigError> {
        let set = |builder, span: Option<Span>, setting: fn(Builder, _) -> Builder| match span {
            Some(span) => setting(builder, span.duration()),
            None => builder,
        };
        let mut builder = Config::renewed(self.ttl.duration()).seed(self.seed.unwrap_or(0));
        builder = set(
            builder,
            self.lapses_at_most_one_per,
            Builder::lapses_at_most_one_per,
        );
        builder = set(builder, self.resolution, Builder::resolution);
        builder = set(builder, self.stop_within, Builder::stop_within);
        builder = set(builder, self.send_within, Builder::send_within);
        if let Some(ppm) = self.drift_ppm {
            builder = builder.drift_ppm(ppm);
        }
        if let Some(percent) = self.jitter_percent {
            builder = builder.jitter_percent(percent);
        }
        builder.build()
    }
}
