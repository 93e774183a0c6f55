//! Runs the README's loop, in real time, and judges it.

use std::collections::VecDeque;

use systole::Verdict;

use crate::world::{Incident, Journal, Kind, Law, Random, Violation};

use super::peer::Happening;
use super::pinger::{Pinger, heartbeat};
use super::settled::Settled;
use super::{Limits, Plan, micros};

/// The most pings of one world.
const LONGEST: u64 = 5_000;

pub(super) struct Pings<'a> {
    plan: &'a Plan,
    journal: &'a mut Journal,
    heart: Box<dyn Pinger>,
    limits: Limits,
    settled: Settled,
    now_us: u64,
    pings: u64,
    /// How much the loop slept too long, in all.
    late_us: u64,
    /// When the last answered probe was sent (else the first), and `late_us` then.
    proof: (u64, u64),
    /// The bounds stated since then.
    bounds: (u64, u64),
    verdict: Verdict,
    level: u32,
    /// Pings unanswered in a row.
    missed: u64,
    /// When the last ping was sent.
    sent_us: Option<u64>,
    /// Least timeout and interval, most retries since the episode began, and when that was.
    episode: Option<(u64, u64, u64)>,
    /// Which of the last eight waits for a dead peer were longer than an interval.
    long_waits: VecDeque<bool>,
    answers: u64,
    digest: u64,
}

enum Outcome {
    Answered(u64),
    Refused(u64),
    Missed,
}

impl<'a> Pings<'a> {
    pub(super) fn new(plan: &'a Plan, journal: &'a mut Journal) -> Self {
        let (heart, limits) = heartbeat(&plan.settings, plan.window);
        let bound_us = micros(heart.snapshot().plan.bound());
        journal.call(|| format!("// {:?}", plan.settings));
        Self {
            settled: Settled::new(plan, &limits),
            plan,
            journal,
            heart,
            limits,
            now_us: 0,
            pings: 0,
            late_us: 0,
            proof: (0, 0),
            bounds: (bound_us, bound_us),
            verdict: Verdict::Unknown,
            level: 0,
            missed: 0,
            sent_us: None,
            episode: None,
            long_waits: VecDeque::new(),
            answers: 0,
            digest: 0,
        }
    }

    pub(super) fn go(mut self) -> Result<u64, Violation> {
        while self.now_us < self.plan.life_us && self.pings < LONGEST {
            self.round()?;
        }
        Ok(self.digest)
    }

    fn broken<T>(&self, law: Law, kind: &'static str, detail: String) -> Result<T, Violation> {
        Err(Violation::new(law, kind, self.now_us, detail))
    }

    /// One turn of the loop: a ping, what the heartbeat says, a sleep.
    fn round(&mut self) -> Result<(), Violation> {
        let timeout_us = micros(self.heart.timeout());
        let sent_us = self.now_us;
        self.spacing(sent_us, timeout_us)?;
        let number = usize::try_from(self.pings).unwrap_or(0);
        self.pings += 1;
        self.journal.polls += 1;
        let (outcome, late) = self.ping(number, sent_us, timeout_us);
        self.settled.sent(sent_us, timeout_us);
        let before = self.heart.snapshot();
        let (interval_us, waited_us) = match outcome {
            Outcome::Answered(rtt_us) => {
                self.now_us = sent_us + rtt_us;
                let interval_us = micros(self.heart.next_interval(rtt_us));
                self.journal.call(|| {
                    format!("heart.next_interval(us({rtt_us})); // at {sent_us}: {interval_us} us")
                });
                self.answered(sent_us, rtt_us, interval_us)?;
                (interval_us, rtt_us)
            }
            Outcome::Refused(spent_us) => {
                self.now_us = sent_us + spent_us;
                let (interval, waited) = self.heart.failed(spent_us);
                self.journal.call(|| {
                    format!(
                        "heart.missed(); // refused at {sent_us}, after {spent_us} us: {interval:?}"
                    )
                });
                self.journal.coverage.saw("a ping is refused");
                self.silent(sent_us, timeout_us, micros(interval), &before)?;
                (micros(interval), micros(waited))
            }
            Outcome::Missed => {
                self.now_us = sent_us + timeout_us;
                let interval_us = micros(self.heart.missed());
                self.journal.call(|| {
                    format!("heart.missed(); // at {sent_us}, {timeout_us} us: {interval_us} us")
                });
                self.silent(sent_us, timeout_us, interval_us, &before)?;
                (interval_us, timeout_us)
            }
        };
        self.judge()?;
        self.digest = (self.digest ^ interval_us)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(21);
        let until_us = self.now_us + interval_us.saturating_sub(waited_us);
        self.sleep(sent_us, until_us, late)
    }

    /// Sleeps, too long now and then, and hears meanwhile what comes late.
    fn sleep(&mut self, sent_us: u64, until_us: u64, late: Option<u64>) -> Result<(), Violation> {
        let overslept = self
            .plan
            .incidents
            .find(until_us, 0, |kind| matches!(kind, Kind::Late { .. }));
        let mut next_us = until_us;
        if let Some(Incident {
            kind: Kind::Late { by_us },
            ..
        }) = overslept
        {
            next_us += Random::of(self.plan.seed, 3, self.pings).between(0, by_us);
            self.journal.coverage.saw("a loop sleeps too long");
        }
        if let Some(at_us) = late.filter(|&at_us| at_us < next_us && self.plan.stamps) {
            let rtt_us = at_us - sent_us;
            self.now_us = at_us.max(self.now_us);
            self.heart.late(rtt_us);
            self.journal
                .call(|| format!("heart.late(us({rtt_us})); // sent at {sent_us}"));
            self.journal.coverage.saw("an answer is late");
            self.proved(sent_us, rtt_us);
            (self.level, self.missed) = (0, 0);
            self.state();
            self.judge()?;
        }
        self.late_us += next_us - until_us;
        self.now_us = next_us;
        Ok(())
    }

    /// What comes of a ping, and when its answer comes where that is too late.
    fn ping(&self, number: usize, sent_us: u64, timeout_us: u64) -> (Outcome, Option<u64>) {
        let mut first: Option<(u64, Happening)> = None;
        self.plan.answers(number, sent_us, |at_us, what| {
            if first.is_none_or(|(before_us, _)| at_us < before_us) {
                first = Some((at_us, what));
            }
        });
        let Some((at_us, what)) = first else {
            return (Outcome::Missed, None);
        };
        let took_us = at_us - sent_us;
        match what {
            _ if took_us > timeout_us => (Outcome::Missed, Some(at_us)),
            Happening::Refused(_) => (Outcome::Refused(took_us), None),
            _ => (Outcome::Answered(took_us), None),
        }
    }

    fn state(&mut self) {
        let plan = self.heart.snapshot().plan;
        let bound_us = micros(plan.bound());
        self.bounds = (self.bounds.0.min(bound_us), self.bounds.1.max(bound_us));
        let (interval_us, retries) = (micros(plan.interval()), u64::from(plan.retries().count()));
        if let Some(episode) = &mut self.episode {
            *episode = (
                episode.0,
                episode.1.min(interval_us),
                episode.2.max(retries),
            );
        }
    }

    /// The probe of `sent_us` is answered.
    fn proved(&mut self, sent_us: u64, rtt_us: u64) {
        // "an answer older than the bound … is a sample, and leaves the verdict"
        if rtt_us < self.bounds.1 && sent_us >= self.proof.0 {
            self.proof = (sent_us, self.late_us);
            let bound_us = micros(self.heart.snapshot().plan.bound());
            self.bounds = (bound_us, bound_us.max(self.bounds.1));
        }
    }

    fn answered(&mut self, sent_us: u64, rtt_us: u64, interval_us: u64) -> Result<(), Violation> {
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
        self.proved(sent_us, rtt_us);
        self.bounds.1 = micros(self.heart.snapshot().plan.bound());
        self.state();
        (self.missed, self.level, self.episode) = (0, 0, None);
        self.answers += 1;
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
    fn silent(
        &mut self,
        sent_us: u64,
        timeout_us: u64,
        interval_us: u64,
        before: &systole::Snapshot,
    ) -> Result<(), Violation> {
        self.missed += 1;
        self.answers = 0;
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
            return self.waits(timeout_us);
        }
        self.episode(
            sent_us,
            micros(before.plan.interval()),
            before.plan.retries().count().into(),
        )
    }

    /// "A dead peer is waited for one interval, and every eighth time … longer."
    fn waits(&mut self, timeout_us: u64) -> Result<(), Violation> {
        let plan = self.heart.snapshot().plan;
        let longest_us = micros(plan.interval()).max(self.limits.timeout_min_us);
        let is_long = timeout_us > longest_us;
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
        let jittered_us = least_us - least_us / 100 * self.limits.jitter;
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
    fn spacing(&mut self, sent_us: u64, timeout_us: u64) -> Result<(), Violation> {
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
    fn judge(&mut self) -> Result<(), Violation> {
        let verdict = self.heart.verdict();
        let passed_us = self.now_us - self.proof.0;
        let late_us = self.late_us - self.proof.1;
        if verdict != self.verdict {
            self.settled.change(verdict, self.now_us)?;
            if verdict == Verdict::Dead {
                self.journal.coverage.saw("a peer is called dead");
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
