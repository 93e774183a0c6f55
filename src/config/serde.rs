//! The serialized form of configurations. Deserialization uses the builders, which
//! refuse invalid settings. The seed is written with the rest, so the written form is a secret.

use ::serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use ::serde::ser::{Serialize, Serializer};

use crate::config::error::ConfigError;
use crate::config::{Builder, Config};
use crate::pacing::{Fixed, Fluctuation, Lifetime, LifetimeRange, Pacing, Target};
use crate::plan::Retries;
use crate::time::serde::Span;

mod any;

/// The serialized form of a configuration. A field that is left out or null keeps the value that
/// the policy's constructor sets.
#[derive(::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Config")]
struct Form<F> {
    policy: F,
    #[serde(default)]
    interval_min: Option<Span>,
    #[serde(default)]
    interval_max: Option<Span>,
    #[serde(default)]
    timeout_first: Option<Span>,
    #[serde(default)]
    timeout_min: Option<Span>,
    #[serde(default)]
    timeout_max: Option<Span>,
    #[serde(default)]
    retries: Option<Retries>,
    #[serde(default)]
    detect_within: Option<Span>,
    #[serde(default)]
    jitter_percent: Option<u8>,
    #[serde(default)]
    rise: Option<u8>,
    #[serde(default)]
    dead_after_refusals: Option<u8>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    report_pauses_over: Option<Span>,
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
            interval_min: Some(Span(limits.interval_min_us)),
            interval_max: Some(Span(limits.interval_max_us)),
            timeout_first: Some(Span(u64::from(limits.timeout_first_us))),
            timeout_min: Some(Span(u64::from(limits.timeout_min_us))),
            timeout_max: Some(Span(u64::from(limits.timeout_max_us))),
            retries: Some(limits.retries),
            detect_within: self.stated_bound().map(Span::of),
            jitter_percent: Some(limits.jitter_percent),
            rise: Some(limits.rise),
            dead_after_refusals: self.dead_after_refusals(),
            seed: self.is_seeded().then_some(self.seed.0),
            report_pauses_over: Some(Span(self.pause_us.into())),
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

impl<F> Form<F> {
    /// Reads the configuration through its builder.
    fn read<P: SerdePolicy<Form = F>>(&self) -> Result<Config<P>, ConfigError> {
        let builder = self.conduct(self.timing(P::found(&self.policy)?));
        match self.detect_within {
            Some(bound) => builder.detect_within(bound.duration()),
            None => builder,
        }
        .build()
    }

    /// Applies the intervals and timeouts.
    fn timing<P: Pacing>(&self, builder: Builder<P>) -> Builder<P> {
        let limits = builder.config.settings.limits;
        let or = |span: Option<Span>, usual_us| span.unwrap_or(Span(usual_us)).duration();
        let (first, min, max) = (
            limits.timeout_first_us,
            limits.timeout_min_us,
            limits.timeout_max_us,
        );
        builder
            .interval_between(
                or(self.interval_min, limits.interval_min_us),
                or(self.interval_max, limits.interval_max_us),
            )
            .timeouts(
                or(self.timeout_first, u64::from(first)),
                or(self.timeout_min, u64::from(min)),
                or(self.timeout_max, u64::from(max)),
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
        if let Some(lateness) = self.report_pauses_over {
            builder = builder.report_pauses_over(lateness.duration());
        }
        builder.config.without_initial_delay = self.without_initial_delay;
        builder
    }
}

/// The serialized form of [`Fluctuation`]: `{ "every": "5s" }`.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FluctuationForm {
    every: Span,
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
            every: Span::of(self.base()),
            gain_percent: self.gain_percent(),
        }
    }

    fn found(form: &FluctuationForm) -> Result<Builder<Self>, ConfigError> {
        Ok(Config::every(form.every.duration()).gain_percent(form.gain_percent))
    }
}

/// The serialized form of [`Fixed`]: `{ "fixed": "5s" }`.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedForm {
    fixed: Span,
}

impl SerdePolicy for Fixed {
    type Form = FixedForm;

    fn form(&self) -> FixedForm {
        FixedForm {
            fixed: Span::of(self.interval()),
        }
    }

    fn found(form: &FixedForm) -> Result<Builder<Self>, ConfigError> {
        Ok(Config::fixed(form.fixed.duration()))
    }
}

/// The serialized form of [`Target`]: `{ "target": "10s" }`.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetForm {
    target: Span,
    #[serde(default)]
    mistakes_at_most_one_per: Option<Span>,
    #[serde(default)]
    probes_at_most: Option<u32>,
}

impl SerdePolicy for Target {
    type Form = TargetForm;

    fn form(&self) -> TargetForm {
        TargetForm {
            target: Span::of(self.detect_within()),
            mistakes_at_most_one_per: Some(Span::of(self.mistakes_at_most_one_per())),
            probes_at_most: self.probes_at_most(),
        }
    }

    fn found(form: &TargetForm) -> Result<Builder<Self>, ConfigError> {
        let mut builder = Config::target(form.target.duration());
        if let Some(span) = form.mistakes_at_most_one_per {
            builder = builder.mistakes_at_most_one_per(span.duration());
        }
        Ok(match form.probes_at_most {
            Some(in_1000_s) => builder.probes_at_most(in_1000_s),
            None => builder,
        })
    }
}

/// The serialized form of [`Lifetime`], such as
/// `{ "at_most": "10s", "of": { "every": "8s" } }`. With `at_least`, the lifetime is
/// searched for.
#[derive(Debug, ::serde::Serialize, ::serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeForm<F> {
    at_most: Span,
    #[serde(default)]
    at_least: Option<Span>,
    #[serde(default)]
    second_flow: bool,
    #[serde(default)]
    refreshed_by_traffic: bool,
    of: F,
}

impl<F> LifetimeForm<F> {
    /// Returns the range. A serialized interval below the floor was chosen deliberately, so it is
    /// accepted.
    fn range(&self) -> Result<LifetimeRange, ConfigError> {
        let most = self.at_most.duration();
        let mut reach = match self.at_least {
            Some(least) => LifetimeRange::below_the_floor(least.duration(), most)?,
            None => LifetimeRange::only(self.at_most.0),
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
        let (least, most) = (Span::of(reach.least()), Span::of(reach.most()));
        LifetimeForm {
            at_most: most,
            at_least: (least.0 < most.0).then_some(least),
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
