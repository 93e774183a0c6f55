//! What the laws demand of a group after each drain, and at the end.

use systole::pacing::Pacing;
use systole::{
    Output,
    failover::{Condition, EndpointMode, Failback, GroupState, SwitchOn},
};

use super::run::Run;
use crate::fleet::micros;
use crate::fleet::settings::Policy;
use crate::world::{Law, Violation};

impl<P: Pacing + Copy> Run<'_, P> {
    /// A bound that is much longer than what the plan of the active endpoint needs helps nobody.
    pub(super) fn stated(&self) -> Result<(), Violation> {
        let settings = &self.plan.settings;
        let is_hostile = matches!(settings.active.policy, Policy::Hostile(..));
        let is_set = settings.request_timeout_us.is_some() || settings.active.timeouts_us.is_some();
        if is_hostile || is_set {
            return Ok(());
        }
        let Some(status) = self.group.status(self.active, self.at(0)) else {
            return Ok(());
        };
        // "the longest interval and the longest timeouts", of which unless set none exceeds the
        // interval
        let plan = status.monitor.path.plan;
        let waits_us = micros(plan.bound().saturating_sub(plan.interval()));
        let waits = waits_us.div_ceil(micros(plan.timeout()).max(1));
        let longest_us = self.timeout_us.saturating_mul(waits.saturating_add(1));
        if self.bound_us <= longest_us.max(micros(plan.bound())) {
            return Ok(());
        }
        let detail = format!(
            "{} us stated, {longest_us} us at the longest timeouts",
            self.bound_us
        );
        Err(Violation::new(
            Law::Detection,
            "a group without a request timeout states a bound of no use",
            0,
            detail,
        ))
    }

    pub(super) fn judge(&mut self, now_us: u64) -> Result<(), Violation> {
        self.state(now_us);
        let active = self.group.active();
        if active != self.active {
            return Err(Violation::new(
                Law::Accounts,
                "a switch without an event",
                now_us,
                active,
            ));
        }
        self.told.drained(&self.group, now_us)?;
        self.judge_group(now_us)?;
        for (index, truth) in self.truths.iter_mut().enumerate() {
            let condition = self.group.condition(index).unwrap();
            truth.judge(index, condition, now_us, self.late_us)?;
            let active = &self.plan.settings.active;
            let standby = self.plan.settings.standby();
            // which of the two it is asked by changes
            let dead_us = active.policy.dead_interval_us();
            let dead_us = dead_us.max(standby.policy.dead_interval_us());
            let answers_us =
                |interval_us: u64| interval_us.max(dead_us) * u64::from(active.replies());
            truth.judge_return(index, condition, now_us, self.late_us, answers_us)?;
        }
        self.judge_active(now_us)?;
        self.judge_outage(now_us)
    }

    fn judge_group(&self, now_us: u64) -> Result<(), Violation> {
        let condition = self.group.condition(self.active);
        let is_out = matches!(
            condition,
            Some(Condition::Disabled | Condition::Quarantined(_)) | None
        );
        let kind = match (is_out, self.group.is_valid()) {
            (true, _) => "the active endpoint is not in service",
            (_, false) => "the group is not valid",
            _ => return Ok(()),
        };
        let detail = format!("active {}, {condition:?}", self.active);
        Err(Violation::new(Law::Accounts, kind, now_us, detail))
    }

    /// Whether nothing happens to any other endpoint than `index`, and they answer in time.
    fn is_lone(&self, index: usize) -> bool {
        let others = self
            .truths
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        others.clone().count() > 0
            && others.zip(0..).all(|((other, truth), _)| {
                truth.is_quick && self.plan.peers[other].incidents.0.is_empty()
            })
            && self
                .plan
                .duties
                .iter()
                .all(|(_, duty)| *duty != EndpointMode::Disabled)
    }

    /// "The switch follows as soon as another endpoint has answered a probe sent since the
    /// suspicion."
    fn judge_active(&self, now_us: u64) -> Result<(), Violation> {
        let truth = &self.truths[self.active];
        let settings = &self.plan.settings;
        if !settings.enabled
            || self.has_interfered
            || !truth.was_active
            || !self.is_lone(self.active)
        {
            return Ok(());
        }
        let Some(by_us) = truth.dead_by_us(self.late_us) else {
            return Ok(());
        };
        let rtt_us = self.truths.iter().map(|it| it.rtt_us).max().unwrap_or(0);
        // the others may not have been heard yet, and are asked "as soon as the timeout allows"
        let by_us = by_us
            .max(self.standby_us)
            .saturating_add(self.timeout_us + rtt_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "active {}, down since {:?}, left by {by_us}",
            self.active, truth.down_us
        );
        Err(Violation::new(
            Law::Detection,
            "a dead endpoint stays active beside one that answers",
            now_us,
            detail,
        ))
    }

    /// After all were down, "takes the first that is back".
    fn judge_outage(&mut self, now_us: u64) -> Result<(), Violation> {
        let Some((at_us, late_at_us)) = self.usable_us else {
            return Ok(());
        };
        let is_fine = self.truths[self.active].down_us.is_none();
        let is_serving = self.group.state() == GroupState::Serving;
        let quiet = self
            .truths
            .iter()
            .all(|it| it.is_quick && it.blocked_us.is_none());
        if is_fine && is_serving || self.has_interfered || !quiet || !self.plan.settings.enabled {
            self.usable_us = None;
            return Ok(());
        }
        let by_us = self.in_use_by_us(at_us, late_at_us);
        if now_us <= by_us {
            return Ok(());
        }
        let detail = format!(
            "active {} is {:?}, the group {:?}, an endpoint is back since {at_us}, so in use by {by_us}",
            self.active,
            self.group.condition(self.active),
            self.group.state(),
        );
        Err(Violation::new(
            Law::NoLockOut,
            "an outage does not end",
            now_us,
            detail,
        ))
    }

    /// By when an endpoint is in use that is back since `at_us`: probes of every endpoint, `rise`
    /// answers, two request timeouts, and one switch in a hold-down.
    fn in_use_by_us(&self, at_us: u64, late_at_us: u64) -> u64 {
        let rise = u64::from(self.plan.settings.active.replies());
        let probes_us = (self.standby_us + self.timeout_us) * (rise + 1);
        let quarantines = self.truths.iter().filter_map(|it| it.quarantined_us);
        let quarantined_us = quarantines.max().unwrap_or(0);
        at_us
            .max(quarantined_us)
            .saturating_add(probes_us + 2 * self.timeout_us + 2 * self.hold_down_us)
            .saturating_add(self.late_us - late_at_us)
            .saturating_add(self.bound_us)
    }

    /// "Early calls are harmless and answer the same deadline."
    pub(super) fn early(&mut self, now_us: u64, until_us: u64) -> Result<(), Violation> {
        if self.plan.early == 0 || !self.random.one_in(self.plan.early) || now_us < 2 {
            return Ok(());
        }
        let early_us = (now_us - 1).min(until_us - 1);
        let is_due = self
            .arrivals
            .next_us()
            .is_some_and(|at_us| at_us <= early_us);
        if is_due || until_us >= u64::MAX / 2 {
            return Ok(());
        }
        self.journal
            .call(|| format!("group.poll(at({early_us})); // early"));
        let output = self.poll(early_us);
        if output == Output::Wait(self.at(until_us)) {
            return Ok(());
        }
        let detail = format!("{output:?}, {until_us} before");
        Err(Violation::new(
            Law::Progress,
            "an early poll answers another deadline",
            early_us,
            detail,
        ))
    }

    pub(super) fn finish(&mut self, now_us: u64) -> Result<(), Violation> {
        self.journal
            .coverage
            .saw_if(self.budget.is_some(), "retries were held to a budget");
        let told = (self.switches, self.quarantines);
        let counted = (self.group.switches(), self.group.quarantines());
        if told != counted && !self.told.has_joined {
            let detail = format!("{told:?} told, {counted:?} counted");
            return Err(Violation::new(
                Law::Accounts,
                "switches or quarantines are miscounted",
                now_us,
                detail,
            ));
        }
        let settings = &self.plan.settings;
        let lone = (0..self.truths.len())
            .find(|&index| self.is_lone(index) && self.truths[index].is_quick);
        if lone.is_none() || self.has_interfered || settings.switch_on == SwitchOn::Warning {
            return Ok(());
        }
        let most = match settings.returning {
            Failback::Stay => 1,
            // and one to the better endpoint, before anything failed
            Failback::Prefer => 2 + 2 * now_us / (self.first_quarantine_us + self.hold_down_us),
        };
        if self.flaps <= most {
            return Ok(());
        }
        let detail = format!("{} switches, {most} at most", self.flaps);
        Err(Violation::new(
            Law::Intervals,
            "an endpoint that goes up and down causes too many switches",
            now_us,
            detail,
        ))
    }
}
