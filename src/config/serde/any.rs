//! The serialized form of a policy that a file chooses.

use core::fmt;

use super::{FixedForm, FluctuationForm, LifetimeForm, SerdePolicy, TargetForm};
use crate::config::Builder;
use crate::config::error::ConfigError;
use crate::pacing::{AnyPolicy, Fixed, Fluctuation, Lifetime, Target};
use crate::time::serde::Span;

/// The serialized form of [`AnyPolicy`], which is that of the chosen policy.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "AnyFields")]
pub struct AnyForm(Any);

#[derive(Debug)]
enum Any {
    Fluctuation(FluctuationForm),
    Fixed(FixedForm),
    Target(TargetForm),
    Lifetime(LifetimeForm<FixedForm>),
}

impl SerdePolicy for AnyPolicy {
    type Form = AnyForm;

    fn form(&self) -> AnyForm {
        AnyForm(match self {
            Self::Fluctuation(policy) => Any::Fluctuation(policy.form()),
            Self::Fixed(policy) => Any::Fixed(policy.form()),
            Self::Target(policy) => Any::Target(policy.form()),
            Self::Lifetime(policy) => Any::Lifetime(policy.form()),
        })
    }

    fn found(form: &AnyForm) -> Result<Builder<Self>, ConfigError> {
        match &form.0 {
            Any::Fluctuation(form) => Fluctuation::found(form).map(Builder::into_any),
            Any::Fixed(form) => Fixed::found(form).map(Builder::into_any),
            Any::Target(form) => Target::found(form).map(Builder::into_any),
            Any::Lifetime(form) => Lifetime::<Fixed>::found(form).map(Builder::into_any),
        }
    }
}

/// Writes the form of the policy alone, without the fields of the others.
impl serde::Serialize for AnyForm {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Any::Fluctuation(form) => form.serialize(to),
            Any::Fixed(form) => form.serialize(to),
            Any::Target(form) => form.serialize(to),
            Any::Lifetime(form) => form.serialize(to),
        }
    }
}

/// The fields of all policies. The fields that are set choose the policy.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, default, rename = "AnyPolicy")]
#[derive(Default)]
struct AnyFields {
    every: Option<Span>,
    gain_percent: Option<u16>,
    fixed: Option<Span>,
    target: Option<Span>,
    mistakes_at_most_one_per: Option<Span>,
    probes_at_most: Option<u32>,
    at_most: Option<Span>,
    at_least: Option<Span>,
    second_flow: Option<bool>,
    refreshed_by_traffic: Option<bool>,
    of: Option<FixedForm>,
}

/// The error for fields that are not those of exactly one policy.
#[derive(Clone, Copy)]
struct NotOne;

impl fmt::Display for NotOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a policy has the fields of one of: every, gain_percent; fixed; target, \
             mistakes_at_most_one_per, probes_at_most; at_most, at_least, second_flow, \
             refreshed_by_traffic, of",
        )
    }
}

impl AnyFields {
    const fn is_fluctuation(&self) -> bool {
        self.every.is_some() || self.gain_percent.is_some()
    }

    const fn is_target(&self) -> bool {
        self.target.is_some()
            || self.mistakes_at_most_one_per.is_some()
            || self.probes_at_most.is_some()
    }

    const fn is_lifetime(&self) -> bool {
        self.at_most.is_some()
            || self.at_least.is_some()
            || self.second_flow.is_some()
            || self.refreshed_by_traffic.is_some()
            || self.of.is_some()
    }

    fn policies(&self) -> usize {
        let set = [
            self.is_fluctuation(),
            self.fixed.is_some(),
            self.is_target(),
            self.is_lifetime(),
        ];
        set.into_iter().filter(|is_set| *is_set).count()
    }
}

impl TryFrom<AnyFields> for AnyForm {
    type Error = NotOne;

    fn try_from(fields: AnyFields) -> Result<Self, NotOne> {
        if fields.policies() != 1 {
            return Err(NotOne);
        }
        let policy = match fields {
            AnyFields {
                every: Some(every),
                gain_percent,
                ..
            } => {
                let gain_percent = gain_percent.unwrap_or(super::full_gain());
                Any::Fluctuation(FluctuationForm {
                    every,
                    gain_percent,
                })
            }
            AnyFields {
                fixed: Some(fixed), ..
            } => Any::Fixed(FixedForm { fixed }),
            AnyFields {
                target: Some(target),
                mistakes_at_most_one_per,
                probes_at_most,
                ..
            } => Any::Target(TargetForm {
                target,
                mistakes_at_most_one_per,
                probes_at_most,
            }),
            AnyFields {
                at_most: Some(at_most),
                at_least,
                second_flow,
                refreshed_by_traffic,
                of: Some(of),
                ..
            } => Any::Lifetime(LifetimeForm {
                at_most,
                at_least,
                second_flow: second_flow.unwrap_or(false),
                refreshed_by_traffic: refreshed_by_traffic.unwrap_or(false),
                of,
            }),
            _ => return Err(NotOne),
        };
        Ok(Self(policy))
    }
}
