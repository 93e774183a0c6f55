//! A world runs.

use systole::lease::{Action, GrantOutcome, RenewalId, Request};

use super::calls::call;
use super::holder::Holder;
use super::plan::{Plan, SERVER};
use super::server::{Reply, Server, Token};
use crate::world::{Journal, Kind, Law, Queue, Random, Violation, World};

/// Holders of a lease, and the server that knows who holds it.
#[derive(Debug)]
pub struct LeaseWorld;

impl World for LeaseWorld {
    const NAME: &'static str = "lease";
    type Plan = Plan;
    const SITUATIONS: &'static [&'static str] = &[
        "held",
        "regained",
        "fenced",
        "lost",
        "late",
        "reconfigure",
        "resync",
        "release",
        "release and acquire",
        "traffic",
        "clock back",
        "clock forward",
        "too late",
        "unextended",
        "unknown",
        "the server was down",
        "the server hung",
        "a send failed",
        "held by the next",
        "the server broke its word",
        "calm",
    ];

    fn plan(random: &mut Random) -> Plan {
        Plan::draw(random)
    }

    fn simpler(plan: &Plan) -> Vec<Plan> {
        plan.simpler()
    }

    fn run(plan: &Plan, journal: &mut Journal) -> Result<(), Violation> {
        Run::new(plan).run(journal)
    }
}

/// Something that happens.
enum What {
    Wake(usize, u64),
    Arrive(usize, Sent),
    Answer(usize, Request, Reply),
    Acknowledge(usize, RenewalId, Reply),
    Own(usize, Kind),
    Look(usize),
    Break,
    Check,
}

/// What travels to the server.
#[derive(Clone, Copy)]
enum Sent {
    Request(Request),
    Traffic(RenewalId, Token),
}

struct Run<'a> {
    plan: &'a Plan,
    server: Server,
    holders: Vec<Holder>,
    queue: Queue<What>,
    random: Random,
    messages: u64,
    /// The last process that held the lease.
    last: Option<usize>,
    /// The epochs told, with the process that was told each.
    epochs: std::collections::BTreeMap<u64, usize>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Self {
        let holders = plan.holders.iter();
        let mut run = Self {
            plan,
            server: Server::new(plan.server, plan.seed),
            holders: holders.map(|holder| Holder::new(plan, holder)).collect(),
            queue: Queue::default(),
            random: Random::of(plan.seed, 3, 0),
            messages: 0,
            last: None,
            epochs: std::collections::BTreeMap::new(),
        };
        for (index, holder) in plan.holders.iter().enumerate() {
            run.queue.push(holder.starts_us, What::Wake(index, 0));
            for it in &holder.ours.0 {
                run.queue.push(it.from_us, What::Own(index, it.kind));
                if let Kind::ClockStep { by_us: ..0, .. } = it.kind {
                    // Only a step that a call sees can be told from a clock that was slow.
                    let before_us = it.from_us.saturating_sub(1);
                    run.queue.push(before_us, What::Look(index));
                }
            }
        }
        if let Some(at_us) = plan.server.breaks_at_us {
            run.queue.push(at_us, What::Break);
        }
        run
    }

    fn run(mut self, journal: &mut Journal) -> Result<(), Violation> {
        journal.coverage.saw_if(self.plan.is_calm(), "calm");
        while let Some(now_us) = self.queue.next_us().filter(|us| *us < self.plan.until_us) {
            self.check(now_us, journal)?;
            while let Some((_, what)) = self.queue.pop_due(now_us) {
                self.happen(what, now_us, journal)?;
                self.check(now_us, journal)?;
            }
        }
        self.end()
    }

    fn happen(&mut self, what: What, now_us: u64, journal: &mut Journal) -> Result<(), Violation> {
        match what {
            What::Wake(index, version) if version == self.holders[index].wake => {
                self.look(index, now_us, journal)
            }
            What::Arrive(index, sent) => {
                self.arrive(index, sent, now_us, journal);
                Ok(())
            }
            What::Answer(index, request, reply) => {
                self.answer(index, request, reply, now_us, journal)
            }
            What::Acknowledge(index, id, reply) => {
                let now = self.holders[index].show(now_us);
                if let Reply::Granted { ttl, epoch } = reply {
                    self.holders[index]
                        .lease
                        .handle_granted(id, ttl, epoch, now);
                }
                self.look(index, now_us, journal)
            }
            What::Look(index) => self.look(index, now_us, journal),
            What::Own(index, kind) => self.own(index, kind, now_us, journal),
            What::Break => {
                journal.coverage.saw("the server broke its word");
                self.server.break_word();
                Ok(())
            }
            What::Wake(..) | What::Check => Ok(()),
        }
    }

    /// Law 10, and that the epochs told are the server's and nobody else's.
    fn check(&mut self, now_us: u64, journal: &mut Journal) -> Result<(), Violation> {
        let truth = self.server.holder(now_us);
        for (index, holder) in self.holders.iter().enumerate() {
            let held = holder.is_held(now_us);
            if held && self.plan.is_faithful() && (truth.is_none() || truth != holder.token) {
                let detail = format!("holder {index} of {:?}, in truth {truth:?}", holder.token);
                return Err(Violation::new(
                    Law::Lease,
                    "held and expired",
                    now_us,
                    detail,
                ));
            }
            if let Some(epoch) = holder.epoch {
                let owner = *self.epochs.entry(epoch).or_insert(index);
                if owner != index {
                    return Err(Violation::new(
                        Law::Lease,
                        "two have one epoch",
                        now_us,
                        epoch,
                    ));
                }
            }
            if held && self.last != Some(index) {
                journal
                    .coverage
                    .saw_if(self.last.is_some(), "held by the next");
                self.last = Some(index);
            }
        }
        Ok(())
    }

    /// The process looks: it polls, sends, and sleeps.
    fn look(&mut self, index: usize, now_us: u64, journal: &mut Journal) -> Result<(), Violation> {
        if self.plan.holders[index].starts_us > now_us {
            return Ok(());
        }
        let (requests, until) = self.holders[index].drain(now_us, journal)?;
        for request in requests {
            self.send(index, Sent::Request(request), now_us, journal);
        }
        let holder = &mut self.holders[index];
        holder.wake += 1;
        let wake = holder.wake;
        if let Some(fence) = holder.lease.fence_at() {
            let edge = holder.clock.reaches(fence, now_us);
            if let Some(edge_us) = edge.filter(|us| *us > now_us) {
                self.queue.push(edge_us - 1, What::Check);
            }
        }
        let wake_us = until.and_then(|until| holder.clock.reaches(until, now_us));
        if let Some(wake_us) = wake_us {
            let at_us = self.looks_at_us(index, wake_us.max(now_us + 1));
            self.queue.push(at_us, What::Wake(index, wake));
        }
        Ok(())
    }

    fn looks_at_us(&mut self, index: usize, wake_us: u64) -> u64 {
        let ours = &self.plan.holders[index].ours;
        ours.looks_at_us(wake_us, &mut self.random, |_| {})
    }

    fn send(&mut self, index: usize, sent: Sent, now_us: u64, journal: &mut Journal) {
        let plan = &self.plan.holders[index];
        self.holders[index].sent += 1;
        let fails = plan
            .ours
            .find(now_us, crate::world::OURS, |kind| kind == Kind::SendFails);
        if let (Some(_), Sent::Request(request)) = (fails, sent) {
            journal.coverage.saw("a send failed");
            let now = self.holders[index].show(now_us);
            self.holders[index].lease.handle_failed(request.id, now);
            let (wake, soon_us) = (self.holders[index].wake + 1, now_us + 1);
            self.queue.push(soon_us, What::Wake(index, wake));
            return;
        }
        self.messages += 1;
        let arrivals = plan.path.out(self.messages, now_us, &self.plan.incidents);
        for at_us in arrivals.into_iter().flatten() {
            self.queue.push(at_us, What::Arrive(index, sent));
        }
    }

    /// Something arrives at the server, which may be down or hang.
    fn arrive(&mut self, index: usize, sent: Sent, now_us: u64, journal: &mut Journal) {
        let trouble = self.plan.incidents.find(now_us, SERVER, |_| true);
        if let Some(it) = trouble {
            if it.kind == Kind::Hang {
                journal.coverage.saw("the server hung");
                self.queue.push(it.until_us, What::Arrive(index, sent));
            } else {
                journal.coverage.saw("the server was down");
            }
            return;
        }
        match sent {
            Sent::Request(request) => {
                let reply = self.server.process(index, &request, now_us);
                journal.call(|| format!("server: {request} of {index} at {now_us} us: {reply:?}"));
                self.back(index, now_us, || What::Answer(index, request, reply));
            }
            Sent::Traffic(id, token) => {
                if self.server.holder(now_us) == Some(token) {
                    let reply = self.server.touch(now_us);
                    self.back(index, now_us, || What::Acknowledge(index, id, reply));
                }
            }
        }
    }

    fn back(&mut self, index: usize, now_us: u64, what: impl Fn() -> What) {
        self.messages += 1;
        let path = self.plan.holders[index].path;
        let arrivals = path.back(self.messages, now_us, &self.plan.incidents);
        for at_us in arrivals.into_iter().flatten() {
            let at_us = self.looks_at_us(index, at_us);
            self.queue.push(at_us, what());
        }
    }

    fn answer(
        &mut self,
        index: usize,
        request: Request,
        reply: Reply,
        now_us: u64,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        let holder = &mut self.holders[index];
        let now = holder.show(now_us);
        journal.call(|| format!("answer to {request} at {now}: {reply:?}"));
        match reply {
            Reply::Granted { ttl, epoch } => {
                let outcome = holder.lease.handle_granted(request.id, ttl, epoch, now);
                journal.coverage.saw(match outcome {
                    GrantOutcome::Extended => "extended",
                    GrantOutcome::Unextended => "unextended",
                    GrantOutcome::TooLate => "too late",
                    GrantOutcome::Unknown => "unknown",
                    _ => "another outcome",
                });
                if !matches!(outcome, GrantOutcome::Unknown | GrantOutcome::Stale) {
                    holder.token = Some((index, request.holding));
                }
            }
            Reply::Refused(why) => {
                holder.lease.handle_refused(request.id, why, now);
            }
            Reply::Released if request.action == Action::Release => {
                holder.lease.handle_released(now);
            }
            Reply::Released => {}
        }
        self.look(index, now_us, journal)
    }

    /// Something of the process itself begins.
    fn own(
        &mut self,
        index: usize,
        kind: Kind,
        now_us: u64,
        journal: &mut Journal,
    ) -> Result<(), Violation> {
        if self.plan.holders[index].starts_us > now_us {
            return Ok(());
        }
        match kind {
            Kind::ClockStep { by_us, .. } if by_us < 0 => {
                journal.coverage.saw("clock back");
                let after_us = self.random.below(by_us.unsigned_abs() / 2);
                self.queue.push(now_us + after_us, What::Look(index));
                Ok(())
            }
            Kind::ClockStep { .. } => {
                journal.coverage.saw("clock forward");
                Ok(())
            }
            Kind::Caller { what } => {
                let token = self.holders[index].token;
                let plan = self.plan;
                let id = call(plan, &mut self.holders[index], what, now_us, journal);
                if let Some((id, token)) = id.zip(token) {
                    self.send(index, Sent::Traffic(id, token), now_us, journal);
                }
                self.look(index, now_us, journal)
            }
            _ => Ok(()),
        }
    }

    /// What has to be true at the end: nobody who was alone and is undisturbed is without the lease,
    /// and no lease of a calm world was fenced. Where renewals are lost, once is what one lapse a
    /// day in expectation allows: a world lasts hours.
    fn end(&self) -> Result<(), Violation> {
        let (plan, until_us) = (self.plan, self.plan.until_us);
        let holder = &self.holders[0];
        let allowed = u32::from(plan.holders[0].path.loss_ppm > 0);
        if plan.is_calm() && holder.fenced > allowed {
            let detail = format!("{} times", holder.fenced);
            return Err(Violation::new(
                Law::Lease,
                "needlessly fenced",
                until_us,
                detail,
            ));
        }
        let settled_us = plan.calm_from_us() + 12 * plan.ttl_us;
        let wants = holder.lease.snapshot(holder.seen).counters.sent > 0;
        // A server that grants a quarter of what it is asked for may grant less than a round trip.
        let fits = plan.holders[0].path.loss_ppm == 0 && !plan.server.varies;
        let alone = plan.holders.len() == 1 && fits;
        let gives_up = plan.holders[0]
            .ours
            .0
            .iter()
            .any(|it| matches!(it.kind, Kind::Caller { .. }));
        if alone && wants && !gives_up && settled_us < until_us && !self.recently_held(until_us) {
            return Err(Violation::new(
                Law::NoLockOut,
                "not held at the end",
                until_us,
                settled_us,
            ));
        }
        Ok(())
    }

    fn recently_held(&self, now_us: u64) -> bool {
        self.holders[0].is_held(now_us)
    }
}
