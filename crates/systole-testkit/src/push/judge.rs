//! Judges verdicts by the truth.

use systole::{Instant, ListenerSnapshot, Reason, Transition, Verdict};

use super::machine::Machine;
use super::oracle::{Judged, Oracle};
use super::plan::Style;
use super::truth::{Sent, micros};
use crate::world::{Incident, Journal, Kind, Law};

/// A lasting step is understood after this many bounds: "where all beats for four bounds, or
/// sixteen stated ones, four beats at least and at the pace of their numbers, come so late".
const SETTLING_BOUNDS: u64 = 16;
/// And not before as many beats.
const SETTLING_BEATS: u64 = 64;
/// The slope of a sender's schedule is known after so many beats.
const LEARNING_BEATS: u32 = 16;
/// What `resumed` at every wake may put off a verdict by, in bounds that pass on the clock: one that
/// it grants, and as much again for each part of the next that a wake cuts off.
const RESUMED_BOUNDS: u64 = 4;
/// Lost beats in a row that are tolerated, unless set.
const TOLERATED: u32 = 3;

/// What a listener said before a beat.
pub struct Before {
    verdict: Verdict,
    bound_us: u64,
    snapshot: Option<ListenerSnapshot>,
}

impl Before {
    pub fn of(machine: &dyn Machine, now: Instant, whole: bool) -> Self {
        Self {
            verdict: machine.verdict(),
            bound_us: micros(machine.bound()),
            snapshot: whole.then(|| machine.snapshot(now)),
        }
    }
}

impl Oracle<'_> {
    fn is_settled(&self, now_us: u64) -> bool {
        let bound_us = micros(self.machine.bound());
        let interval_us = self.longest_interval_us();
        let span_us = (SETTLING_BOUNDS * bound_us).max(SETTLING_BEATS * interval_us);
        self.truth.is_settled(now_us, span_us)
    }

    fn longest_interval_us(&self) -> u64 {
        let paces = self.plan.sender.paces.iter().map(|it| it.1).max();
        self.plan.sender.interval_us.max(paces.unwrap_or(0))
    }

    /// How far the line below all arrivals may lie from the truth at the newest beat: each of the
    /// two arrivals that it touches may be late by the whole noise; and what 1,000 ppm of drift are
    /// worth in the beats that it takes to learn it.
    fn slack_us(&self) -> u64 {
        2 * self.plan.noise_us() + self.longest_interval_us() / 64 + 2
    }

    pub fn judge_beat(
        &mut self,
        index: usize,
        newer: bool,
        before: &Before,
        read_us: u64,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let now = self.clock.read(read_us);
        let sent = self.truth.sent[index];
        if before.snapshot.is_some() {
            return self.judge_strange(before, now, now_us);
        }
        let after = self.machine.verdict();
        let revived = before.verdict != Verdict::Alive && after == Verdict::Alive;
        let least_us = self.plan.path.least_us(sent.at_us, &self.plan.incidents);
        let bound_us = before.bound_us.max(micros(self.machine.bound()));
        let age_us = read_us - sent.at_us;
        let stale = age_us > bound_us + least_us + self.slack_us();
        journal.coverage.saw_if(
            stale && before.verdict == Verdict::Dead,
            "a stale beat came to a dead peer",
        );
        if revived && before.verdict != Verdict::Unknown && self.is_settled(now_us) {
            self.check(!stale, Law::Proof, "a stale beat proves life", now_us, now)?;
            self.check(newer, Law::Proof, "an older beat proves life", now_us, now)?;
        }
        let slow = self.plan.slope_ppm_at(now_us);
        let steady = self.truth.run >= LEARNING_BEATS && self.plan.sender.style == Style::Foreign;
        journal.coverage.saw_if(
            steady && slow > 20_000,
            "a sender that is slower than it says was heard sixteen times",
        );
        journal.coverage.saw_if(
            steady && slow < -20_000,
            "a sender that is faster than it says was heard sixteen times",
        );
        self.judge_return(index, newer, before, now, now_us)
    }

    /// A peer that sends again is seen at its first beats.
    fn judge_return(
        &mut self,
        index: usize,
        newer: bool,
        before: &Before,
        now: Instant,
        now_us: u64,
    ) -> Judged {
        let sent = self.truth.sent[index];
        let after = self.machine.verdict();
        if sent.beat.is_goodbye() {
            let believed = self.machine.snapshot(now).incarnation == Some(sent.beat.incarnation());
            let left = !newer || !believed || after == Verdict::Left;
            return self.check(left, Law::NoLockOut, "a goodbye is not heard", now_us, now);
        }
        let fresh = newer && self.truth.run > 0 && self.is_settled(now_us);
        if after == Verdict::Alive || !fresh {
            self.unseen = (0, after);
            return Ok(());
        }
        if self.unseen.0 == 0 || self.truth.run == 1 {
            self.unseen = (0, before.verdict);
        }
        self.unseen.0 += 1;
        let rise = u32::from(self.plan.settings.rise) - 1;
        let rise = if self.unseen.1 == Verdict::Dead {
            rise
        } else {
            0
        };
        // "a second one has to follow it in pace"
        let second = u32::from(self.is_new_to_it(&sent));
        let seen = self.unseen.0 <= rise + second || !self.is_in_pace();
        self.check(
            seen,
            Law::NoLockOut,
            "a peer that is back is not seen",
            now_us,
            now,
        )
    }

    /// Whether a plain listener cannot know that it is still the same sender: another incarnation,
    /// or an interval that it was not told, by which the sequence has run ahead.
    fn is_new_to_it(&self, sent: &Sent) -> bool {
        let first = self.truth.sent.iter().find(|it| it.life == sent.life);
        let restarted = first.is_some_and(|_| sent.life > 0);
        (restarted || !self.plan.sender.paces.is_empty()) && !self.plan.settings.tagged
    }

    ///
    /// "delay the notice of a restart: yes, for as long as a flood of beats lasts"
    fn is_in_pace(&self) -> bool {
        self.plan.noise_us() <= self.plan.sender.interval_us / 8
            && self.plan.sender.paces.is_empty()
            && (self.plan.strangers_us.is_none() || self.plan.settings.tagged)
    }

    /// Nothing but counters may have changed.
    pub fn judge_strange(&mut self, before: &Before, now: Instant, now_us: u64) -> Judged {
        let after = self.machine.snapshot(now);
        // what a plain listener did not believe when it came, it may believe when it is repeated
        let restarts = self.truth.sent.last().is_some_and(|it| it.life > 0);
        if !self.plan.settings.tagged && (restarts || !self.is_settled(now_us)) {
            return Ok(());
        }
        let Some(then) = before.snapshot else {
            return Ok(());
        };
        let known = |it: &ListenerSnapshot| {
            (
                it.incarnation,
                it.sequence,
                it.interval,
                it.bound,
                it.samples,
                it.load,
                it.heard_at,
            )
        };
        let same = known(&then) == known(&after);
        self.check(
            same,
            Law::Proof,
            "a repeated or strange beat changes what is known",
            now_us,
            now,
        )?;
        // time may have made it overdue, nothing else
        let worse = then.verdict == after.verdict
            || matches!(after.verdict, Verdict::Suspect | Verdict::Dead);
        self.check(
            worse,
            Law::Proof,
            "a repeated or strange beat changes the verdict",
            now_us,
            now,
        )?;
        let (was, is) = (then.counters, after.counters);
        let counted = is.repeated + is.ignored > was.repeated + was.ignored;
        self.check(
            counted,
            Law::Accounts,
            "a repeated or strange beat is not counted",
            now_us,
            now,
        )
    }

    pub fn judge_change(
        &mut self,
        change: &Transition,
        now: Instant,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        journal.coverage.saw_if(
            change.reason == Reason::Restarted,
            "a new incarnation was believed",
        );
        match change.to {
            Verdict::Dead => self.judge_dead(change, now, now_us, journal),
            Verdict::Suspect => self.judge_suspect(now, now_us),
            Verdict::Left => self.check(
                self.goodbye,
                Law::Proof,
                "left without a goodbye",
                now_us,
                now,
            ),
            _ => Ok(()),
        }
    }

    fn judge_suspect(&self, now: Instant, now_us: u64) -> Judged {
        let incarnation = self.machine.snapshot(now).incarnation;
        let Some(newest) = self.truth.newest_of(incarnation) else {
            return self.broken(
                Law::Suspicion,
                "a peer is suspect that was never heard",
                now_us,
                now,
            );
        };
        if !self.live || !self.is_settled(now_us) {
            return Ok(());
        }
        let elapsed_us = self.elapsed_us(newest, now);
        let deadline_us = micros(newest.beat.deadline());
        let late = elapsed_us.saturating_add(self.slack_us()) >= deadline_us;
        let learning = self.plan.sender.style == Style::Foreign && self.truth.run < LEARNING_BEATS;
        self.check(
            late || learning,
            Law::Suspicion,
            "suspect before the advertised deadline",
            now_us,
            now,
        )?;
        let noise_us = self.plan.noise_us();
        let least_us = self.plan.path.least_us(newest.at_us, &self.plan.incidents);
        let (lost, usual) = self.truth.missing(newest, now_us, least_us + noise_us);
        let all_came = self.truth.run >= LEARNING_BEATS && lost == 0 && usual;
        let calm = noise_us <= self.plan.sender.interval_us / 20 && self.is_steady(newest, now_us);
        let kind = self.kind_of(newest, now_us).1;
        self.check(!(all_came && calm), Law::NoLockOut, kind, now_us, now)
    }

    /// Whether the sender has kept its pace since `newest`.
    fn is_steady(&self, newest: &Sent, now_us: u64) -> bool {
        let disturbs = |kind| matches!(kind, Kind::Crash | Kind::Restart | Kind::Slow { .. });
        let mut incidents = self.plan.incidents.0.iter().filter(|it| disturbs(it.kind));
        let undisturbed = !incidents.any(|it| it.from_us <= now_us && it.until_us > newest.at_us);
        undisturbed
            && self
                .plan
                .sender
                .paces
                .iter()
                .all(|it| it.1 > 2 * self.plan.noise_us() * 10)
    }

    /// What has passed on our clock since the slot of `sent`.
    fn elapsed_us(&self, sent: &Sent, now: Instant) -> u64 {
        now.as_micros()
            .saturating_sub(self.clock.read(sent.slot_us).as_micros())
    }

    fn judge_dead(
        &self,
        change: &Transition,
        now: Instant,
        now_us: u64,
        journal: &mut Journal,
    ) -> Judged {
        let heard = self.truth.newest.is_some();
        if !heard {
            journal.coverage.saw("a peer that was never heard is dead");
            return self.judge_never_heard(change, now, now_us);
        }
        let suspect = change.from == Verdict::Suspect || change.reason == Reason::NeverHeard;
        self.check(
            suspect,
            Law::Suspicion,
            "dead without being suspect before",
            now_us,
            now,
        )?;
        let level = change.level.as_milli() > 0 || change.reason == Reason::NeverHeard;
        self.check(level, Law::Suspicion, "dead at level 0", now_us, now)?;
        self.saw_dead(now_us, journal);
        let incarnation = self.machine.snapshot(now).incarnation;
        let newest = self.truth.newest_of(incarnation);
        match newest.filter(|_| self.live && self.is_settled(now_us)) {
            Some(newest) => self.judge_false_death(newest, now, now_us),
            None => Ok(()),
        }
    }

    fn judge_never_heard(&self, change: &Transition, now: Instant, now_us: u64) -> Judged {
        let never = change.reason == Reason::NeverHeard;
        self.check(
            never,
            Law::Accounts,
            "a silence that was no end of speech",
            now_us,
            now,
        )?;
        let waited_us = now.as_micros() - self.clock.read(0).as_micros().min(now.as_micros());
        let first_us = self.plan.settings.first_within_us();
        let waited = waited_us >= first_us || !self.is_settled(now_us);
        self.check(
            waited,
            Law::LocalTrouble,
            "never heard before the first was due",
            now_us,
            now,
        )
    }

    fn judge_false_death(&self, newest: &Sent, now: Instant, now_us: u64) -> Judged {
        let bound_us = micros(self.machine.bound());
        let (law, kind) = (self.law(now_us), self.kind_of(newest, now_us).0);
        let elapsed_us = self.elapsed_us(newest, now).saturating_add(self.slack_us());
        self.check(elapsed_us >= bound_us, law, kind, now_us, now)?;
        // "its next one comes at the latest": so many lost ones, and then one by its deadline
        let noise_us = self.plan.noise_us();
        let least_us = self.plan.path.least_us(newest.at_us, &self.plan.incidents);
        let (lost, usual) = self.truth.missing(newest, now_us, least_us + noise_us);
        let interval_us = micros(newest.beat.interval());
        let promised_us = u64::from(lost) * interval_us + micros(newest.beat.deadline());
        let punctual = self.plan.sender.style == Style::Own
            && self.is_steady(newest, now_us)
            && noise_us <= interval_us / 16;
        let covered = promised_us + 2 * noise_us <= bound_us;
        let lost_in_vain = punctual && usual && covered && lost <= TOLERATED;
        let kind = if self.changed_pace(newest) {
            "a sender that changes its pace is dead, as few beats are lost"
        } else {
            "a live sender is dead, as few beats are lost"
        };
        self.check(!lost_in_vain, law, kind, now_us, now)
    }

    fn changed_pace(&self, newest: &Sent) -> bool {
        let last = self.truth.sent.last();
        last.is_some_and(|last| last.beat.interval() != newest.beat.interval())
    }

    fn law(&self, now_us: u64) -> Law {
        let mut begun = self
            .plan
            .incidents
            .0
            .iter()
            .filter(|it| it.from_us <= now_us);
        if begun.any(Incident::is_ours) {
            Law::LocalTrouble
        } else {
            Law::NoLockOut
        }
    }

    /// Names of a false death and of a false suspicion by what is most likely their cause.
    fn kind_of(&self, newest: &Sent, now_us: u64) -> (&'static str, &'static str) {
        let slope_ppm = self.plan.slope_ppm_at(now_us);
        let held = |kind| matches!(kind, Kind::Stall);
        if self.plan.sender.style == Style::Foreign && slope_ppm > 2_000 {
            return (
                "a live slow sender is called dead",
                "a live slow sender is suspect",
            );
        }
        if self.plan.sender.style == Style::Foreign && slope_ppm < -2_000 {
            return (
                "a live fast sender is called dead",
                "a live fast sender is suspect",
            );
        }
        if self.plan.sender.drift_ppm.abs_diff(-self.plan.drift_ppm) > 200 {
            return (
                "a live sender is called dead, and clocks drift",
                "suspect, and clocks drift",
            );
        }
        if self.plan.begun(now_us, held).is_some() {
            return (
                "a live sender is called dead after a queue",
                "suspect after a queue",
            );
        }
        if self.law(now_us) == Law::LocalTrouble {
            return (
                "a live sender is called dead, and it is our fault",
                "suspect by our fault",
            );
        }
        if self.changed_pace(newest) || !self.plan.sender.paces.is_empty() {
            return (
                "a live sender that changes its pace is called dead",
                "suspect at a change of pace",
            );
        }
        ("a live sender is called dead", "a live sender is suspect")
    }

    fn saw_dead(&self, now_us: u64, journal: &mut Journal) {
        let down = !self.live;
        journal.coverage.saw_if(down, "a crash was found");
        journal.coverage.saw_if(
            down && self.resumed_us.is_some(),
            "a crash was found after we said that we had been suspended",
        );
        journal.coverage.saw_if(
            down && self.lateness_us > 0,
            "a crash was found although we polled late",
        );
        let held = |kind| matches!(kind, Kind::Stall);
        let hidden = self.plan.begun(now_us, held).is_some();
        journal
            .coverage
            .saw_if(down && hidden, "a crash was found that a queue hid");
        let back = self
            .plan
            .begun(now_us, |kind| matches!(kind, Kind::Crash | Kind::Restart));
        let back = back.is_some_and(|it| it.until_us < now_us);
        journal
            .coverage
            .saw_if(back, "a peer is dead that had come back");
    }

    /// A crash is found within the bound, the delay of the newest beat and our own lateness.
    pub fn judge_detection(&self, now: Instant, now_us: u64, journal: &mut Journal) -> Judged {
        let found = matches!(self.machine.verdict(), Verdict::Dead | Verdict::Left);
        let Some(down_since_us) = self.truth.down_since_us.filter(|_| !found && !self.goodbye)
        else {
            return Ok(());
        };
        let limit_us = match self.truth.newest_delay_us() {
            Some(delay_us) => {
                let bounds = if self.resumed_us.is_some() {
                    RESUMED_BOUNDS
                } else {
                    1
                };
                let heard_us = self
                    .clock
                    .read(down_since_us.saturating_add(delay_us))
                    .as_micros();
                heard_us.saturating_add(self.most_bound_us.saturating_mul(bounds))
            }
            None => {
                let first_us = self.plan.settings.first_within_us();
                let bounds = if self.resumed_us.is_some() {
                    RESUMED_BOUNDS
                } else {
                    1
                };
                let begun_us = self.clock.read(0).as_micros();
                begun_us.saturating_add(first_us.saturating_mul(bounds))
            }
        };
        let excused_us = self.lateness_us.saturating_add(self.leapt_back_us(now_us));
        let limit_us = limit_us.saturating_add(excused_us);
        journal.coverage.saw("waited for a crash to be found");
        let kind = if self.resumed_us.is_some() {
            "a crash is not found, as we say that we were suspended"
        } else if self.truth.newest.is_none() {
            "a peer that was never heard is not dead in time"
        } else {
            "a crash is not found in time"
        };
        self.check(
            now.as_micros() <= limit_us,
            Law::Detection,
            kind,
            now_us,
            now,
        )
    }

    /// By how much our clock leapt back, by which time stood still: "time running backwards reads
    /// as no time passed".
    fn leapt_back_us(&self, now_us: u64) -> u64 {
        let leaps = self
            .plan
            .incidents
            .0
            .iter()
            .filter(|it| it.from_us <= now_us);
        let back = leaps.map(|it| match it.kind {
            Kind::ClockStep { by_us, .. } => by_us.unsigned_abs(),
            _ => 0,
        });
        back.sum()
    }

    pub fn at_the_end(&mut self, now_us: u64, journal: &mut Journal) -> Judged {
        self.judge_detection(self.clock.read(now_us), now_us, journal)
    }
}
