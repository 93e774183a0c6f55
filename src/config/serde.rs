//! The serialized form of configurations: plain numbers. Deserialization uses the builders, which
//! refuse invalid settings. The seed is written with the rest, so the written form is a secret.

use ::serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use ::serde::ser::{Serialize, Serializer};

use crate::config::error::ConfigError;
use crate::config::{Builder, Config, Settings};
use crate::pacing::{Fixed, Fluctuation, Lifetime, LifetimeRange, Pacing, Target};
use crate::plan::Retries;
use crate::time::{duration, micros};

/// A field that is left out or null keeps the value that the policy's constructor sets.
#[derive(::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Config")]
struct Form<F> {
    policy: F,
    #[serde(default)]
    interval_min_us: Option<u64>,
    #[serde(default)]
    interval_max_us: Option<u64>,
    #[serde(default)]
    timeout_first_us: Option<u64>,
    #[serde(default)]
    timeout_min_us: Option<u64>,
    #[serde(default)]
    timeout_max_us: Option<u64>,
    #[serde(default)]
    retries: Option<Retries>,
    #[serde(default)]
    detect_within_us: Option<u64>,
    #[serde(default)]
    jitter_percent: Option<u8>,
    #[serde(default)]
    rise: Option<u8>,
    #[serde(default)]
    dead_after_refusals: Option<u8>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    report_pauses_over_us: Option<u32>,
    #[serde(default)]
    without_initial_delay: bool,
}

/// A policy whose configuration can be serialized and deserialized.
pub trait SerdePolicy: Pacing {
    /// The serialized form of the policy.
    type Form: Serialize + DeserializeOwned;

    /// Returns the serialized form of the policy.
    fn form(&self) -> Self::Form;

    /// Returns the builder that the policy's constructor returns for `form`.
    ///
    /// # Errors
    /// Returns the error of the constructor.
    fn found(form: &Self::Form) -> Result<Builder<Self>, ConfigError>;
}

impl<P: SerdePolicy> Serialize for Config<P> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let limits = self.settings.limits;
        Form {
            policy: self.settings.policy.form(),
            interval_min_us: Some(limits.interval_min_us),
            interval_max_us: Some(limits.interval_max_us),
            timeout_first_us: Some(u64::from(limits.timeout_first_us)),
            timeout_min_us: Some(u64::from(limits.timeout_min_us)),
            timeout_max_us: Some(u64::from(limits.timeout_max_us)),
            retries: Some(limits.retries),
            detect_within_us: self.stated_bound().map(micros),
            jitter_percent: Some(limits.jitter_percent),
            rise: Some(limits.rise),
            dead_after_refusals: self.dead_after_refusals(),
            seed: self.is_seeded().then_some(self.seed.0),
            report_pauses_over_us: Some(self.pause_us),
            without_initial_delay: self.without_initial_delay,
        }
        .serialize(to)
    }
}

impl<'de, P: SerdePolicy> Deserialize<'de> for Config<P> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(from)?;
        form.read().map_err(D::Error::custom)
    }
}

impl<P> Config<P> {
    /// Returns the same configuration with another policy.
    fn with<Q>(self, policy: Q) -> Config<Q> {
        let limits = self.settings.limits;
        Config {
            settings: Settings { policy, limits },
            seed: self.seed,
            planned_us: self.planned_us,
            pause_us: self.pause_us,
            without_initial_delay: self.without_initial_delay,
        }
    }
}

impl<F> Form<F> {
    /// Reads the configuration through its builder.
    fn read<P: SerdePolicy<Form = F>>(&self) -> Result<Config<P>, ConfigError> {
        let builder = self.conduct(self.timing(P::found(&self.policy)?));
        match self.detect_within_us {
            Some(bound_us) => builder.detect_within(duration(bound_us)),
            None => builder,
        }
        .build()
    }

    /// Applies the intervals and timeouts.
    fn timing<P: Pacing>(&self, builder: Builder<P>) -> Builder<P> {
        let limits = builder.config.settings.limits;
        let or = |us: Option<u64>, founded_us| duration(us.unwrap_or(founded_us));
        let (first, min, max) = (
            limits.timeout_first_us,
            limits.timeout_min_us,
            limits.timeout_max_us,
        );
        builder
            .interval_between(
                or(self.interval_min_us, limits.interval_min_us),
                or(self.interval_max_us, limits.interval_max_us),
            )
            .timeouts(
                or(self.timeout_first_us, u64::from(first)),
                or(self.timeout_min_us, u64::from(min)),
                or(self.timeout_max_us, u64::from(max)),
            )
    }

    /// Applies the other settings but the bound.
    fn conduct<P: Pacing>(&self, builder: Builder<P>) -> Builder<P> {
        let limits = builder.config.settings.limits;
        let mut builder = builder
            .retries(self.retries.unwrap_or(limits.retries))
            .jitter_percent(self.jitter_percent.unwrap_or(limits.jitter_percent))
            .rise(self.rise.unwrap_or(limits.rise));
        if let Some(refusals) = self.dead_after_refusals {
            builder = builder.dead_after_refusals(refusals);
        }
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        let config = &mut builder.config;
        config.pause_us = self.report_pauses_over_us.unwrap_or(config.pause_us);
        config.without_initial_delay = self.without_initial_delay;
        builder
    }
}

/// The serialized form of [`Fluctuation`]: `{ "every_us": 5000000 }`.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FluctuationForm {
    every_us: u64,
    #[serde(default = "full_gain")]
    gain_percent: u16,
}

const fn full_gain() -> u16 {
    100
}

impl SerdePolicy for Fluctuation {
    type Form = FluctuationForm;

    fn form(&self) -> FluctuationForm {
        FluctuationForm {
            every_us: micros(self.base()),
            gain_percent: self.gain_percent(),
        }
    }

    fn found(form: &FluctuationForm) -> Result<Builder<Self>, ConfigError> {
        Ok(Config::every(duration(form.every_us)).gain_percent(form.gain_percent))
    }
}

/// The serialized form of [`Fixed`]: `{ "fixed_us": 5000000 }`.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedForm {
    fixed_us: u64,
}

impl SerdePolicy for Fixed {
    type Form = FixedForm;

    fn form(&self) -> FixedForm {
        FixedForm {
            fixed_us: micros(self.interval()),
        }
    }

    fn found(form: &FixedForm) -> Result<Builder<Self>, ConfigError> {
        Ok(Config::fixed(duration(form.fixed_us)))
    }
}

/// The serialized form of [`Target`]: `{ "target_us": 10000000 }`.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetForm {
    target_us: u64,
    #[serde(default)]
    mistakes_at_most_one_per_us: Option<u64>,
    #[serde(default)]
    probes_at_most: Option<u32>,
}

impl SerdePolicy for Target {
    type Form = TargetForm;

    fn form(&self) -> TargetForm {
        TargetForm {
            target_us: micros(self.detect_within()),
            mistakes_at_most_one_per_us: Some(micros(self.mistakes_at_most_one_per())),
            probes_at_most: self.probes_at_most(),
        }
    }

    fn found(form: &TargetForm) -> Result<Builder<Self>, ConfigError> {
        let mut builder = Config::target(duration(form.target_us));
        if let Some(us) = form.mistakes_at_most_one_per_us {
            builder = builder.mistakes_at_most_one_per(duration(us));
        }
        Ok(match form.probes_at_most {
            Some(in_1000_s) => builder.probes_at_most(in_1000_s),
            None => builder,
        })
    }
}

/// The serialized form of [`Lifetime`], such as
/// `{ "at_most_us": 10000000, "of": { "every_us": 8000000 } }`. With `at_least_us`, the lifetime is
/// searched for.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeForm<F> {
    at_most_us: u64,
    #[serde(default)]
    at_least_us: Option<u64>,
    #[serde(default)]
    second_flow: bool,
    #[serde(default)]
    refreshed_by_traffic: bool,
    of: F,
}

impl<F> LifetimeForm<F> {
    /// Returns the range. A serialized interval below the floor was chosen on purpose, so it is
    /// accepted.
    fn range(&self) -> Result<LifetimeRange, ConfigError> {
        let most = duration(self.at_most_us);
        let mut reach = match self.at_least_us {
            Some(least_us) => LifetimeRange::below_the_floor(duration(least_us), most)?,
            None => LifetimeRange::only(self.at_most_us),
        };
        if self.second_flow {
            reach = reach.with_second_flow();
        }
        if self.refreshed_by_traffic {
            reach = reach.refreshed_by_traffic();
        }
        Ok(reach)
    }
}

impl<P: SerdePolicy> SerdePolicy for Lifetime<P> {
    type Form = LifetimeForm<P::Form>;

    fn form(&self) -> Self::Form {
        let reach = self.range();
        let (least_us, most_us) = (micros(reach.least()), micros(reach.most()));
        LifetimeForm {
            at_most_us: most_us,
            at_least_us: (least_us < most_us).then_some(least_us),
            second_flow: reach.has_second_flow(),
            refreshed_by_traffic: reach.is_refreshed_by_traffic(),
            of: self.inner().form(),
        }
    }

    fn found(form: &Self::Form) -> Result<Builder<Self>, ConfigError> {
        let inner = P::found(&form.of)?.build()?;
        let policy = Self::search(*inner.policy(), form.range()?);
        Ok(inner.with(policy).into_builder())
    }
}
