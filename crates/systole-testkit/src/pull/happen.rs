//! What arrives at the caller, and what it does by itself.

use systole::{ProbeId, Verdict};

use crate::world::{Law, Violation};

use super::ledger::Moment;
use super::peer::WatchEvent;
use super::run::{Run, caller};

impl Run<'_> {
    /// Hands in what came at `at_us`.
    pub(super) fn happen(&mut self, at_us: u64, what: WatchEvent) -> Result<(), Violation> {
        self.level = None;
        self.handed_in += 1;
        let ago_us = self.now_us.saturating_sub(at_us);
        self.ledger
            .soften(if self.plan.stamps { ago_us } else { u64::MAX });
        self.meet(what);
        match what {
            WatchEvent::Reply(number) => self.reply(number, at_us)?,
            WatchEvent::Refused(number) => self.refuse(number),
            WatchEvent::Traffic => self.traffic(at_us),
            // half of them wait for an episode, or for a death
            WatchEvent::Call(what) if what >> 8 & 1 == 1 => self.waiting.push(what),
            WatchEvent::Call(what) => self.call(what),
            WatchEvent::Resumed => {
                self.check_wake(at_us)?;
                self.resumed();
            }
            WatchEvent::Resync => self.resync(),
            WatchEvent::Restarted => self.restarted(),
        }
        self.observe();
        Ok(())
    }

    /// The caller does what it waited for an episode, or a death, to do.
    pub(super) fn call_waiting(&mut self) -> Result<(), Violation> {
        let verdict = self.machine.verdict();
        let due = |what: &u32| match what >> 9 & 1 {
            0 => verdict == Verdict::Suspect,
            _ => verdict == Verdict::Dead,
        };
        let Some(place) = self.waiting.iter().position(due) else {
            return Ok(());
        };
        let what = self.waiting.remove(place);
        self.look();
        self.level = None;
        self.meet(WatchEvent::Call(what));
        self.call(what);
        self.observe();
        self.drain()
    }

    /// Counts in which state something comes.
    fn meet(&mut self, what: WatchEvent) {
        let (verdict, coverage) = (self.machine.verdict(), &mut self.journal.coverage);
        let (suspect, dead) = (verdict == Verdict::Suspect, verdict == Verdict::Dead);
        match what {
            WatchEvent::Traffic => {
                coverage.saw_if(dead, "traffic from a peer called dead");
                coverage.saw_if(suspect, "traffic during an episode");
            }
            WatchEvent::Resumed => {
                coverage.saw_if(dead, "resumed while dead");
                coverage.saw_if(suspect, "resumed during an episode");
            }
            WatchEvent::Restarted => {
                coverage.saw_if(dead, "restarted while dead");
                coverage.saw_if(suspect, "restarted during an episode");
            }
            WatchEvent::Call(what) => {
                coverage.saw_if(
                    what % 8 == 5 && suspect,
                    "a flow was lost during an episode",
                );
                let pushed = matches!(what % 8, 1 | 2);
                coverage.saw_if(pushed && suspect, "pushed back during an episode");
            }
            _ => {}
        }
    }

    fn reply(&mut self, number: usize, at_us: u64) -> Result<(), Violation> {
        let now = self.now();
        let at = if self.plan.stamps {
            self.clock.read(at_us)
        } else {
            now
        };
        let probe = self.ledger.probes[number];
        // a void one may count or not: it is true that the peer was alive then
        let counts = !probe.is_settled && !probe.is_old;
        if counts {
            self.meet_answer(number, probe.sent);
        }
        self.accounts.replies += 1;
        let before = (self.plan.ids && !counts).then(|| self.machine.snapshot(now));
        if self.plan.stamps {
            // what came while we did not read may have moved a probe that was due meanwhile
            self.accounts.busy_us += self.now_us.saturating_sub(at_us);
        }
        let was_dead = self.machine.verdict() == Verdict::Dead;
        self.answer(number, probe.id, at);
        // several answers bring it back, or the clock runs while we send: either is no clear case
        let clear = self.limits.rise == 1 && self.plan.sending_us == 0;
        if was_dead && clear && self.machine.verdict() == Verdict::Alive {
            self.verdicts.answered_us = Some(probe.sent.at_us);
        }
        self.ledger.probes[number].is_settled = true;
        self.verdicts.told_apart(self.ledger.probes.len() - number);
        if counts && self.ledger.muted_since.is_some() {
            // an answer to what went out before lets retries start over, though none can be sent
            self.rhythm.end_episode();
        }
        if counts {
            self.heard_us = self.ledger.now().at_us;
            self.accounts.answered += 1;
            self.verdicts.heard(probe, &self.ledger);
            return Ok(());
        }
        self.journal.coverage.saw("a reply that answers nothing");
        let Some(before) = before else { return Ok(()) };
        let after = self.machine.snapshot(now);
        // where we look late, time itself moves on with what is handed in
        let on_time = self.plan.incidents.0.iter().all(|it| !it.is_ours());
        let figures = |it: systole::monitor::Snapshot| {
            let moments = on_time.then_some((it.dead_at, it.next_probe_at));
            let moments = moments.map(|moments| (moments, it.events));
            (it.path.verdict, it.path.plan, moments)
        };
        if figures(before) != figures(after) {
            let detail = format!("{before:?}\n{after:?}");
            return self.broken(
                Law::Proof,
                "a duplicate or old reply changes something",
                detail,
            );
        }
        Ok(())
    }

    fn meet_answer(&mut self, number: usize, sent: Moment) {
        let mut newer = self.ledger.probes[number..].iter().skip(1).take(8);
        let overtaken = newer.any(|newer| newer.is_settled && !newer.is_unsent);
        let age_us = self.ledger.now().at_us - sent.at_us;
        let (_, bound_us) = self.ledger.bounds_since(sent);
        let many = age_us / 8 > self.stated.0;
        let coverage = &mut self.journal.coverage;
        coverage.saw_if(overtaken, "answers overtake one another");
        coverage.saw_if(age_us > bound_us, "an answer older than the bound");
        coverage.saw_if(many, "a round trip of more than eight intervals");
    }

    fn answer(&mut self, number: usize, id: ProbeId, at: systole::Instant) {
        let micros = at.as_micros();
        if !self.plan.ids {
            self.journal
                .call(|| format!("monitor.handle_reply_any(at({micros})); // to probe_{number}"));
            self.machine.reply_any(at);
        } else if self.plan.says_held {
            let held_us = self.held();
            self.journal.call(|| {
                format!("monitor.handle_reply_with(probe_{number}, at({micros}), us({held_us}));")
            });
            self.machine.reply_with(id, at, held_us);
        } else {
            self.journal
                .call(|| format!("monitor.handle_reply(probe_{number}, at({micros}));"));
            self.machine.reply(id, at);
        }
    }

    fn refuse(&mut self, number: usize) {
        let now = self.now();
        let probe = &mut self.ledger.probes[number];
        let counts = !probe.is_settled && !probe.is_void;
        probe.is_settled = true;
        self.accounts.failed += u64::from(counts);
        self.accounts.failures += 1;
        self.journal.call(|| {
            format!(
                "monitor.handle_failure(probe_{number}, Failure::Refused, at({}));",
                now.as_micros()
            )
        });
        self.journal.coverage.saw("a probe is refused");
        self.machine
            .failure(self.ledger.probes[number].id, Self::refused(), now);
    }

    fn traffic(&mut self, at_us: u64) {
        let at = if self.plan.stamps {
            self.clock.read(at_us)
        } else {
            self.now()
        };
        self.journal
            .call(|| format!("monitor.handle_traffic(at({}));", at.as_micros()));
        self.machine.traffic(at);
        self.heard_us = self.ledger.now().at_us;
        self.verdicts.traffic(self.ledger.now());
        self.rhythm.is_put_off = true;
        self.rhythm.is_shifted = true;
    }

    fn resumed(&mut self) {
        let now = self.now();
        self.journal
            .call(|| format!("monitor.resumed(at({}));", now.as_micros()));

        self.machine.resumed(now);
        self.void();
    }

    fn void(&mut self) {
        self.ledger.void(false);
        self.verdicts.excuse(self.ledger.now());
        self.rhythm.interrupt();
    }

    fn resync(&mut self) {
        let now = self.now();
        self.journal
            .call(|| format!("monitor.resync(at({}));", now.as_micros()));
        self.journal.coverage.saw("a clock is right again");
        self.machine.resync(now);
        self.ledger.resync(now);
        self.rhythm.interrupt();
    }

    fn restarted(&mut self) {
        let now = self.now();
        self.journal
            .call(|| format!("monitor.restarted(at({}));", now.as_micros()));

        self.machine.restarted(now);
        self.ledger.void(true);
        self.verdicts.restart(self.ledger.now());
        self.rhythm.interrupt();
    }

    /// The caller does something, as it may at any moment.
    fn call(&mut self, what: u32) {
        let (now, mut random) = (self.now(), caller(self.plan, what));
        let micros = now.as_micros();
        self.rhythm.interrupt();
        match what % 8 {
            0 => {
                self.journal
                    .call(|| format!("monitor.probe_now(at({micros}));"));
                self.machine.probe_now(now);
            }
            1 => {
                self.journal
                    .call(|| format!("monitor.handle_pushback(at({micros}));"));
                self.is_pushed = true;
                self.machine.pushback(now);
            }
            2 => {
                let wait_us = random.magnitude(1, self.stated.0.saturating_mul(16).max(1));
                self.journal
                    .call(|| format!("monitor.handle_pushback_with(at({micros}), us({wait_us}));"));
                self.is_pushed = true;
                self.machine.pushback_with(now, wait_us);
            }
            3 => self.reconfigure(),
            4 => {
                let id = ProbeId::from(random.draw());
                self.journal.call(|| {
                    format!(
                        "monitor.handle_reply(ProbeId::from({:#x}), at({micros}));",
                        u64::from(id)
                    )
                });
                self.accounts.replies += 1;
                self.machine.reply(id, now);
            }
            5 => {
                self.journal
                    .call(|| format!("monitor.handle_flow_lost(at({micros}));"));
                self.machine.flow_lost(now);
                self.void();
            }
            6 => self.resumed(),
            _ => self.restarted(),
        }
    }

    fn reconfigure(&mut self) {
        let now = self.now();
        self.journal.call(|| {
            format!(
                "monitor.reconfigure(&config, at({})); // {:?}",
                now.as_micros(),
                self.plan.other
            )
        });
        self.journal.coverage.saw_if(
            self.machine.verdict() == Verdict::Dead,
            "reconfigured while dead",
        );
        self.journal.coverage.saw_if(
            self.machine.verdict() == Verdict::Suspect,
            "reconfigured during an episode",
        );
        if let Some(limits) = self.machine.reconfigure(&self.plan.other, now) {
            self.calm.unsettle(&limits, self.plan);
            self.limits = limits;
        }
    }
}
