//! The serialised form of a listener's configuration: plain numbers, read through the builder,
//! which checks them.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::config::Config;
use crate::config::error::ConfigError;
use crate::time::{duration, micros};

/// The serialised form. Fields that are missing or null get the defaults of
/// [`listener::Config::builder`].
#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default, rename = "ListenerConfig")]
struct Form {
    detect_within_us: Option<u64>,
    losses: Option<u8>,
    interval_min_us: Option<u64>,
    interval_max_us: Option<u64>,
    first_within_us: Option<u64>,
    rise: Option<u8>,
    authenticated: bool,
    incarnations_from: u32,
    report_pauses_over_us: Option<u32>,
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Form {
            detect_within_us: self.stated_bound().map(micros),
            losses: Some(self.losses),
            interval_min_us: Some(self.interval_min_us),
            interval_max_us: Some(self.interval_max_us),
            first_within_us: (self.first_us > 0).then_some(self.first_us),
            rise: Some(self.rise),
            authenticated: self.authenticated,
            incarnations_from: self.incarnation_min,
            report_pauses_over_us: Some(self.pause_us),
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
        let min_us = self.interval_min_us.unwrap_or(new.interval_min_us);
        let max_us = self.interval_max_us.unwrap_or(new.interval_max_us);
        let pause_us = self.report_pauses_over_us.unwrap_or(new.pause_us);
        let mut builder = new
            .into_builder()
            .intervals_between(duration(min_us), duration(max_us))
            .losses(self.losses.unwrap_or(new.losses))
            .rise(self.rise.unwrap_or(new.rise))
            .incarnations_from(self.incarnations_from)
            .report_pauses_over(duration(pause_us.into()));
        if let Some(bound_us) = self.detect_within_us {
            builder = builder.detect_within(duration(bound_us));
        }
        if let Some(first_us) = self.first_within_us {
            builder = builder.first_within(duration(first_us));
        }
        if self.authenticated {
            builder = builder.authenticated();
        }
        builder.build()
    }
}
