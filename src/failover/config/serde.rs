//! The serialized form of a group's configuration. It is read through the builder, which checks it.

use ::serde::de::{Deserialize, Deserializer, Error};
use ::serde::ser::{Serialize, Serializer};

use crate::config::Config as MonitorConfig;
use crate::config::SerdePolicy;
use crate::config::error::{ConfigError, Setting, check};
use crate::failover::config::{Builder, Config, Failback, Preference, SwitchOn};
use crate::pacing::Pacing;
use crate::time::saturate;
use crate::time::serde::Span;

/// The serialized form. Fields that are missing get the values that [`failover::Config::probing`]
/// sets.
#[derive(::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "FailoverConfig")]
struct Form<C> {
    active: C,
    standby: C,
    #[serde(default)]
    request_timeout: Option<Span>,
    #[serde(default)]
    quarantine: Option<Span>,
    #[serde(default)]
    quarantine_max: Option<Span>,
    #[serde(default)]
    hold_down: Option<Span>,
    #[serde(default)]
    preference: Preference,
    #[serde(default)]
    failback: Failback,
    #[serde(default)]
    switch_on: SwitchOn,
    #[serde(default)]
    warn_above_milli_octaves: Option<u16>,
    #[serde(default = "on")]
    enabled: bool,
}

const fn on() -> bool {
    true
}

impl<P: SerdePolicy> Serialize for Config<P> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Form {
            active: self.active,
            standby: self.standby,
            request_timeout: Some(Span(self.rules.request_us)),
            quarantine: Some(Span(self.rules.quarantine_us)),
            quarantine_max: Some(Span(self.rules.quarantine_max_us)),
            hold_down: Some(Span(self.rules.hold_us)),
            preference: self.rules.preference,
            failback: self.rules.failback,
            switch_on: self.rules.switch_on,
            warn_above_milli_octaves: Some(self.rules.warn_above),
            enabled: self.rules.enabled,
        }
        .serialize(to)
    }
}

impl<'de, P: SerdePolicy> Deserialize<'de> for Config<P> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let form = Form::<MonitorConfig<P>>::deserialize(from)?;
        form.read().map_err(D::Error::custom)
    }
}

impl<P: Pacing> Form<MonitorConfig<P>> {
    fn read(&self) -> Result<Config<P>, ConfigError> {
        let new = self.with_request_timeout();
        let rules = new.rules();
        let first = self.quarantine.unwrap_or(Span(rules.quarantine_us));
        let longest = self.quarantine_max.unwrap_or(Span(rules.quarantine_max_us));
        let warn_above = self.warn_above_milli_octaves.unwrap_or(rules.warn_above);
        new.quarantine(first.duration(), longest.duration())
            .hold_down(self.hold_down.unwrap_or(Span(rules.hold_us)).duration())
            .preference(self.preference)
            .failback(self.failback)
            .switch_on(self.switch_on)
            .warn_above(warn_above)
            .enabled(self.enabled)
            .build()
    }

    /// Returns a builder with the probing configurations and the request timeout applied.
    fn with_request_timeout(&self) -> Builder<P> {
        let Some(Span(us)) = self.request_timeout else {
            return Config::probing(self.active, self.standby);
        };
        Builder::around(self.active, self.standby, saturate(us)).require(check(
            Setting::RequestTimeout,
            us,
            1,
            u32::MAX.into(),
        ))
    }
}
