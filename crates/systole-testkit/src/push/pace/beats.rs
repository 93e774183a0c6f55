//! What a sender's beats have to say.

use systole::{Beat, wire};

use super::run::{Judged, Run, Sent, TOLERATED};
use crate::push::truth::micros;
use crate::world::{Journal, Law};

impl Run<'_> {
    pub(super) fn beat(&mut self, beat: Beat, journal: &mut Journal) -> Judged {
        let known = self.sent.last().map(|it| it.beat.sequence());
        let next = known.map_or(0, |last| last.wrapping_add(1));
        let missed = beat.sequence().wrapping_sub(next);
        journal.coverage.saw_if(missed > 0, "slots were missed");
        journal
            .coverage
            .saw_if(beat.load().is_some(), "the load is said");
        let slot_us = self.due_us.unwrap_or(u64::MAX);
        let interval_us = micros(self.sender.interval());
        let slot_us = slot_us.saturating_add(interval_us.saturating_mul(missed.into()));
        self.sent.push(Sent {
            beat,
            slot_us,
            at_us: self.now_us,
        });
        self.check(
            missed < u32::MAX / 2,
            Law::Accounts,
            "a sequence number falls or stays",
        )?;
        let late_us = self.now_us.saturating_sub(slot_us);
        let on_time = slot_us <= self.now_us && late_us <= interval_us;
        self.check(
            on_time || self.now_us == u64::MAX || (self.steady == 0 && missed > 0),
            Law::Intervals,
            "a slot is sent in at another time",
        )?;
        self.check(
            is_written(&beat),
            Law::Accounts,
            "a beat is read otherwise than written",
        )?;
        let right = beat.load() == self.load && beat.incarnation() == self.plan.incarnation;
        self.check(
            right && !beat.is_goodbye(),
            Law::Accounts,
            "a beat says something else",
        )?;
        self.covered()?;
        self.regular(missed)?;
        self.steady += 1;
        Ok(())
    }

    /// "advertises when the next will have been sent at the latest": the gap that follows, and
    /// those behind lost beats that a listener tolerates.
    fn covered(&self) -> Judged {
        let punctual = self.plan.late_sixteenths <= 2;
        let last = self.sent[self.sent.len() - 1];
        let before = self
            .sent
            .iter()
            .rev()
            .skip(1)
            .take(1 + TOLERATED)
            .enumerate();
        for (lost, it) in before.filter(|_| punctual) {
            let lost_us = micros(it.beat.interval()).saturating_mul(lost as u64);
            let covered_us = lost_us.saturating_add(micros(it.beat.deadline()));
            let gap_us = last.at_us - it.slot_us.min(last.at_us);
            let kind = match lost {
                0 => "the next beat is later than announced",
                _ => "a beat behind lost ones is later than announced",
            };
            self.check(gap_us <= covered_us, Law::NoLockOut, kind)?;
        }
        Ok(())
    }

    /// "slots at a fixed interval, of which none drifts": once a change is announced, at the pace
    /// that is said.
    fn regular(&self, missed: u32) -> Judged {
        if self.steady <= 2 + TOLERATED || missed > 0 {
            return Ok(());
        }
        let [.., before, last] = &self.sent[..] else {
            return Ok(());
        };
        let interval = self.sender.interval();
        let gap_us = last.slot_us - before.slot_us.min(last.slot_us);
        let regular = gap_us == micros(interval) || last.slot_us == u64::MAX;
        self.check(regular, Law::Intervals, "slots are not an interval apart")?;
        let said = last.beat.interval() == interval;
        self.check(
            said,
            Law::Accounts,
            "a beat says another interval than the one in force",
        )
    }
}

/// Whether what is read is what was written: a sender has no span that is rounded.
fn is_written(beat: &Beat) -> bool {
    wire::decode(&wire::encode(beat)) == Ok(*beat)
}
