//! The serialized forms of plans and retries, without their packing.

use serde::{Deserialize, Serialize};

use crate::plan::retries::Spacing;
use crate::plan::{self, plan::unpacked};

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
    interval_us: u64,
    timeout_us: u32,
    retries: plan::Retries,
    bound_us: u64,
    dead_interval_us: u64,
    margin_percent: u8,
}

impl From<plan::Plan> for Plan {
    fn from(plan: plan::Plan) -> Self {
        Self {
            interval_us: plan.interval_us,
            timeout_us: plan.timeout_us,
            retries: plan.retries,
            bound_us: plan.bound_us,
            dead_interval_us: unpacked(plan.dead),
            margin_percent: plan.margin_percent,
        }
    }
}

impl From<Plan> for plan::Plan {
    fn from(form: Plan) -> Self {
        let mut plan = Self::from_micros(form.interval_us, form.timeout_us)
            .with_retries(form.retries)
            .with_dead_interval_us(form.dead_interval_us)
            .with_margin_percent(form.margin_percent);
        plan.bound_us = form.bound_us;
        plan
    }
}
