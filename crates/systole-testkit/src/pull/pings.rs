//! Runs the README's loop, in real time, and judges it.

use std::collections::VecDeque;

use systole::Verdict;

use crate::world::{Incident, Journal, Kind, Law, Random, Violation};

use super::peer::WatchEvent;
use super::pinger::{Pinger, heartbeat};
use super::settled::Settled;
use super::slower::Slower;
use super::{Limits, Plan, micros};

/// The most pings of one world.
const LONGEST: u64 = 5_000;

pub(super) struct Pings<'a> {
    pub(super) plan: &'a Plan,
    pub(super) journal: &'a mut Journal,
    pub(super) heart: Box<dyn Pinger>,
    pub(super) limits: Limits,
    pub(super) settled: Settled,
    pub(super) slower: Slower,
    pub(super) now_us: u64,
    pub(super) pings: u64,
    /// How much the loop slept too long, in all.
    pub(super) late_us: u64,
    /// When the last answered probe was sent (else the first), and `late_us` then.
    pub(super) proof: (u64, u64),
    /// The bounds stated since then.
    pub(super) bounds: (u64, u64),
    pub(super) verdict: Verdict,
    pub(super) level: u32,
    /// Pings unanswered in a row.
    pub(super) missed: u64,
    /// When the last ping was sent.
    pub(super) sent_us: Option<u64>,
    /// Least timeout and interval, most retries since the episode began, and when that was.
    pub(super) episode: Option<(u64, u64, u64)>,
    /// Which of the last eight waits for a dead peer were longer than an interval.
    pub(super) long_waits: VecDeque<bool>,
    pub(super) answers: u64,
    pub(super) digest: u64,
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
            slower: Slower::new(plan, limits.timeout_max_us),
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

    pub(super) fn broken<T>(
        &self,
        law: Law,
        kind: &'static str,
        detail: String,
    ) -> Result<T, Violation> {
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
                        "heart.failed(Failure::Refused, us({spent_us})); // at {sent_us}: {interval:?}"
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
        let mut first: Option<(u64, WatchEvent)> = None;
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
            WatchEvent::Refused(_) => (Outcome::Refused(took_us), None),
            _ => (Outcome::Answered(took_us), None),
        }
    }

    pub(super) fn state(&mut self) {
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
    pub(super) fn proved(&mut self, sent_us: u64, rtt_us: u64) {
        // "an answer older than the bound … is a sample, and leaves the verdict"
        if rtt_us < self.bounds.1 && sent_us >= self.proof.0 {
            self.proof = (sent_us, self.late_us);
            let bound_us = micros(self.heart.snapshot().plan.bound());
            self.bounds = (bound_us, bound_us.max(self.bounds.1));
        }
    }
}
