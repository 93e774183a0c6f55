//! A process that wants the lease: its machine, its clock, and what it was told.

use systole::lease::{EventKind as Told, Lease, Request};
use systole::{Instant, Output};

use super::plan::{HolderPlan, Plan};
use super::server::Token;
use crate::world::{Clock, Journal, Kind, Law, Violation};

/// More outputs at one moment are a loop.
const DRAIN: usize = 8;

pub(super) struct Holder {
    pub(super) lease: Lease,
    pub(super) clock: Clock,
    pub(super) token: Option<Token>,
    /// The version of the wake that counts; earlier ones are superseded.
    pub(super) wake: u64,
    /// The latest clock reading that was handed in.
    pub(super) seen: Instant,
    pub(super) sent: u64,
    /// The requests of the application, which renew too.
    pub(super) fenced: u32,
    /// The epoch that it was told last, while it believes that it holds the lease.
    pub(super) epoch: Option<u64>,
    number: u32,
}

impl Holder {
    pub(super) fn new(plan: &Plan, holder: &HolderPlan) -> Self {
        let clock = clock(holder);
        let now = clock.read(holder.starts_us);
        Self {
            lease: Lease::new(plan.config(plan.ttl_us), now),
            clock,
            token: None,
            wake: 0,
            seen: now,
            sent: 0,
            fenced: 0,
            epoch: None,
            number: 0,
        }
    }

    /// What its clock shows at `now_us`, which is about to be handed in.
    pub(super) fn show(&mut self, now_us: u64) -> Instant {
        self.seen = self.clock.read(now_us);
        self.seen
    }

    pub(super) fn is_held(&self, now_us: u64) -> bool {
        self.lease.is_held(self.clock.read(now_us))
    }

    /// Polls until there is nothing more to do. Returns what is to be sent and when to poll next.
    pub(super) fn drain(
        &mut self,
        now_us: u64,
        journal: &mut Journal,
    ) -> Result<(Vec<Request>, Option<Instant>), Violation> {
        let now = self.show(now_us);
        let mut requests = Vec::new();
        for _ in 0..DRAIN {
            journal.polls += 1;
            let output = self.lease.poll(now);
            journal.call(|| format!("poll({now}) -> {output:?}"));
            if !self.lease.is_valid() {
                return Err(Violation::new(Law::Accounts, "invalid state", now_us, now));
            }
            match output {
                Output::Send(request) => requests.push(request),
                Output::Event(event) => {
                    self.told(event.number, event.kind, now_us, journal)?;
                }
                Output::Wait(until) if until <= now => {
                    return Err(Violation::new(Law::Progress, "busy loop", now_us, until));
                }
                Output::Wait(until) => return Ok((requests, Some(until))),
                Output::Idle => return Ok((requests, None)),
            }
        }
        Err(Violation::new(Law::Progress, "endless drain", now_us, now))
    }

    fn told(
        &mut self,
        number: u32,
        kind: Told,
        now_us: u64,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        self.number += 1;
        let wrong = |what| Err(Violation::new(Law::Accounts, what, now_us, kind));
        if number != self.number {
            return wrong("an event number is left out");
        }
        match kind {
            Told::Held { epoch } | Told::Regained { epoch } => {
                if self.epoch.replace(epoch).is_some() {
                    return wrong("held is told twice");
                }
                if !self.is_held(now_us) {
                    return wrong("held is told and not true");
                }
            }
            Told::Fenced { .. } => {
                self.fenced += 1;
                if self.epoch.take().is_none() {
                    return wrong("fenced is told to nobody");
                }
            }
            Told::Lost { .. } => self.epoch = None,
            _ => {}
        }
        journal.coverage.saw(match kind {
            Told::Held { .. } => "held",
            Told::Regained { .. } => "regained",
            Told::Fenced { .. } => "fenced",
            Told::Lost { .. } => "lost",
            Told::Late { .. } => "late",
            _ => "another event",
        });
        Ok(())
    }
}

fn clock(plan: &HolderPlan) -> Clock {
    let mut clock = Clock::new(plan.clock_us, plan.drift_ppm);
    let mut steps: Vec<_> = plan.ours.0.iter().collect();
    steps.sort_by_key(|it| it.from_us);
    for it in steps {
        if let Kind::ClockStep { by_us, .. } = it.kind {
            clock.step(it.from_us, by_us);
        }
    }
    clock
}
