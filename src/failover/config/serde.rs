//! The serialised form of a group's configuration. It is read through the builder, which checks it.

use ::serde::de::{Deserialize, Deserializer, Error};
use ::serde::ser::{Serialize, Serializer};

use crate::config::Config as MonitorConfig;
use crate::config::SerdePolicy;
use crate::config::error::{ConfigError, Setting, check};
use crate::failover::config::{Builder, Config, Failback, Preference, SwitchOn};
use crate::pacing::Pacing;
use crate::time::{duration, saturate};

/// The serialised form. Fields that are missing get the values that [`failover::Config::probing`]
/// sets.
#[derive(::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "FailoverConfig")]
struct Form<C> {
    active: C,
    standby: C,
    #[serde(default)]
    request_timeout_us: Option<u32>,
    #[serde(default)]
    quarantine_us: Option<u64>,
    #[serde(default)]
    quarantine_max_us: Option<u64>,
    #[serde(default)]
    hold_down_us: Option<u64>,
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
            request_timeout_us: Some(saturate(self.rules.request_us)),
            quarantine_us: Some(self.rules.quarantine_us),
            quarantine_max_us: Some(self.rules.quarantine_max_us),
            hold_down_us: Some(self.rules.hold_us),
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
        let rules = new.config.rules;
        let first = self.quarantine_us.unwrap_or(rules.quarantine_us);
        let longest = self.quarantine_max_us.unwrap_or(rules.quarantine_max_us);
        let warn_above = self.warn_above_milli_octaves.unwrap_or(rules.warn_above);
        new.quarantine(duration(first), duration(longest))
            .hold_down(duration(self.hold_down_us.unwrap_or(rules.hold_us)))
            .preference(self.preference)
            .failback(self.failback)
            .switch_on(self.switch_on)
            .warn_above(warn_above)
            .enabled(self.enabled)
            .build()
    }

    fn with_request_timeout(&self) -> Builder<P> {
        let Some(us) = self.request_timeout_us else {
            return Config::probing(self.active, self.standby);
        };
        Builder::around(self.active, self.standby, us).require(check(
            Setting::RequestTimeout,
            us.into(),
            1,
            u32::MAX.into(),
        ))
    }
}
