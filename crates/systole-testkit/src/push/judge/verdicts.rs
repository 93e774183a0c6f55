//! What a change of verdict needs.

use systole::{Reason, Transition, Verdict};

use super::{LEARNING_BEATS, Moment, TOLERATED};
use crate::push::oracle::{Judged, Oracle};
use crate::push::plan::Style;
use crate::push::truth::{Sent, micros};
use crate::world::{Journal, Kind, Law};

impl Oracle<'_> {
    /// Notes the first of the mistakes about a sender all of whose beats come with the same delay.
    pub fn note_mistake(&mut self, change: &Transition, at: Moment) {
        let newest = self
            .believed(at)
            .filter(|_| self.live && change.to == Verdict::Dead);
        let same = |newest: &Sent| self.plan.noise_us() == 0 && self.all_came(newest, at);
        if newest.is_some_and(same) {
            self.mistaken_us.get_or_insert(at.us);
        }
    }

    pub fn judge_change(&self, change: &Transition, at: Moment, journal: &mut Journal) -> Judged {
        let restarted = change.reason == Reason::Restarted;
        journal
            .coverage
            .saw_if(restarted, "a new incarnation was believed");
        let tagged = restarted && self.plan.settings.tagged;
        journal
            .coverage
            .saw_if(tagged, "a new incarnation was believed by its tag");
        match change.to {
            Verdict::Dead => self.judge_dead(change, at, journal),
            Verdict::Suspect => self.judge_suspect(at),
            Verdict::Left => self.check(self.goodbye, Law::Proof, "left without a goodbye", at),
            _ => Ok(()),
        }
    }

    fn judge_suspect(&self, at: Moment) -> Judged {
        let Some(newest) = self.believed(at) else {
            return self.broken(Law::Suspicion, "suspect, and was never heard", at);
        };
        if !self.live || !self.is_settled(at) {
            return Ok(());
        }
        let waited_us = self
            .elapsed_us(newest, at)
            .saturating_add(self.slack_us(at));
        // "or the bound is about to pass"
        let bound = waited_us >= micros(self.machine.bound());
        // "what it claims beyond is read as these"
        let deadline_us = micros(newest.beat.deadline()).min(self.plan.settings.max_us);
        let late = bound || waited_us >= deadline_us;
        let learning = self.plan.sender.style == Style::Foreign && self.truth.run < LEARNING_BEATS;
        self.check(
            late || learning,
            Law::Suspicion,
            "suspect before the advertised deadline",
            at,
        )?;
        let vain = self.all_came(newest, at) && !bound;
        self.check(!vain, Law::NoLockOut, self.names(newest, at).suspect, at)
    }

    /// Whether all beats came as regularly as before: jitter of up to a twentieth of an interval.
    fn all_came(&self, newest: &Sent, at: Moment) -> bool {
        let (lost, usual) = self.truth.missing(newest, at.us, self.usual_us(newest));
        let calm = self.plan.noise_us() <= self.shortest_interval_us() / 20;
        let came = self.truth.run >= LEARNING_BEATS && lost == 0 && usual;
        came && calm && self.is_steady(newest, at)
    }

    fn judge_dead(&self, change: &Transition, at: Moment, journal: &mut Journal) -> Judged {
        if self.truth.newest.is_none() {
            journal.coverage.saw("a peer that was never heard is dead");
            return self.judge_never_heard(change, at);
        }
        let heard = change.reason != Reason::NeverHeard;
        let suspect = change.from == Verdict::Suspect || !heard;
        self.check(
            suspect,
            Law::Suspicion,
            "dead without being suspect before",
            at,
        )?;
        let level = change.level.as_milli() > 0 || !heard;
        self.check(level, Law::Suspicion, "dead at level 0", at)?;
        self.saw_dead(at, journal);
        let settled = |newest: &&Sent| self.live && self.is_settled_since(newest, at);
        match self.believed(at).filter(settled) {
            Some(newest) => self.judge_false_death(newest, at),
            None => Ok(()),
        }
    }

    fn judge_never_heard(&self, change: &Transition, at: Moment) -> Judged {
        let never = change.reason == Reason::NeverHeard;
        self.check(never, Law::Accounts, "silent, and was never heard", at)?;
        let begun_us = self.clock.read(0).as_micros();
        let waited_us = at.shown.as_micros().saturating_sub(begun_us);
        let waited = waited_us >= self.plan.settings.first_within_us();
        let waited = waited || self.truth.is_disturbed(at.us);
        self.check(
            waited,
            Law::LocalTrouble,
            "dead before the first beat was due",
            at,
        )
    }

    /// `Dead`: "the bound has passed since the newest beat was sent".
    fn judge_false_death(&self, newest: &Sent, at: Moment) -> Judged {
        let bound_us = micros(self.machine.bound());
        let law = self.law(at);
        let waited_us = self
            .elapsed_us(newest, at)
            .saturating_add(self.slack_us(at));
        self.check(waited_us >= bound_us, law, self.names(newest, at).dead, at)?;
        // "then no bound passes while its beats come as regularly as before"
        let stated = self.plan.settings.bound_us.is_some();
        let regular = !stated && self.all_came(newest, at);
        self.check(
            !regular,
            law,
            "a live sender is dead whose beats all came",
            at,
        )?;
        let in_vain = self.is_dead_in_vain(newest, bound_us, at);
        let kind = if self.changed_pace(newest) {
            "a sender that changes its pace is dead, as few beats are lost"
        } else {
            "a live sender is dead, as few beats are lost"
        };
        self.check(!in_vain, law, kind, at)
    }

    /// Whether the crate's own sender, which is on time, has lost so few beats that what the newest
    /// one announced covers them: each lost one by an interval, and the one behind by its deadline.
    fn is_dead_in_vain(&self, newest: &Sent, bound_us: u64, at: Moment) -> bool {
        let noise_us = self.plan.noise_us();
        let (lost, usual) = self.truth.missing(newest, at.us, self.usual_us(newest));
        let interval_us = micros(newest.beat.interval());
        let promised_us = u64::from(lost) * interval_us + micros(newest.beat.deadline());
        let punctual = self.plan.sender.style == Style::Own && self.is_steady(newest, at);
        let calm = noise_us <= self.shortest_interval_us() / 16;
        let covered = promised_us + 2 * noise_us <= bound_us;
        punctual && calm && usual && covered && lost <= TOLERATED
    }

    fn saw_dead(&self, at: Moment, journal: &mut Journal) {
        let coverage = &mut journal.coverage;
        let down = !self.live;
        let stalled = self.plan.begun(at.us, |kind| kind == Kind::Stall).is_some();
        let gone = |kind| matches!(kind, Kind::Crash | Kind::Restart);
        let back = self
            .plan
            .begun(at.us, gone)
            .is_some_and(|it| it.until_us < at.us);
        coverage.saw_if(down, "a crash was found");
        let resumed = down && self.resumed_us.is_some();
        coverage.saw_if(
            resumed,
            "a crash was found after we said that we had been suspended",
        );
        let late = down && self.lateness_us > 0;
        coverage.saw_if(late, "a crash was found although we polled late");
        coverage.saw_if(down && stalled, "a crash was found that a queue hid");
        coverage.saw_if(back, "a peer is dead that had come back");
    }
}
