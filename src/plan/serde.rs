//! The serialized forms of plans and retries, without their packing.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::plan::retries::Spacing;
use crate::plan::{self, plan::unpacked};
use crate::time::saturate;
use crate::time::serde::Span;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Retries")]
struct RetriesForm {
    count: u8,
    spacing: Spacing,
}

impl From<plan::Retries> for RetriesForm {
    fn from(retries: plan::Retries) -> Self {
        Self {
            count: retries.count(),
            spacing: retries.spacing(),
        }
    }
}

impl From<RetriesForm> for plan::Retries {
    fn from(form: RetriesForm) -> Self {
        Self::new(form.count, form.spacing)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Plan")]
struct PlanForm {
    interval: Span,
    timeout: Span,
    retries: plan::Retries,
    bound: Span,
    dead_interval: Span,
    margin_percent: u8,
}

impl From<plan::Plan> for PlanForm {
    fn from(plan: plan::Plan) -> Self {
        Self {
            interval: Span(plan.interval_us),
            timeout: Span(plan.timeout_us.into()),
            retries: plan.retries,
            bound: Span(plan.bound_us),
            dead_interval: Span(unpacked(plan.dead)),
            margin_percent: plan.margin_percent,
        }
    }
}

impl From<PlanForm> for plan::Plan {
    fn from(form: PlanForm) -> Self {
        let mut plan = Self::from_micros(form.interval.0, saturate(form.timeout.0))
            .with_retries(form.retries)
            .with_dead_interval_us(form.dead_interval.0)
            .with_margin_percent(form.margin_percent);
        plan.bound_us = form.bound.0;
        plan
    }
}

impl Serialize for plan::Retries {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RetriesForm::from(*self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for plan::Retries {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        RetriesForm::deserialize(from).map(Into::into)
    }
}

impl Serialize for plan::Plan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        PlanForm::from(*self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for plan::Plan {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        PlanForm::deserialize(from).map(Into::into)
    }
}
