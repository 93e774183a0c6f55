//! The serialized forms of plans and retries, without their packing.

use serde::{Deserialize, Serialize};

use crate::plan::retries::Spacing;
use crate::plan::{self, plan::unpacked};
use crate::time::saturate;
use crate::time::serde::Span;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retries {
    count: u8,
    spacing: Spacing,
}

impl From<plan::Retries> for Retries {
    fn from(retries: plan::Retries) -> Self {
        Self {
            count: retries.count(),
            spacing: retries.spacing(),
        }
    }
}

impl From<Retries> for plan::Retries {
    fn from(form: Retries) -> Self {
        Self::new(form.count, form.spacing)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    interval: Span,
    timeout: Span,
    retries: plan::Retries,
    bound: Span,
    dead_interval: Span,
    margin_percent: u8,
}

impl From<plan::Plan> for Plan {
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

impl From<Plan> for plan::Plan {
    fn from(form: Plan) -> Self {
        let mut plan = Self::from_micros(form.interval.0, saturate(form.timeout.0))
            .with_retries(form.retries)
            .with_dead_interval_us(form.dead_interval.0)
            .with_margin_percent(form.margin_percent);
        plan.bound_us = form.bound.0;
        plan
    }
}
