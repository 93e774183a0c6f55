//! What we do with a fleet, and what happens to its peers.

use systole::pacing::Pacing;
use systole::{Failure, Instant, ProbeId, Verdict};

use super::network::down_spans;
use super::run::{Act, Run};
use super::truth::Truth;
use crate::world::{Law, Violation};

impl<P: Pacing + Copy> Run<'_, P> {
    pub(super) fn act(&mut self, now_us: u64) -> Result<(), Violation> {
        while let Some((at_us, (slot, act))) = self.acts.pop_due(now_us) {
            self.happenings += 1;
            match act {
                Act::Add => self.add(slot, now_us),
                Act::Remove => self.remove(slot, now_us)?,
                Act::Goes | Act::Comes => self.turn(slot, act, at_us, now_us),
                Act::Call(what) => self.call(slot, what, now_us),
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, slot: usize, now_us: u64) {
        let key = self.fleet.add(self.at(now_us));
        self.journal
            .call(|| format!("let peer{slot} = fleet.add(at({now_us}));"));
        let peer = &self.plan.peers[slot];
        let mut truth = Truth::new(
            key,
            peer,
            self.timeout_min_us,
            self.plan.settings.replies(),
            now_us,
        );
        truth.comes(now_us, self.ours);
        if let Some((_, _)) = down_spans(peer)
            .iter()
            .find(|(from, until)| *from <= now_us && now_us < *until)
        {
            truth.goes(now_us, self.ours);
        }
        // read at a deadline, and taken to have arrived then, an answer may be as old as that
        truth.within(
            self.plan.settings.policy.dead_interval_us(),
            self.timeout_max_us,
        );
        truth.is_quick &= self.plan.stamps || self.plan.wakes;
        let index = key.index();
        if self.places.len() <= index {
            self.places.resize(index + 1, None);
        } else {
            self.journal.coverage.saw("a place was used again");
        }
        self.places[index] = Some(slot);
        self.truths[slot] = Some(truth);
        self.state(slot, now_us);
        let coverage = &mut self.journal.coverage;
        coverage.saw_if(
            self.ours.told_us.is_some(),
            "a peer was added after an overflow",
        );
        coverage.saw_if(
            self.ours.late_us > 0,
            "a peer was added while polls are late",
        );
    }

    pub(super) fn remove(&mut self, slot: usize, now_us: u64) -> Result<(), Violation> {
        let Some(truth) = self.truths[slot].take() else {
            return Ok(());
        };
        self.journal.call(|| format!("fleet.remove(peer{slot});"));
        self.journal.coverage.saw_if(
            truth.verdict == Verdict::Dead,
            "a peer was removed while dead",
        );
        self.places[truth.key.index()] = None;
        let was_there = self.fleet.remove(truth.key);
        let is_there = self.fleet.verdict(truth.key).is_some() || self.fleet.remove(truth.key);
        if was_there && !is_there {
            return Ok(());
        }
        Err(Violation::new(
            Law::Accounts,
            "a peer was not removed",
            now_us,
            slot,
        ))
    }

    pub(super) fn turn(&mut self, slot: usize, act: Act, at_us: u64, now_us: u64) {
        let ours = self.ours;
        let Some(truth) = &mut self.truths[slot] else {
            return;
        };
        match act {
            Act::Goes => truth.goes(at_us.max(truth.added_us), ours),
            _ => {
                let coverage = &mut self.journal.coverage;
                coverage.saw_if(
                    truth.verdict == Verdict::Suspect,
                    "a peer came back while suspected",
                );
                coverage.saw_if(truth.verdict == Verdict::Dead, "a dead peer came back");
                truth.comes(at_us.max(truth.added_us), ours);
            }
        }
        let is_down = truth.down_us.is_some();
        self.journal.coverage.saw_if(
            is_down && truth.blocked_us.is_some(),
            "a crash while nothing can be sent",
        );
        self.state(slot, now_us);
    }

    pub(super) fn call(&mut self, slot: usize, what: u32, now_us: u64) {
        let Some(truth) = &mut self.truths[slot] else {
            return;
        };
        let (key, now) = (
            truth.key,
            Instant::from_micros(self.plan.start_us.saturating_add(now_us)),
        );
        match what {
            0 => {
                self.journal
                    .call(|| format!("fleet.probe_now(peer{slot}, at({now_us}));"));
                truth.last_sent = truth.last_sent.map(|(sent_us, _)| (sent_us, false));
                self.fleet.probe_now(key, now);
            }
            1 => {
                let id = ProbeId::from(self.random.draw());
                self.journal
                    .call(|| format!("fleet.handle_reply(peer{slot}, {id:?}, at({now_us}));"));
                self.account.replies += 1;
                self.fleet.handle_reply(key, id, now);
            }
            2 => {
                if let Some(last) = self.last_reply {
                    self.journal.call(|| {
                        format!(
                            "fleet.handle_reply(peer{slot}, ids[{}], at({now_us}));",
                            last.number
                        )
                    });
                    self.account.replies += 1;
                    self.fleet.handle_reply(last.key, last.id, now);
                }
            }
            _ => {
                let id = ProbeId::from(self.random.draw());
                self.journal.call(|| {
                    format!(
                        "fleet.handle_failure(peer{slot}, {id:?}, Failure::Reset, at({now_us}));"
                    )
                });
                self.fleet.handle_failure(key, id, Failure::Reset, now);
                self.account.failures += 1;
            }
        }
    }
}
