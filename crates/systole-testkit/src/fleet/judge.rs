//! What has to be so after each drain, and at the end.

use systole::pacing::Pacing;
use systole::{Instant, Output, Verdict, fleet};

use super::account::judge_census;
use super::run::Run;
use super::truth::{Truth, micros};
use crate::world::{Law, Violation};

impl<P: Pacing + Copy> Run<'_, P> {
    pub(super) fn judge(&mut self, now_us: u64) -> Result<(), Violation> {
        for slot in 0..self.truths.len() {
            if self.truths[slot].as_ref().is_some_and(Truth::is_judged) {
                self.state(slot, now_us); // a plan may change where nothing is told
            }
        }
        for truth in self.truths.iter().flatten() {
            truth.judge(now_us, self.ours)?;
        }
        if self.drains.is_multiple_of(16) {
            let dead = self.fleet.census().dead as u64;
            self.account.judge(&self.fleet.counters(), dead, now_us)?;
            judge_census(self.fleet.census(), self.truths.iter().flatten(), now_us)?;
        }
        if self.drains > 1_000 + 50 * (self.happenings + self.account.probes) {
            let detail = format!("{} drains for {} probes", self.drains, self.account.probes);
            return Err(Violation::new(Law::Progress, "a busy loop", now_us, detail));
        }
        Ok(())
    }

    /// "Early calls are harmless": before the moment that was named nothing is due.
    pub(super) fn early(&mut self, now_us: u64, until_us: u64) -> Result<(), Violation> {
        if self.plan.early == 0 || !self.random.one_in(self.plan.early) || now_us < 2 {
            return Ok(());
        }
        let early_us = (now_us - 1).min(until_us - 1);
        let has_arrived = |at_us| at_us <= early_us;
        // at the moment of the last drain it is not early
        if early_us == self.drained_us || self.arrivals.next_us().is_some_and(has_arrived) {
            return Ok(());
        }
        self.journal.polls += 1;
        self.journal
            .call(|| format!("fleet.poll(at({early_us})); // early"));
        match self.fleet.poll(self.at(early_us)) {
            Output::Send(fleet::Probe { .. }) => Err(Violation::new(
                Law::Progress,
                "a probe before the moment that was named",
                early_us,
                until_us,
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(&mut self, now_us: u64) -> Result<(), Violation> {
        let now = self.at(now_us);
        let census = self.fleet.census();
        let worst = self.fleet.worst(3, now);
        let expected = (census.suspect + census.dead).min(3);
        let bad =
            |it: &fleet::PeerStatus| matches!(it.path.verdict, Verdict::Suspect | Verdict::Dead);
        let key = |it: &fleet::PeerStatus| (it.path.verdict == Verdict::Dead, it.silent);
        let is_sorted = worst.windows(2).all(|two| key(&two[0]) >= key(&two[1]));
        if worst.len() != expected || !worst.iter().all(bad) || !is_sorted {
            let detail = format!(
                "{:?} of {census:?}",
                worst.iter().map(key).collect::<Vec<_>>()
            );
            return Err(Violation::new(
                Law::Accounts,
                "the worst peers are others",
                now_us,
                detail,
            ));
        }
        for truth in self.truths.iter().flatten() {
            self.samples(truth, now)?;
        }
        Ok(())
    }

    /// The window holds the last round trips: where all were alike, so is their mean.
    pub(super) fn samples(&self, truth: &Truth, now: Instant) -> Result<(), Violation> {
        let (rtt_us, alike) = truth.alike;
        if !truth.is_quick || alike < 8 {
            return Ok(());
        }
        let heart = self.fleet.status(truth.key, now).map(|it| it.path);
        let mean_us = heart.map_or(0, |it| micros(it.mean));
        if mean_us == rtt_us {
            return Ok(());
        }
        let detail =
            format!("the last {alike} took {rtt_us} us, their mean is said to be {mean_us} us");
        Err(Violation::new(
            Law::Accounts,
            "round trips are not measured any more",
            now.as_micros(),
            detail,
        ))
    }
}
