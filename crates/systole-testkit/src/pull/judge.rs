//! What is checked after each drain, and at the end.

use systole::{Instant, RetryBudget, Verdict};

use crate::world::{Incident, Kind, Law, Violation};

use super::Policy;
use super::run::Run;

impl Run<'_> {
    pub(super) fn check(&mut self) -> Result<(), Violation> {
        let verdict = self.machine.verdict();
        let snapshot = self.observe();
        self.verdicts.check(verdict, &self.ledger)?;
        if !self.plan.verdicts_only {
            let longest_us = self.longest_us.max(self.limits.timeout_max_us);
            self.accounts
                .check(snapshot.counters, &self.ledger, self.plan.ids, longest_us)?;
        }
        self.calm
            .counted(snapshot.counters.late, self.ledger.now())?;
        if !self.plan.verdicts_only {
            self.check_blind(verdict)?;
        }
        let heart = snapshot.path;
        let promised = heart.promise.map(|promise| promise.detect_within);
        if !self.is_pushed && promised.is_some_and(|promised| promised != heart.plan.bound()) {
            let detail = format!("{promised:?} promised, {:?} planned", heart.plan.bound());
            return self.broken(
                Law::Detection,
                "the promise is of another bound than the plan",
                detail,
            );
        }
        self.check_return(verdict)?;
        self.read_level(self.now())
    }

    /// "A dead peer that returns is seen alive within `rise` dead-peer intervals (steady ones unless
    /// the plan states another) and one round trip, nothing lost."
    fn check_return(&mut self, verdict: Verdict) -> Result<(), Violation> {
        let returned = self
            .plan
            .back_us(&self.limits)
            .is_some_and(|at_us| at_us <= self.now_us);
        if verdict != Verdict::Dead || !returned {
            self.back = None;
            return Ok(());
        }
        let limits = &self.limits;
        // what a plan states for a dead peer cannot be read: "held to the same limits", and a
        // target's is a share of its bound
        let interval_us = match self.plan.settings.policy {
            Policy::Hostile { .. } => limits.interval_max_us,
            Policy::Target { within_us, .. } => self.stated.0.max(within_us / 8),
            _ => self.stated.0,
        };
        let (since, before_us) = self.back.unwrap_or((self.ledger.now(), 0));
        let longest_us = interval_us.max(before_us);
        self.back = Some((since, longest_us));
        let rtt_us = self.plan.rtt_us() + 2 * self.plan.path.jitter.most_us();
        let passed_us = self.ledger.since(since);
        self.journal.coverage.saw("a peer is back, and still dead");
        if passed_us
            > limits
                .rise
                .saturating_mul(longest_us)
                .saturating_add(rtt_us)
        {
            let detail =
                format!("{passed_us} us, intervals of {longest_us} us, {rtt_us} us under way");
            return self.broken(Law::NoLockOut, "a peer that is back is still dead", detail);
        }
        Ok(())
    }

    /// "Suspicion never falls while nothing arrives."
    pub(super) fn read_level(&mut self, now: Instant) -> Result<(), Violation> {
        let level = self.machine.level(now).as_milli();
        let before = self.level.replace(level);
        match before.filter(|&before| level < before && self.machine.verdict() != Verdict::Unknown)
        {
            Some(before) => {
                let detail = format!("{level} after {before}");
                self.broken(Law::Suspicion, "the level falls in silence", detail)
            }
            None => Ok(()),
        }
    }

    /// "When a send failed, and for one bound none succeeded and nothing proved life, … the verdict
    /// is `Unknown`."
    fn check_blind(&self, verdict: Verdict) -> Result<(), Violation> {
        let Some(since) = self.ledger.muted_since else {
            return Ok(());
        };
        let (_, bound_us) = self.ledger.bounds_since(since);
        let begun_us = since.at_us.max(self.heard_us);
        let passed_us = self.ledger.now().at_us - begun_us;
        let late_us = self.ledger.late_us; // all of it: more than what counts
        if passed_us <= bound_us.saturating_add(late_us) || self.ledger.tries == 0 {
            return Ok(());
        }
        if matches!(verdict, Verdict::Unknown | Verdict::Dead) {
            return Ok(());
        }
        let detail = format!(
            "{verdict:?}, {passed_us} us after the first of {} tries",
            self.ledger.tries
        );
        self.broken(
            Law::LocalTrouble,
            "nothing could be sent for a bound, and not unknown",
            detail,
        )
    }

    fn meet_end(&mut self) {
        let back = |it: &Incident| {
            matches!(
                it.kind,
                Kind::ClockStep {
                    announced: true,
                    ..
                }
            )
        };
        let ran_back = self.plan.incidents.0.iter().any(back);
        let near_end = self.clock.read(0).as_micros() > u64::MAX / 2;
        let settled = self.calm.is_settled();
        let dry = self
            .budget
            .as_ref()
            .is_some_and(|budget| budget.left() == 0);
        let coverage = &mut self.journal.coverage;
        coverage.saw_if(settled, "a constant path settled");
        coverage.saw_if(!self.plan.ids, "replies without ids");
        coverage.saw_if(self.limits.is_hostile, "the policy is hostile");
        coverage.saw_if(near_end, "a clock near its end");
        coverage.saw_if(self.lives, "a wake of a live peer");
        coverage.saw_if(ran_back, "a clock ran back");
        coverage.saw_if(dry, "a retry was not granted");
    }

    /// At the end: what a retry budget granted.
    pub(super) fn finish(&mut self) -> Result<(), Violation> {
        self.meet_end();
        let (Some(budget), Some((percent, reserve))) = (&self.budget, self.plan.budget) else {
            return Ok(());
        };
        let granted = u64::from(self.machine.snapshot(self.now()).counters.budgeted);
        let others = self.ledger.probes.len() as u64 - granted;
        let earned = others * u64::from(percent) / 100;
        if granted > earned + u64::from(reserve) + 1 {
            let detail = format!("{granted} granted, {earned} earned, {reserve} in reserve");
            return self.broken(Law::Accounts, "a budget grants more than it has", detail);
        }
        if granted == 0 && budget.left() == 0 && earned >= 2 {
            let detail = format!("{earned} earned, {reserve} in reserve");
            return self.broken(
                Law::Accounts,
                "a budget with a share grants nothing",
                detail,
            );
        }
        Ok(())
    }

    /// A device that sleeps wakes at `wake_us`: "none over a dead peer avoids `Dead` for longer than
    /// the lateness it credits". A wake credits none in which a probe went unanswered for eight
    /// times as long as any answer ever took, and twenty of those are more than a few.
    pub(super) fn check_wake(&mut self, wake_us: u64) -> Result<(), Violation> {
        let Some(nap) = self.plan.nap else {
            return Ok(());
        };
        let slept_us = wake_us - nap.asleep_us;
        let rtt_us = 2 * self.plan.path.each_way_us + self.plan.held_us;
        let asked = self
            .asked_us
            .take()
            .filter(|&asked_us| asked_us + 8 * rtt_us <= slept_us);
        let woke_us = slept_us.saturating_sub(nap.awake_us + rtt_us);
        let down = !self.plan.is_up(woke_us) && self.machine.verdict() != Verdict::Dead;
        self.silent_wakes = match asked {
            _ if !down => 0,
            Some(_) => self.silent_wakes + 1,
            None => self.silent_wakes,
        };
        self.journal
            .coverage
            .saw_if(self.silent_wakes > 0, "a wake beside a dead peer");
        if self.silent_wakes > 20 {
            let detail = format!(
                "{:?} after {} wakes",
                self.machine.verdict(),
                self.silent_wakes
            );
            return self.broken(
                Law::LocalTrouble,
                "resumed at every wake hides a dead peer",
                detail,
            );
        }
        Ok(())
    }
}

/// So that this compiles where the constructor refuses, too.
trait Granted {
    fn granted(self) -> Option<RetryBudget>;
}

impl Granted for RetryBudget {
    fn granted(self) -> Option<RetryBudget> {
        Some(self)
    }
}

impl<E> Granted for Result<RetryBudget, E> {
    fn granted(self) -> Option<RetryBudget> {
        self.ok()
    }
}

/// A retry budget, where such a one is not refused.
pub(super) fn budget(percent: u8, reserve: u16) -> Option<RetryBudget> {
    RetryBudget::new(percent, reserve).granted()
}
