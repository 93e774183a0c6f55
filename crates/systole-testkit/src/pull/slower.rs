//! Law 5 for a loop on a path that becomes slower for good, and that hears nothing after its timeouts.

use systole::Snapshot;
use systole::plan::Plan as Stated;

use crate::world::{Incident, Incidents, Jitter, Kind, Law, Random, Violation};

use super::{Plan, Policy, micros};

/// Demands that a slower path is learnt without a false `Dead` where the bound leaves time.
#[derive(Debug)]
pub(super) struct Slower {
    /// The longest round trip of the world; none where anything else can go wrong.
    rtt_us: Option<u64>,
    longest_us: u64,
    /// The longest round trip that the episode under way has to stand.
    allowed_us: u64,
}

impl Slower {
    pub(super) fn new(plan: &Plan, longest_us: u64) -> Self {
        let step = |it: &Incident| match it.kind {
            Kind::RttStep { each_way_us } => Some(each_way_us),
            _ => None,
        };
        let steps: Option<Vec<u64>> = plan.incidents.0.iter().map(step).collect();
        let constant = plan.path.jitter == Jitter::None && plan.path.loss_ppm == 0;
        let hostile = matches!(plan.settings.policy, Policy::Hostile { .. });
        let slowest_us = |steps: Vec<u64>| steps.into_iter().fold(plan.path.each_way_us, u64::max);
        Self {
            rtt_us: steps
                .filter(|_| constant && !hostile)
                .map(|steps| 2 * slowest_us(steps) + plan.held_us),
            longest_us,
            allowed_us: 0,
        }
    }

    /// The first probe of an episode, sent `lead_us` after the last proof of life, was not answered within
    /// `timeout_us`.
    ///
    /// "A fifth of the bound, or three quarters of what is left of it after an interval and the first
    /// retries": two waits, or all but the last where they do not close in on the bound; without retries
    /// an interval.
    pub(super) fn overdue(&mut self, before: &Snapshot, lead_us: u64, timeout_us: u64) {
        let plan = &before.plan;
        let (bound_us, interval_us) = (micros(plan.bound()), micros(plan.interval()));
        let asked = Stated::new(plan.interval(), plan.timeout()).with_retries(plan.retries());
        let waits_us = micros(asked.bound()) - interval_us - micros(plan.timeout());
        let spent_us = match plan.retries().count() {
            0 => timeout_us.max(interval_us),
            _ => waits_us.max(2 * timeout_us),
        };
        let left_us = bound_us.saturating_sub(lead_us + spent_us);
        self.allowed_us = (bound_us / 5).min(left_us / 4 * 3).min(self.longest_us);
    }

    /// Whether an answer after `rtt_us` is one that the episode had to stand.
    pub(super) fn learns(&self, rtt_us: u64) -> bool {
        self.rtt_us == Some(rtt_us) && rtt_us <= self.allowed_us
    }

    /// The peer, which is alive, is called dead.
    pub(super) fn died(&self, at_us: u64) -> Result<(), Violation> {
        let learnable = |rtt_us: &u64| *rtt_us <= self.allowed_us;
        let Some(rtt_us) = self.rtt_us.filter(learnable) else {
            return Ok(());
        };
        let detail = format!(
            "a round trip of {rtt_us} us, {} us are learnt",
            self.allowed_us
        );
        let kind = "a path that became slower is called dead";
        Err(Violation::new(Law::NoLockOut, kind, at_us, detail))
    }
}

/// Makes of `plan` a world in which nothing happens but one step of the round trip, which the bound leaves time for.
pub(super) fn draw(plan: &mut Plan, random: &mut Random) {
    let pace_us = plan.settings.policy.pace_us().max(64);
    if !matches!(plan.settings.policy, Policy::Target { .. }) {
        plan.settings.detect_us = Some(random.between(pace_us * 2, pace_us * 12));
    }
    let bound_us = plan.settings.detect_us.unwrap_or(pace_us);
    let from_us = plan.life_us / 3;
    plan.path.jitter = Jitter::None;
    plan.path.loss_ppm = 0;
    plan.path.each_way_us = random.magnitude(10, (bound_us / 10).max(10));
    plan.stamps = false;
    plan.held_us = 0;
    plan.incidents = Incidents(vec![Incident {
        from_us,
        until_us: u64::MAX,
        peer: 0,
        kind: Kind::RttStep {
            each_way_us: random.magnitude(10, (bound_us / 8).max(10)),
        },
    }]);
}
