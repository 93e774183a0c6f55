//! The serialised form of a listener's configuration. It is read through the builder, which
//! checks it.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::config::Config;
use crate::config::error::ConfigError;
use crate::time::serde::Span;

/// The serialised form. Fields that are missing or null get the defaults of
/// [`listener::Config::builder`].
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default, rename = "ListenerConfig")]
struct Form {
    detect_within: Option<Span>,
    losses: Option<u8>,
    interval_min: Option<Span>,
    interval_max: Option<Span>,
    first_within: Option<Span>,
    rise: Option<u8>,
    authenticated: bool,
    incarnations_from: u32,
    report_pauses_over: Option<Span>,
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Form {
            detect_within: self.stated_bound().map(Span::of),
            losses: Some(self.losses),
            interval_min: Some(Span(self.interval_min_us)),
            interval_max: Some(Span(self.interval_max_us)),
            first_within: (self.first_us > 0).then_some(Span(self.first_us)),
            rise: Some(self.rise),
            authenticated: self.authenticated,
            incarnations_from: self.incarnation_min,
            report_pauses_over: Some(Span(self.pause_us.into())),
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
    fn read(&self) -> Result<Config, ConfigError> {
        let new = Config::default();
        let min = self.interval_min.unwrap_or(Span(new.interval_min_us));
        let max = self.interval_max.unwrap_or(Span(new.interval_max_us));
        let pause = Span(new.pause_us.into());
        let mut builder = new
            .into_builder()
            .intervals_between(min.duration(), max.duration())
            .losses(self.losses.unwrap_or(new.losses))
            .rise(self.rise.unwrap_or(new.rise))
            .incarnations_from(self.incarnations_from)
            .report_pauses_over(self.report_pauses_over.unwrap_or(pause).duration());
        if let Some(bound) = self.detect_within {
            builder = builder.detect_within(bound.duration());
        }
        if let Some(first) = self.first_within {
            builder = builder.first_within(first.duration());
        }
        if self.authenticated {
            builder = builder.authenticated();
        }
        builder.build()
    }
}
