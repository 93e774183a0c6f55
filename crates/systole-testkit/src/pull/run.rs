//! Runs a monitor in its world.

use systole::{Event, EventKind, Failure, Instant, Output, ProbeId, RetryBudget, Verdict, monitor};

use crate::world::{Clock, Journal, Kind, Law, Queue, Random, Violation};

use super::accounts::Accounts;
use super::calm::Calm;
use super::ledger::{Ledger, Moment};
use super::machine::{self, Machine};
use super::peer::WatchEvent;
use super::rhythm::Rhythm;
use super::verdicts::Verdicts;
use super::{Limits, Plan, judge, micros, us};

/// `Monitor::MAX_DRAIN`, whatever the window.
const MAX_DRAIN: usize = systole::Monitor::<1>::MAX_DRAIN;

/// The most polls of one world.
const LONGEST: u64 = 20_000;

pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) journal: &'a mut Journal,
    pub(super) machine: Box<dyn Machine>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) queue: Queue<WatchEvent>,
    /// True time.
    pub(super) now_us: u64,
    pub(super) deadline: Option<Instant>,
    pub(super) looks: u64,
    pub(super) ledger: Ledger,
    pub(super) verdicts: Verdicts,
    pub(super) rhythm: Rhythm,
    pub(super) calm: Calm,
    pub(super) accounts: Accounts,
    pub(super) budget: Option<RetryBudget>,
    /// Interval, timeout and retries of the plan in force.
    pub(super) stated: (u64, u64, u64),
    /// The longest interval that was ever stated: a retry waits for no longer, nor for a timeout.
    pub(super) longest_us: u64,
    /// Something was handed in since the level was read last.
    pub(super) level: Option<u32>,
    /// When something was handed in last, in observed time.
    pub(super) heard_us: u64,
    digest: u64,
    /// What the caller will do in an episode, or once the peer is called dead.
    pub(super) waiting: Vec<u32>,
    pub(super) is_pushed: bool,
    /// What was handed in since nothing was left to be told.
    pub(super) handed_in: u64,
    /// When the first probe of this wake went out, in true time.
    pub(super) asked_us: Option<u64>,
    /// Wakes in a row in which a dead peer had time to answer, and did not.
    pub(super) silent_wakes: u64,
    /// When a dead peer came back for good, and nothing is in its way any more: in observed time,
    /// with the largest interval stated since.
    pub(super) back: Option<(Moment, u64)>,
    /// The peer answers within every wake, before any timeout.
    pub(super) lives: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(plan: &'a Plan, journal: &'a mut Journal) -> Self {
        let clock = plan.clock();
        let (machine, limits) = machine::monitor(&plan.settings, plan.window, clock.read(0));
        let window = machine::window(&plan.settings, plan.window);
        journal.call(|| format!("// {:?}", plan.settings));
        Self {
            calm: Calm::new(plan, &limits, window),
            budget: plan
                .budget
                .and_then(|(percent, reserve)| judge::budget(percent, reserve)),
            queue: plan.happenings(),
            plan,
            journal,
            machine,
            limits,
            clock,
            now_us: 0,
            deadline: None,
            looks: 0,
            ledger: Ledger::default(),
            verdicts: Verdicts::new(plan.ids, plan.nap.is_some()),
            rhythm: Rhythm::new(!plan.incidents.0.is_empty() || plan.sending_us > 0),
            accounts: Accounts::default(),
            stated: (0, 0, 0),
            longest_us: 0,
            level: None,
            heard_us: 0,
            digest: 0,
            waiting: Vec::new(),
            is_pushed: false,
            handed_in: 0,
            asked_us: None,
            silent_wakes: 0,
            back: None,
            lives: plan.nap.is_some()
                && plan.incidents.0.is_empty()
                && plan.rtt_us() < limits.timeout_min_us,
        }
    }

    /// To the end; returns a digest of all outputs.
    pub(super) fn go(mut self) -> Result<u64, Violation> {
        self.observe();
        self.drain()?;
        while let Some(wake_us) = self.wake_us() {
            if self.journal.polls > LONGEST {
                break;
            }
            let look_us = self.plan.look_us(wake_us, self.looks);
            self.looks += 1;
            if look_us > self.plan.life_us {
                break;
            }
            if self.plan.early && self.looks.is_multiple_of(4) {
                self.poll_early(wake_us)?;
            }
            self.now_us = look_us;
            self.look();
            while let Some((at_us, what)) = self.queue.pop_due(look_us) {
                self.happen(at_us, what)?;
                // "after waking, hand in what arrived, then call `poll`"
                if self.plan.drains_each && look_us == wake_us {
                    self.drain()?;
                }
            }
            self.drain()?;
            self.call_waiting()?;
        }
        self.finish()?;
        Ok(self.digest)
    }

    fn wake_us(&self) -> Option<u64> {
        let deadline_us = self
            .deadline
            .and_then(|until| self.clock.reaches(until, self.now_us));
        let happens_us = self.queue.next_us().map(|at_us| at_us.max(self.now_us));
        [deadline_us, happens_us].into_iter().flatten().min()
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.read(self.now_us)
    }

    pub(super) fn look(&mut self) -> Instant {
        let now = self.now();
        let late_us = self.ledger.look(now);
        if late_us > 0 {
            let verdict = self.machine.verdict();
            let down = !self.plan.is_up(self.now_us) && verdict != Verdict::Dead;
            let coverage = &mut self.journal.coverage;
            coverage.saw("a late poll");
            coverage.saw_if(verdict == Verdict::Suspect, "late during an episode");
            coverage.saw_if(down, "late beside a dead peer");
        }
        now
    }

    pub(super) fn broken(
        &self,
        law: Law,
        kind: &'static str,
        detail: String,
    ) -> Result<(), Violation> {
        Err(Violation::new(law, kind, self.now_us, detail))
    }

    /// "Polling early is harmless and answers the same deadline."
    fn poll_early(&mut self, wake_us: u64) -> Result<(), Violation> {
        let middle_us = self.now_us + (wake_us - self.now_us) / 2;
        let Some(deadline) = self.deadline else {
            return Ok(());
        };
        let (now, before) = (self.clock.read(middle_us), self.now());
        if now >= deadline || now < before || self.plan.look_us(middle_us, u64::MAX) != middle_us {
            return Ok(());
        }
        self.now_us = middle_us;
        self.look();
        self.journal.polls += 1;
        let output = self.machine.poll(now, self.budget.as_ref());
        self.journal.call(|| {
            format!(
                "monitor.poll(at({})); // early: {output:?}",
                now.as_micros()
            )
        });
        if output != Output::Wait(deadline) {
            let detail = format!("{output:?}, waited for {deadline:?}");
            return self.broken(
                Law::Progress,
                "an early poll answers something else",
                detail,
            );
        }
        self.ledger.wait(now, deadline);
        self.read_level(now)
    }

    /// Polls until there is nothing more to do.
    pub(super) fn drain(&mut self) -> Result<(), Violation> {
        let mut polls = 0;
        loop {
            let now = self.look();
            polls += 1;
            self.journal.polls += 1;
            let output = self.machine.poll(now, self.budget.as_ref());
            self.journal
                .call(|| format!("monitor.poll(at({})); // {output:?}", now.as_micros()));
            match output {
                Output::Send(id) => {
                    self.fold(1, u64::from(id));
                    // "at one moment": what is handed in, or takes time, begins another drain
                    if self.hand_out(id)? || self.plan.sending_us > 0 {
                        polls = 0;
                    }
                    if self.plan.drains_each {
                        self.handle_result()?;
                    }
                }
                Output::Event(event) => self.tell(event)?,
                Output::Wait(until) => {
                    self.fold(3, until.as_micros());
                    if until <= now {
                        let detail = format!("{until:?} at {now:?}");
                        return self.broken(Law::Progress, "a wait that is over", detail);
                    }
                    self.deadline = Some(until);
                    self.ledger.wait(now, until);
                    self.handed_in = 0;
                    break;
                }
                Output::Idle => {
                    self.deadline = None;
                    break;
                }
            }
            if polls >= MAX_DRAIN {
                return self.broken(Law::Progress, "a drain has no end", format!("{output:?}"));
            }
        }
        self.check()
    }

    /// What arrived while a probe was sent.
    fn handle_result(&mut self) -> Result<(), Violation> {
        while let Some((at_us, what)) = self.queue.pop_due(self.now_us) {
            self.handed_in += 1; // beside what the drain has not told yet
            self.happen(at_us, what)?;
        }
        Ok(())
    }

    fn fold(&mut self, kind: u64, value: u64) {
        let mixed = (self.digest ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.digest = mixed.rotate_left(23) ^ kind;
    }

    fn tell(&mut self, event: Event) -> Result<(), Violation> {
        self.fold(2, event.number.into());
        if let EventKind::Transition(change) = event.kind {
            self.fold(4, change.level.as_milli().into());
            self.calm.change(change.to, &self.ledger)?;
            self.rhythm.is_shifted |= change.to == Verdict::Suspect;
            if matches!(change.to, Verdict::Alive | Verdict::Dead) {
                self.rhythm.end_episode();
            }
            let down = !self.plan.is_up(self.now_us) && change.to == Verdict::Suspect;
            let coverage = &mut self.journal.coverage;
            coverage.saw_if(down, "a crash during an episode");
            if self.lives && change.to == Verdict::Dead {
                let kind = "resumed at every wake kills a live peer";
                return self.broken(Law::LocalTrouble, kind, format!("{change:?}"));
            }
        }
        let only = self.plan.verdicts_only;
        // "one pending slot a kind": of several changes before a poll the last one is told
        self.verdicts.is_overwritten = self.handed_in > 1;
        self.verdicts
            .tell(event, &self.ledger, only, self.journal)?;
        Ok(())
    }

    /// Sends a probe, or fails to; whether something was handed in.
    fn hand_out(&mut self, id: ProbeId) -> Result<bool, Violation> {
        let verdict = self.machine.verdict();
        let fails = self
            .plan
            .incidents
            .find(self.now_us, 0, |kind| kind == Kind::SendFails)
            .is_some();
        let snapshot = self.observe();
        let kept = self
            .rhythm
            .probe(verdict, &self.ledger, &self.limits, self.stated, fails);
        if !self.plan.verdicts_only {
            kept?;
        }
        let was_mute = self.ledger.muted_since.is_some_and(|since| {
            self.ledger.now().at_us - since.at_us >= micros(snapshot.path.plan.bound())
        });
        self.ledger.send(id, fails);
        self.calm.sent(self.now_us, self.stated.1, fails);
        let number = self.ledger.probes.len() - 1;
        if fails {
            self.now_us += self.plan.sending_us;
            self.accounts.busy_us += self.plan.sending_us;
            let now = self.look();
            self.machine.unsent(id, now);
            self.journal.call(|| {
                format!(
                    "monitor.handle_unsent(probe_{number}, at({}));",
                    now.as_micros()
                )
            });
            self.meet_unsent(verdict);
            self.accounts.unsent += 1;
            self.handed_in += 1;
            self.level = None;
            self.observe();
            return Ok(true);
        }
        // the bound may come before a timeout that is longer
        let rest_us = micros(snapshot.path.plan.bound()).saturating_sub(self.stated.0);
        let timeout_us = self.stated.1.min(self.limits.timeout_max_us).min(rest_us);
        // a wake may be shorter than any timeout: eight round trips are time enough, as below
        let rtt_us = self.plan.rtt_us();
        let timeout_us = self
            .plan
            .nap
            .map_or(timeout_us, |_| timeout_us.min(8 * rtt_us));
        let sent = self.ledger.now();
        self.verdicts.sent(sent, verdict, was_mute, timeout_us);
        self.asked_us = Some(self.asked_us.unwrap_or(self.now_us));
        let (plan, queue) = (self.plan, &mut self.queue);
        plan.answers(number, self.now_us, |at_us, what| queue.push(at_us, what));
        self.now_us += self.plan.sending_us;
        self.accounts.busy_us += self.plan.sending_us;
        self.look();
        self.ledger.busy(self.plan.sending_us);
        Ok(false)
    }

    fn meet_unsent(&mut self, verdict: Verdict) {
        let down = !self.plan.is_up(self.now_us);
        let coverage = &mut self.journal.coverage;
        coverage.saw("a probe could not be sent");
        coverage.saw_if(down, "a crash while nothing can be sent");
        coverage.saw_if(verdict == Verdict::Suspect, "sends fail during an episode");
        coverage.saw_if(verdict == Verdict::Dead, "sends fail while dead");
        let new = verdict == Verdict::Unknown;
        coverage.saw_if(new, "sends fail, and nothing was heard yet");
    }

    /// Takes what the machine states now into the books.
    pub(super) fn observe(&mut self) -> monitor::Snapshot {
        let snapshot = self.machine.snapshot(self.now());
        let plan = snapshot.path.plan;
        self.ledger.state(micros(plan.bound()));
        let retries = plan.retries().count().into();
        self.stated = (micros(plan.interval()), micros(plan.timeout()), retries);
        self.longest_us = self.longest_us.max(self.stated.0).max(self.stated.1);
        self.rhythm
            .state(self.stated.0, self.stated.1, self.stated.2);
        snapshot
    }

    pub(super) const fn refused() -> Failure {
        Failure::Refused
    }

    pub(super) fn held(&self) -> u64 {
        micros(us(self.plan.held_us))
    }
}

/// The rate of a generator of its own for what the caller does at a moment.
pub(super) fn caller(plan: &Plan, what: u32) -> Random {
    Random::of(plan.seed, 4, what.into())
}
