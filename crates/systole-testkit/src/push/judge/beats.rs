//! What a beat may do.

use systole::{Verdict, listener};

use super::{Before, LATE_BEATS, LATE_BOUNDS, LEARNING_BEATS, Moment};
use crate::push::oracle::{Judged, Oracle};
use crate::push::plan::Style;
use crate::push::truth::{Sent, micros};
use crate::world::{Journal, Law};

/// Fresh beats in a row that were handed in and did not make the peer alive.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unseen {
    beats: u32,
    since_us: u64,
    /// Whether it was dead at one of them.
    dead: bool,
}

impl Oracle<'_> {
    /// Beat `index` was handed in, as read at `read`.
    pub fn judge_beat(
        &mut self,
        index: usize,
        newer: bool,
        before: &Before,
        read: Moment,
        journal: &mut Journal,
    ) -> Judged {
        if before.snapshot.is_some() {
            return self.judge_strange(before, read);
        }
        let sent = self.truth.sent[index];
        let bound_us = before.bound_us.max(micros(self.machine.bound()));
        // "what is known is how much longer than the quickest one"
        let least_us = self.truth.least_delay_us().max(self.usual_us(&sent));
        let fresh_us = bound_us
            .saturating_add(least_us)
            .saturating_add(self.slack_us(read));
        let stale = read.us - sent.at_us > fresh_us;
        let dead = before.verdict == Verdict::Dead;
        journal
            .coverage
            .saw_if(stale && dead, "a stale beat came to a dead peer");
        let revives = !matches!(before.verdict, Verdict::Alive | Verdict::Unknown)
            && self.machine.verdict() == Verdict::Alive;
        if revives && self.is_settled(read) {
            // where the pace changes unheard, a number does not say when its beat was sent
            let told = self.plan.sender.paces.is_empty();
            self.check(
                !(stale && told),
                Law::Proof,
                "a stale beat proves life",
                read,
            )?;
            self.check(
                newer || !told,
                Law::Proof,
                "an older beat proves life",
                read,
            )?;
        }
        self.saw_slope(read, journal);
        if sent.beat.is_goodbye() {
            journal
                .coverage
                .saw_if(dead, "a goodbye of a peer that was dead");
            return self.judge_goodbye(&sent, newer, read);
        }
        self.judge_return(&sent, newer, before, read)?;
        self.judge_load(&sent, newer, read)
    }

    /// "Those are believed at once: a jump of the sequence, and an incarnation greater than the last."
    fn judge_load(&self, sent: &Sent, newer: bool, at: Moment) -> Judged {
        let tagged = self.plan.settings.tagged && !self.is_the_end(at);
        // a plain one wants a second beat in pace where the sequence has run ahead
        let plain = sent.life == 0 && self.is_settled(at) && !self.is_new_to_it(sent);
        let known = newer && (tagged || plain);
        let load = !known || self.machine.load() == sent.beat.load();
        let kind = if tagged {
            "an authentic beat is not believed at once"
        } else {
            "the load of the newest beat is not known"
        };
        self.check(load, Law::Accounts, kind, at)
    }

    fn saw_slope(&self, at: Moment, journal: &mut Journal) {
        if self.truth.run < LEARNING_BEATS || self.plan.sender.style != Style::Foreign {
            return;
        }
        let slope_ppm = self.plan.slope_ppm_at(at.us);
        let slow = "a sender that is slower than it says was heard sixteen times";
        journal.coverage.saw_if(slope_ppm > 20_000, slow);
        let fast = "a sender that is faster than it says was heard sixteen times";
        journal.coverage.saw_if(slope_ppm < -20_000, fast);
    }

    fn judge_goodbye(&self, sent: &Sent, newer: bool, at: Moment) -> Judged {
        let believed = self.machine.snapshot(at.shown).incarnation == Some(sent.beat.incarnation());
        let left = self.machine.verdict() == Verdict::Left;
        let left = left || !newer || !believed || self.is_the_end(at);
        self.check(left, Law::NoLockOut, "a goodbye is not heard", at)
    }

    /// A peer that sends again is seen at its first beats.
    fn judge_return(&mut self, sent: &Sent, newer: bool, before: &Before, at: Moment) -> Judged {
        let after = self.machine.verdict();
        if after == Verdict::Alive || !newer || self.truth.run == 0 || self.is_the_end(at) {
            self.unseen = Unseen::default();
            return Ok(());
        }
        if self.unseen.beats == 0 || self.truth.run == 1 || self.truth.known == 1 {
            self.unseen = Unseen {
                since_us: at.us,
                ..Unseen::default()
            };
        }
        self.unseen.beats += 1;
        self.unseen.dead |= before.verdict == Verdict::Dead;
        let rise = u32::from(self.plan.settings.rise) - 1;
        let rise = if self.unseen.dead { rise } else { 0 };
        // "a second one has to follow it in pace"
        let new = self.is_new_to_it(sent);
        // the first after a pause may be late in its slot, so that the pace begins with the second
        let enough = rise + 1 + if new { 2 } else { 0 };
        // before it is alive, the bound in force is that of the first beat; and the beats that bring
        // it back are those after that time
        let interval_us = micros(sent.beat.interval());
        let promised_us = interval_us * u64::from(self.plan.settings.losses);
        let promised_us = promised_us + micros(sent.beat.deadline());
        let bound_us = match self.plan.settings.bound_us {
            Some(_) => micros(self.machine.bound()),
            None => micros(self.machine.bound()).max((promised_us + interval_us) / 4 * 5),
        };
        let bounds_us = bound_us.saturating_mul(LATE_BOUNDS);
        let bounds_us = bounds_us.saturating_add(interval_us / 4 * 5 * u64::from(rise));
        let long = at.us.saturating_sub(self.unseen.since_us) > bounds_us
            && self.unseen.beats > LATE_BEATS + rise;
        // what has waited for us longer than the bound does not tell that it is alive now, nor
        // where its real interval is not known yet
        let now_us = self.clock.read(self.now_us).as_micros();
        let waited_us = now_us.saturating_sub(at.shown.as_micros());
        let age_us = waited_us.saturating_add(self.slack_us(at));
        let deadline_us = micros(sent.beat.deadline());
        let least_us = match self.plan.settings.bound_us {
            Some(bound_us) if bound_us >= deadline_us => bound_us,
            Some(_) => deadline_us + interval_us,
            None => promised_us,
        };
        let fresh = age_us <= least_us;
        let in_vain = fresh && self.unseen.beats >= enough && (self.is_settled(at) || long);
        let seen = !in_vain || !self.is_in_pace();
        self.check(seen, Law::NoLockOut, "a peer that is back is not seen", at)
    }

    /// Whether a plain listener cannot know that it is still the same sender: another incarnation,
    /// or an interval that it was not told, by which the sequence has run ahead.
    fn is_new_to_it(&self, sent: &Sent) -> bool {
        let sender = &self.plan.sender;
        let ahead = sender.slopes.iter().any(|it| it.1 < 0) || sender.slope_ppm < 0;
        let ahead = ahead && sender.style == Style::Foreign;
        (sent.life > 0 || ahead || !sender.paces.is_empty()) && !self.plan.settings.tagged
    }

    /// Whether beats follow each other so regularly that a second one is "in pace", and nobody can
    /// "delay the notice of a restart: yes, for as long as a flood of beats lasts".
    fn is_in_pace(&self) -> bool {
        self.plan.noise_us() <= self.plan.sender.interval_us / 8
            && self.plan.sender.paces.is_empty()
            && (self.plan.strangers_us.is_none() || self.plan.settings.tagged)
    }

    /// A beat that was heard before, or a stranger's: nothing but counters may have changed.
    pub fn judge_strange(&self, before: &Before, at: Moment) -> Judged {
        let Some(then) = before.snapshot else {
            return Ok(());
        };
        // what a plain listener did not believe when it came, it may believe when it is repeated
        let restarts = self.truth.sent.last().is_some_and(|it| it.life > 0);
        if !self.plan.settings.tagged && (restarts || !self.is_settled(at)) {
            return Ok(());
        }
        let after = self.machine.snapshot(at.shown);
        let same = known(&then) == known(&after);
        self.check(
            same,
            Law::Proof,
            "a repeated or strange beat changes what is known",
            at,
        )?;
        // time may have made it overdue, nothing else
        let worse = matches!(after.verdict, Verdict::Suspect | Verdict::Dead);
        let worse = worse || then.verdict == after.verdict;
        self.check(
            worse,
            Law::Proof,
            "a repeated or strange beat changes the verdict",
            at,
        )?;
        let (was, is) = (then.counters, after.counters);
        let counted = is.repeated + is.ignored > was.repeated + was.ignored;
        self.check(
            counted,
            Law::Accounts,
            "a repeated or strange beat is not counted",
            at,
        )
    }
}

fn known(it: &listener::Snapshot) -> impl PartialEq {
    let peer = (it.incarnation, it.sequence, it.load, it.heard_at);
    (peer, it.interval, it.bound, it.samples)
}
