//! What arrives, and what is dropped or cannot be sent.

use systole::pacing::Pacing;
use systole::{Failure, Verdict};

use super::network::Echo;
use super::run::{Arrival, Run, What};
use crate::world::Violation;

impl<P: Pacing + Copy> Run<'_, P> {
    /// Hands in what arrived, and tells what was dropped.
    pub(super) fn read(&mut self, now_us: u64) -> Result<(), Violation> {
        while let Some((at_us, arrival)) = self.arrivals.pop_due(now_us) {
            self.happenings += 1;
            let at_us = if self.plan.stamps { at_us } else { now_us };
            self.arrive(arrival, at_us, now_us);
        }
        let mut has_dropped = false;
        while self.dropped.pop_due(now_us).is_some() {
            has_dropped = true;
        }
        if has_dropped {
            self.overflow(now_us);
        }
        Ok(())
    }

    pub(super) fn overflow(&mut self, now_us: u64) {
        self.happenings += 1;
        self.journal
            .call(|| format!("fleet.handle_overflow(at({now_us}));"));
        self.fleet.handle_overflow(self.at(now_us));
        self.account.overflows += 1;
        self.ours.told_us = Some(now_us);
        let coverage = &mut self.journal.coverage;
        coverage.saw_if(self.ours.late_us > 0, "an overflow while polls are late");
        for truth in self.truths.iter_mut().flatten() {
            let is_crash = truth.down_us.is_some() && truth.verdict != Verdict::Dead;
            coverage.saw_if(is_crash, "an overflow met a crash");
            truth.overflowed(now_us);
        }
    }

    pub(super) fn arrive(&mut self, it: Arrival, at_us: u64, now_us: u64) {
        let Arrival {
            slot,
            key,
            id,
            number,
            sent_us,
            late_us,
            what,
        } = it;
        let at = self.at(at_us);
        let is_there = self.truths[slot]
            .as_ref()
            .is_some_and(|truth| truth.key == key);
        self.journal
            .coverage
            .saw_if(!is_there, "a reply came for a peer that is gone");
        match what {
            What::Echo(Echo::Reply) => {
                self.journal.call(|| {
                    format!("fleet.handle_reply(peer{slot}, ids[{number}], at({at_us}));")
                });
                self.fleet.handle_reply(key, id, at);
                self.account.replies += 1;
                self.last_reply = Some(it);
                if let Some(truth) = self.truths[slot].as_mut().filter(|_| is_there) {
                    truth.heard(sent_us, at_us - sent_us);
                    if late_us < self.ours.late_us {
                        truth.alike.1 = 0; // "on the time in which somebody looked"
                    }
                }
            }
            What::Echo(Echo::Refused) => {
                self.journal.call(|| format!("fleet.handle_failure(peer{slot}, ids[{number}], Failure::Refused, at({at_us}));"));
                self.fleet.handle_failure(key, id, Failure::Refused, at);
                self.account.failures += 1;
                self.journal.coverage.saw("a peer refused");
            }
            What::Unsent => self.unsent(it, at_us),
        }
        if is_there {
            self.state(slot, now_us);
        }
    }

    pub(super) fn unsent(&mut self, it: Arrival, at_us: u64) {
        let Arrival {
            slot,
            key,
            id,
            number,
            ..
        } = it;
        self.journal
            .call(|| format!("fleet.handle_unsent(peer{slot}, ids[{number}], at({at_us}));"));
        self.fleet.handle_unsent(key, id, self.at(at_us));
        self.account.failures += 1;
        if self.truths[slot]
            .as_ref()
            .is_some_and(|truth| truth.key == key)
        {
            self.account.unsent += 1;
        }
    }
}
