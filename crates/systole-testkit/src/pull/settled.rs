//! Law 5 for a loop with one call outstanding.

use systole::Verdict;

use crate::world::{Jitter, Law, Violation};

use super::{Limits, Plan, Policy};

/// Watches what has to be quiet after a while.
#[derive(Debug)]
pub(super) struct Settled {
    from_us: Option<u64>,
    rtt_us: u64,
    window: u64,
    left: Option<u64>,
}

impl Settled {
    pub(super) fn new(plan: &Plan, limits: &Limits) -> Self {
        let each_way_us = plan.path.least_us(u64::MAX, &plan.incidents);
        let rtt_us = 2 * each_way_us + plan.held_us;
        let constant = plan.path.jitter == Jitter::None && plan.path.loss_ppm == 0;
        let late = plan.incidents.0.iter().any(crate::world::Incident::is_ours);
        let promised = constant && !late && fits(plan, limits, rtt_us);
        Self {
            from_us: plan.settled_us().filter(|_| promised),
            rtt_us,
            window: super::machine::window(&plan.settings, plan.window),
            left: None,
        }
    }

    pub(super) fn sent(&mut self, now_us: u64, timeout_us: u64) {
        if self.from_us.is_none_or(|from_us| now_us < from_us) {
            return;
        }
        let doublings = u64::from((self.rtt_us / timeout_us.max(1)).max(1).ilog2()) + 1;
        // a dead peer is listened to for longer every eighth time only
        let left = self.left.get_or_insert(8 * doublings + 8 + self.window);
        *left = left.saturating_sub(1);
    }

    pub(super) fn change(&self, to: Verdict, at_us: u64) -> Result<(), Violation> {
        if self.left != Some(0) {
            return Ok(());
        }
        let kind = match to {
            Verdict::Dead => "dead on a constant path",
            Verdict::Suspect => "suspected on a constant path",
            _ => return Ok(()),
        };
        let detail = format!("a round trip of {} us", self.rtt_us);
        Err(Violation::new(Law::NoLockOut, kind, at_us, detail))
    }
}

/// Whether a round trip is within the configured range, where the next probe waits for the answer.
fn fits(plan: &Plan, limits: &Limits, rtt_us: u64) -> bool {
    let in_bound = |bound_us: u64| rtt_us.max(limits.interval_min_us) + rtt_us <= bound_us / 5 * 4;
    let bounded = match plan.settings.policy {
        Policy::Hostile { .. } => false,
        Policy::Target { within_us, .. } => {
            in_bound(limits.bound_us.unwrap_or(within_us).min(within_us))
        }
        _ => limits.bound_us.is_none_or(in_bound),
    };
    bounded && rtt_us < limits.timeout_max_us
}
