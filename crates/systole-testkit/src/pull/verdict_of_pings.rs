//! What the README's loop is judged by.

use systole::Verdict;

use crate::world::{Law, Violation};

use super::pings::Pings;
use super::{Limits, micros};

impl Pings<'_> {
    pub(super) fn answered(
        &mut self,
        sent_us: u64,
        rtt_us: u64,
        interval_us: u64,
    ) -> Result<(), Violation> {
        let Limits {
            interval_min_us,
            interval_max_us,
            ..
        } = self.limits;
        if !(interval_min_us..=interval_max_us).contains(&interval_us) {
            let detail = format!("{interval_us} us, {interval_min_us} to {interval_max_us}");
            return self.broken(
                Law::Intervals,
                "a steady interval out of its limits",
                detail,
            );
        }
        let in_time = self.missed > 0 && self.verdict != Verdict::Dead;
        self.journal.coverage.saw_if(
            in_time && self.slower.learns(rtt_us),
            "a slower path is learnt in time",
        );
        self.proved(sent_us, rtt_us);
        self.bounds.1 = micros(self.heart.snapshot().plan.bound());
        self.state();
        (self.missed, self.level, self.episode) = (0, 0, None);
        // "an answer older than the bound … is a sample, and leaves the verdict"
        self.answers += u64::from(rtt_us < self.bounds.0);
        self.long_waits.clear();
        let verdict = self.heart.verdict();
        let enough = self.answers >= self.limits.rise && rtt_us < self.bounds.0;
        if enough && verdict != Verdict::Alive {
            let detail = format!("{verdict:?} after {} answers in a row", self.answers);
            return self.broken(
                Law::NoLockOut,
                "not alive after as many answers as it takes",
                detail,
            );
        }
        self.journal.coverage.saw_if(
            self.verdict == Verdict::Dead && verdict == Verdict::Alive,
            "a dead peer is alive again",
        );
        Ok(())
    }

    /// The probe of `sent_us` was not answered.
    pub(super) fn silent(
        &mut self,
        sent_us: u64,
        timeout_us: u64,
        interval_us: u64,
        before: &systole::Snapshot,
    ) -> Result<(), Violation> {
        if self.missed == 0 {
            let lead_us = sent_us - self.proof.0;
            self.slower.overdue(before, lead_us, timeout_us);
        }
        self.missed += 1;
        let answered = core::mem::take(&mut self.answers) > 0;
        let down = !self.plan.is_up(self.now_us);
        self.journal
            .coverage
            .saw_if(down && self.missed > 1, "a crash during an episode");
        if interval_us
            > self
                .limits
                .interval_max_us
                .max(micros(before.plan.interval()))
        {
            let detail = format!(
                "{interval_us} us, at most {} us",
                self.limits.interval_max_us
            );
            return self.broken(Law::Intervals, "an interval above the longest", detail);
        }
        let dead = self.heart.verdict() == Verdict::Dead;
        if dead && interval_us < self.limits.interval_min_us {
            let detail = format!(
                "{interval_us} us, at least {} us",
                self.limits.interval_min_us
            );
            return self.broken(
                Law::Intervals,
                "a steady interval out of its limits",
                detail,
            );
        }
        let level = self.heart.snapshot().level.as_milli();
        if level < self.level {
            let detail = format!("{level} after {}", self.level);
            return self.broken(Law::Suspicion, "the level falls in silence", detail);
        }
        self.level = level;
        self.state();
        if self.verdict == Verdict::Dead {
            return self.waits(timeout_us, micros(before.plan.interval()), answered);
        }
        self.episode(
            sent_us,
            micros(before.plan.interval()),
            before.plan.retries().count().into(),
        )
    }

    /// "A dead peer is waited for one interval, and every eighth time … longer; and while it answers, as
    /// long as its answers take."
    fn waits(
        &mut self,
        timeout_us: u64,
        interval_us: u64,
        answered: bool,
    ) -> Result<(), Violation> {
        let plan = self.heart.snapshot().plan;
        // the wait was said under the plan before, which an unanswered probe may change
        let longest_us = micros(plan.interval())
            .max(interval_us)
            .max(self.limits.timeout_min_us);
        // the next plan of a hostile policy need not have anything to do with the last
        let is_long = timeout_us > longest_us && !self.limits.is_hostile && !answered;
        if self.long_waits.len() == 7 {
            self.long_waits.pop_front();
        }
        self.long_waits.push_back(is_long);
        if self.long_waits.iter().filter(|&&long| long).count() > 1 {
            let detail = format!("{timeout_us} us, an interval of {longest_us} us");
            let kind = "a dead peer is waited for longer than an interval, again";
            return self.broken(Law::NoLockOut, kind, detail);
        }
        Ok(())
    }

    fn episode(&mut self, sent_us: u64, interval_us: u64, retries: u64) -> Result<(), Violation> {
        let (since_us, least_us, most) =
            *self.episode.get_or_insert((sent_us, interval_us, retries));
        let jittered_us = least_us - least_us.saturating_mul(self.limits.jitter).div_ceil(100);
        let steady_us = jittered_us.max(self.limits.interval_min_us).max(1);
        let allowed = most + 2 + (sent_us - since_us) / steady_us;
        if self.missed > allowed {
            let detail = format!(
                "{} probes in {} us, {most} retries",
                self.missed,
                sent_us - since_us
            );
            return self.broken(
                Law::Intervals,
                "more retries than planned in an episode",
                detail,
            );
        }
        Ok(())
    }

    /// "Retries are at least a timeout apart", and steady probes no less.
    pub(super) fn spacing(&mut self, sent_us: u64, timeout_us: u64) -> Result<(), Violation> {
        let Some(before_us) = self.sent_us.replace(sent_us) else {
            return Ok(());
        };
        let gap_us = sent_us - before_us;
        let least_us = self.limits.interval_min_us.min(self.limits.timeout_min_us);
        if gap_us < least_us {
            let detail = format!("{gap_us} us, at least {least_us}, timeout {timeout_us}");
            return self.broken(
                Law::Intervals,
                "probes closer than timeout and interval",
                detail,
            );
        }
        Ok(())
    }

    /// What the verdict must and must not be now.
    pub(super) fn judge(&mut self) -> Result<(), Violation> {
        let verdict = self.heart.verdict();
        let passed_us = self.now_us - self.proof.0;
        let late_us = self.late_us - self.proof.1;
        if verdict != self.verdict {
            self.settled.change(verdict, self.now_us)?;
            if verdict == Verdict::Dead {
                self.journal.coverage.saw("a peer is called dead");
                self.slower.died(self.now_us)?;
                self.died()?;
            }
            self.verdict = verdict;
        }
        // the verdict is "as of the last call": what passes the bound by its own wait breaks it
        let most_us = self.bounds.1.saturating_add(late_us);
        let just_died = verdict == Verdict::Dead && self.missed > 0 && self.long_waits.is_empty();
        if passed_us > most_us && (verdict != Verdict::Dead || just_died) {
            let detail = format!(
                "{verdict:?}, {passed_us} us under a bound of {} us, {late_us} us late",
                self.bounds.1
            );
            let kind = match verdict {
                Verdict::Dead => "dead after the bound",
                Verdict::Unknown => "still unknown after the bound",
                _ => "still alive after the bound",
            };
            return self.broken(Law::Detection, kind, detail);
        }
        Ok(())
    }

    fn died(&self) -> Result<(), Violation> {
        let level = self.heart.snapshot().level.as_milli();
        if level == 0 && !self.plan.verdicts_only {
            return self.broken(Law::Suspicion, "dead at level 0", String::new());
        }
        // one call tells the only miss of all where there are no retries
        if self.verdict == Verdict::Alive && self.missed > 1 {
            return self.broken(
                Law::Suspicion,
                "dead without a suspicion before",
                String::new(),
            );
        }
        Ok(())
    }
}
