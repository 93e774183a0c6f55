//! One world of a fleet, from beginning to end.

use systole::pacing::Pacing;
use systole::{
    Config, Event, Failure, Fleet, FleetEvent, FleetOutput, Instant, PeerKey, ProbeId, Reason,
    Verdict,
};

use super::account::{Account, judge_census};
use super::network::{Echo, down_spans, send};
use super::plan::FleetPlan;
use super::truth::{Ours, Truth, micros};
use crate::with_config;
use crate::world::{Journal, Kind, Law, OURS, Queue, Random, Violation, World, mixed};

/// The world of a fleet.
#[derive(Debug)]
pub struct FleetWorld;

impl World for FleetWorld {
    const NAME: &'static str = "fleet";

    type Plan = FleetPlan;

    const SITUATIONS: &'static [&'static str] = &[
        "an overflow met a crash",
        "an overflow while polls are late",
        "a peer was added after an overflow",
        "a peer was added while polls are late",
        "a peer was removed while dead",
        "a place was used again",
        "a reply came for a peer that is gone",
        "a crash while polls are late",
        "a crash while nothing can be sent",
        "nothing could be sent for a bound",
        "away for longer than 71 minutes",
        "away while a peer crashed",
        "a dead peer came back",
        "a peer came back while suspected",
        "more was due than a drain takes",
        "the clock ends",
        "a false death was refuted",
        "a peer refused",
    ];

    fn plan(random: &mut Random) -> FleetPlan {
        FleetPlan::draw(random)
    }

    fn simpler(plan: &FleetPlan) -> Vec<FleetPlan> {
        plan.simpler()
    }

    fn run(plan: &FleetPlan, journal: &mut Journal) -> Result<(), Violation> {
        with_config!(plan.settings, |config| {
            let digest = Run::new(plan, &config, journal).live()?;
            if plan.twice {
                secrets(plan, &config)?;
                let again = Run::new(plan, &config, &mut Journal::default()).live()?;
                if digest != again {
                    let kind = "the same inputs gave other outputs";
                    return Err(Violation::new(Law::Determinism, kind, plan.life_us, ""));
                }
            }
            Ok(())
        })
    }
}

/// What is printed must not depend on the seed.
fn secrets<P: Pacing + Copy>(plan: &FleetPlan, config: &Config<P>) -> Result<(), Violation> {
    let other = config
        .seed(plan.settings.seed ^ 0x5555_aaaa)
        .unwrap_or(*config);
    let printed = |config: &Config<P>| {
        let fleet = Fleet::<4, P>::new(*config, Instant::ZERO).unwrap();
        (format!("{config:?}"), format!("{fleet:?}"))
    };
    let (one, two) = (printed(config), printed(&other));
    let kind = match (one.0 == two.0, one.1 == two.1) {
        (true, true) => return Ok(()),
        (false, _) => "what a configuration prints depends on its seed",
        _ => "what a fleet prints depends on its seed",
    };
    Err(Violation::new(Law::Secrets, kind, 0, one.0))
}

/// A world ends after so many drains, however long it was to last.
const LONGEST: u64 = 20_000;

/// Where there are more peers than this, each of which may be looked at several times at a moment,
/// a drain may end although more is due.
const CROWD: usize = 64;

/// Something that we do at a moment, or that becomes true then.
#[derive(Clone, Copy, Debug)]
enum Act {
    Add,
    Remove,
    Goes,
    Comes,
    Call(u32),
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    slot: usize,
    key: PeerKey,
    id: ProbeId,
    number: u64,
    sent_us: u64,
    /// How late we had been by then, in all.
    late_us: u64,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Echo(Echo),
    Unsent,
}

struct Run<'a, P: Pacing> {
    plan: &'a FleetPlan,
    fleet: Fleet<4, P>,
    journal: &'a mut Journal,
    timeout_min_us: u64,
    timeout_max_us: u64,
    least_gap_us: u64,
    interval_min_us: u64,
    life_us: u64,
    acts: Queue<(usize, Act)>,
    arrivals: Queue<Arrival>,
    /// Arrivals that are dropped on our side.
    dropped: Queue<()>,
    /// What is known of the peers of the plan.
    truths: Vec<Option<Truth>>,
    /// Which peer of the plan is in a place of the fleet.
    places: Vec<Option<usize>>,
    last_reply: Option<Arrival>,
    random: Random,
    ours: Ours,
    account: Account,
    number: u32,
    digest: u64,
    drains: u64,
    /// When the last drain was, that of now excepted.
    drained_us: u64,
    happenings: u64,
}

impl<'a, P: Pacing + Copy> Run<'a, P> {
    fn new(plan: &'a FleetPlan, config: &Config<P>, journal: &'a mut Journal) -> Self {
        let fleet = Fleet::new(*config, Instant::from_micros(plan.start_us)).unwrap();
        journal.call(|| {
            let settings = plan.settings;
            format!(
                "let fleet = Fleet::<4, _>::new({settings:?}, at({}));",
                plan.start_us
            )
        });
        let mut acts = Queue::default();
        for (slot, peer) in plan.peers.iter().enumerate() {
            acts.push(peer.added_us, (slot, Act::Add));
            for (from_us, until_us) in down_spans(peer) {
                acts.push(from_us, (slot, Act::Goes));
                acts.push(until_us, (slot, Act::Comes));
            }
            for it in &peer.incidents.0 {
                if let Kind::Caller { what } = it.kind {
                    acts.push(it.from_us, (slot, Act::Call(what)));
                }
            }
            if let Some(removed_us) = peer.removed_us {
                acts.push(removed_us, (slot, Act::Remove));
            }
        }
        let timeout_min_us = micros(config.timeout_min());
        let interval_min_us = micros(config.interval_min());
        Self {
            plan,
            fleet,
            journal,
            timeout_min_us,
            timeout_max_us: micros(config.timeout_max()),
            interval_min_us,
            least_gap_us: timeout_min_us.min(interval_min_us),
            life_us: plan.life_us.min(u64::MAX - plan.start_us - 1),
            acts,
            arrivals: Queue::default(),
            dropped: Queue::default(),
            truths: vec![None; plan.peers.len()],
            places: Vec::new(),
            last_reply: None,
            random: Random::new(plan.settings.seed),
            ours: Ours::default(),
            account: Account::default(),
            number: 0,
            digest: 0,
            drains: 0,
            drained_us: 0,
            happenings: 0,
        }
    }

    fn at(&self, true_us: u64) -> Instant {
        Instant::from_micros(self.plan.start_us.saturating_add(true_us))
    }

    /// Lives to the end; returns a digest of everything that came out.
    fn live(mut self) -> Result<u64, Violation> {
        let (mut now_us, mut until_us) = (0, 0);
        loop {
            self.act(now_us)?;
            self.lateness(now_us, until_us);
            self.read(now_us)?;
            until_us = self.drain(now_us)?;
            self.drained_us = now_us;
            self.events(now_us)?;
            self.judge(now_us)?;
            if now_us >= self.life_us || self.drains > LONGEST {
                break;
            }
            now_us = self.wake_us(now_us, until_us).min(self.life_us);
            self.early(now_us, until_us)?;
        }
        self.journal
            .coverage
            .saw_if(self.life_us < self.plan.life_us, "the clock ends");
        self.finish(now_us)?;
        Ok(self.digest)
    }

    /// When we look next, where the fleet asked to be polled at `until_us`.
    fn wake_us(&mut self, now_us: u64, until_us: u64) -> u64 {
        let arrival_us = self.arrivals.next_us().filter(|_| self.plan.wakes);
        let act_us = self.acts.next_us();
        let due_us = [Some(until_us), arrival_us, act_us]
            .into_iter()
            .flatten()
            .min();
        let wake_us = due_us.unwrap_or(until_us).max(now_us + 1);
        let (ours, coverage) = (&self.plan.ours, &mut self.journal.coverage);
        ours.looks_at_us(wake_us, &mut self.random, |away| {
            let long = away.until_us - away.from_us > 71 * 60_000_000;
            coverage.saw_if(long, "away for longer than 71 minutes");
        })
    }

    fn lateness(&mut self, now_us: u64, until_us: u64) {
        let late_us = now_us.saturating_sub(until_us);
        if late_us == 0 {
            return;
        }
        self.ours.late_us += late_us;
        let crashed = |it: &Truth| it.down_us.is_some() && it.verdict != Verdict::Dead;
        let has_crashed = self.truths.iter().flatten().any(crashed);
        self.journal
            .coverage
            .saw_if(has_crashed, "a crash while polls are late");
        self.journal.coverage.saw_if(
            has_crashed && late_us > 1_000_000,
            "away while a peer crashed",
        );
    }

    fn act(&mut self, now_us: u64) -> Result<(), Violation> {
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

    fn add(&mut self, slot: usize, now_us: u64) {
        let key = self.fleet.add(self.at(now_us));
        self.journal
            .call(|| format!("let peer{slot} = fleet.add(at({now_us}));"));
        let peer = &self.plan.peers[slot];
        let mut truth = Truth::new(
            key,
            peer,
            self.timeout_min_us,
            self.plan.settings.rise,
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

    fn remove(&mut self, slot: usize, now_us: u64) -> Result<(), Violation> {
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

    fn turn(&mut self, slot: usize, act: Act, at_us: u64, now_us: u64) {
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

    fn call(&mut self, slot: usize, what: u32, now_us: u64) {
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

    /// Hands in what arrived, and tells what was dropped.
    fn read(&mut self, now_us: u64) -> Result<(), Violation> {
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

    fn overflow(&mut self, now_us: u64) {
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

    fn arrive(&mut self, it: Arrival, at_us: u64, now_us: u64) {
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

    fn unsent(&mut self, it: Arrival, at_us: u64) {
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

    /// Reads what the fleet states of a peer for which a verdict is awaited.
    fn state(&mut self, slot: usize, now_us: u64) {
        let now = self.at(now_us);
        if let Some(truth) = self.truths[slot].as_mut().filter(|it| it.waits())
            && let Some(status) = self.fleet.status(truth.key, now)
        {
            truth.states(&status.heart.plan);
        }
    }

    /// Polls until there is nothing to do; returns until when.
    fn drain(&mut self, now_us: u64) -> Result<u64, Violation> {
        self.drains += 1;
        let now = self.at(now_us);
        let mut probes = 0;
        for _ in 0..=Fleet::<4, P>::MAX_DRAIN {
            self.journal.polls += 1;
            match self.fleet.poll(now) {
                FleetOutput::Probe { peer, id, late } => {
                    probes += 1;
                    self.digest = mixed(self.digest, u64::from(id) ^ micros(late));
                    self.probe(peer, id, micros(late), now_us)?;
                }
                FleetOutput::Wait(until) => {
                    self.digest = mixed(self.digest, until.as_micros());
                    self.journal
                        .call(|| format!("fleet.poll(at({now_us})); // Wait({until:?})"));
                    if until <= now {
                        let detail = format!("{until:?} at {now:?}");
                        return Err(Violation::new(
                            Law::Progress,
                            "a wait lies not in the future",
                            now_us,
                            detail,
                        ));
                    }
                    let until_us = until.as_micros().saturating_sub(self.plan.start_us);
                    self.ends_early(now_us, until_us, probes);
                    return Ok(until_us);
                }
                FleetOutput::Idle => return Ok(u64::MAX / 2),
            }
        }
        Err(Violation::new(
            Law::Progress,
            "a drain does not end",
            now_us,
            probes,
        ))
    }

    /// "It ends with a `Wait` of one microsecond even where more is due": what is called overdue or dead
    /// takes its share of a drain, too, and cannot be told from outside.
    fn ends_early(&mut self, now_us: u64, until_us: u64, probes: usize) {
        let is_full = probes + 1 >= Fleet::<4, P>::MAX_DRAIN;
        self.journal
            .coverage
            .saw_if(is_full, "more was due than a drain takes");
        let peers = self.truths.iter().flatten().count();
        if is_full || until_us == now_us + 1 && peers > CROWD {
            self.ours.late_us += 1;
        }
    }

    fn probe(
        &mut self,
        key: PeerKey,
        id: ProbeId,
        late_us: u64,
        now_us: u64,
    ) -> Result<(), Violation> {
        let number = self.account.probes;
        self.account.probes += 1;
        let slot = self.places.get(key.index()).copied().flatten();
        let Some(slot) =
            slot.filter(|&slot| self.truths[slot].as_ref().is_some_and(|it| it.key == key))
        else {
            return Err(Violation::new(
                Law::Accounts,
                "a probe for a peer that is gone",
                now_us,
                key.index(),
            ));
        };
        self.journal.call(|| {
            format!(
                "fleet.poll(at({now_us})); // Probe {{ peer{slot}, ids[{number}], late {late_us} }}"
            )
        });
        // a reply that is read late may have made it due before the moment that was named
        let most_us = self.ours.late_us.max(now_us - self.drained_us);
        if self.plan.wakes && late_us > most_us {
            let detail = format!("{late_us} us, of {most_us} us in all");
            return Err(Violation::new(
                Law::Accounts,
                "a probe is said to be later than we were",
                now_us,
                detail,
            ));
        }
        self.spacing(slot, now_us)?;
        let truth = self.truths[slot].as_mut().unwrap();
        let late_us = self.ours.late_us;
        let arrival = |what| Arrival {
            slot,
            key,
            id,
            number,
            sent_us: now_us,
            late_us,
            what,
        };
        if self
            .plan
            .ours
            .find(now_us, OURS, |it| it == Kind::SendFails)
            .is_some()
        {
            truth.unsent(now_us + self.plan.unsent_after_us, self.ours);
            let is_long = truth.is_blocked_for_a_bound(now_us);
            self.journal
                .coverage
                .saw_if(is_long, "nothing could be sent for a bound");
            match self.plan.unsent_after_us {
                0 => self.unsent(arrival(What::Unsent), now_us),
                after_us => self.arrivals.push(now_us + after_us, arrival(What::Unsent)),
            }
        } else {
            truth.sent(now_us);
            let (arrivals, dropped, ours) =
                (&mut self.arrivals, &mut self.dropped, &self.plan.ours);
            send(
                &self.plan.peers[slot],
                number,
                now_us,
                |at_us, echo| match ours.find(at_us, OURS, |it| it == Kind::Overflow) {
                    Some(_) => dropped.push(at_us, ()),
                    None => arrivals.push(at_us, arrival(What::Echo(echo))),
                },
            );
        }
        self.state(slot, now_us);
        Ok(())
    }

    /// Law 1: how far probes are apart.
    fn spacing(&mut self, slot: usize, now_us: u64) -> Result<(), Violation> {
        let truth = self.truths[slot].as_mut().unwrap();
        if truth.attempted_us.replace(now_us) == Some(now_us) {
            let kind = "a peer is probed twice in one drain";
            return Err(Violation::new(Law::Progress, kind, now_us, slot));
        }
        if truth.blocked_us.is_some() {
            return Ok(());
        }
        let Some((sent_us, was_alive)) = truth.last_sent else {
            return Ok(());
        };
        let gap_us = now_us - sent_us;
        let detail = |least_us: u64| format!("peer {slot}: {gap_us} us, at least {least_us} us");
        if gap_us < self.least_gap_us {
            let detail = detail(self.least_gap_us);
            return Err(Violation::new(
                Law::Intervals,
                "probes are closer than the shortest timeout",
                now_us,
                detail,
            ));
        }
        // a retry comes in the same drain as the suspicion, before its event is read
        let is_alive = self.fleet.verdict(truth.key) == Some(Verdict::Alive);
        if was_alive && is_alive && truth.is_quick && gap_us < self.interval_min_us {
            let detail = detail(self.interval_min_us);
            return Err(Violation::new(
                Law::Intervals,
                "steady probes are closer than the shortest interval",
                now_us,
                detail,
            ));
        }
        Ok(())
    }

    fn events(&mut self, now_us: u64) -> Result<(), Violation> {
        let events = self.fleet.events().collect::<Vec<_>>();
        let mut pauses = 0;
        let has_gap = events.last().is_some_and(|last| {
            let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
            last.event.number() != self.number.wrapping_add(count)
        });
        // "where the caller drains too seldom, the latest event of a kind stays"
        let skips = events.iter().any(|it| self.skips(it));
        if has_gap && !skips && events.len() < self.truths.iter().flatten().count() {
            return Err(Violation::new(
                Law::Accounts,
                "event numbers show a gap",
                now_us,
                format!("{events:?}"),
            ));
        }
        self.account.has_gap |= has_gap;
        for FleetEvent { peer, event } in events {
            self.happenings += 1;
            self.number = event.number();
            self.journal.call(|| format!("// {event:?} of {peer:?}"));
            if self.plan.twice {
                self.digest = format!("{event:?}")
                    .bytes()
                    .fold(self.digest, |sum, byte| mixed(sum, byte.into()));
            }
            match event {
                Event::Transition(it) => self.transition(peer, it, has_gap, now_us)?,
                Event::Paused { lateness, .. } => {
                    pauses += 1;
                    self.account.pauses += 1;
                    self.paused(peer, micros(lateness), pauses, now_us)?;
                }
                Event::Blind { since, .. } if peer.is_none() => {
                    self.blind(since.as_micros().saturating_sub(self.plan.start_us), now_us)?;
                }
                _ => {}
            }
        }
        if has_gap {
            self.catch_up(now_us);
        }
        Ok(())
    }

    /// Whether the event before this one was replaced by it.
    fn skips(&self, it: &FleetEvent) -> bool {
        let (Some(peer), Event::Transition(transition)) = (it.peer, it.event) else {
            return false;
        };
        let told = self.truths.iter().flatten().find(|truth| truth.key == peer);
        told.is_some_and(|truth| truth.verdict != transition.from)
    }

    /// Nothing could be sent for a bound: every verdict is unknown, and one event tells so.
    fn blind(&mut self, since_us: u64, now_us: u64) -> Result<(), Violation> {
        let mut is_blocked = false;
        for truth in self.truths.iter_mut().flatten() {
            is_blocked |= truth.blocked_us.is_some_and(|us| us <= now_us);
            // it is told in the drain in which the first probe leaves that can
            is_blocked |= truth.unblocked_us == Some(now_us);
            truth.blind(now_us);
        }
        if is_blocked && since_us < now_us {
            return Ok(());
        }
        let kind = "blind though no send failed";
        Err(Violation::new(Law::LocalTrouble, kind, now_us, since_us))
    }

    fn paused(
        &self,
        peer: Option<PeerKey>,
        lateness_us: u64,
        pauses: u32,
        now_us: u64,
    ) -> Result<(), Violation> {
        let kind = if peer.is_some() {
            "a pause of ours is told of a peer"
        } else if pauses > 1 {
            "one pause is told more than once"
        } else if lateness_us > self.ours.late_us {
            "a pause is told that is longer than ours"
        } else {
            return Ok(());
        };
        Err(Violation::new(
            Law::Accounts,
            kind,
            now_us,
            format!("{lateness_us} us"),
        ))
    }

    fn transition(
        &mut self,
        peer: Option<PeerKey>,
        it: systole::Transition,
        has_gap: bool,
        now_us: u64,
    ) -> Result<(), Violation> {
        let (to, revived) = (it.to, it.from == Verdict::Dead && it.to == Verdict::Alive);
        self.account.suspect += u64::from(to == Verdict::Suspect);
        self.account.dead += u64::from(to == Verdict::Dead);
        self.account.revived += u64::from(revived);
        self.journal
            .coverage
            .saw_if(it.reason == Reason::Refuted, "a false death was refuted");
        let place = peer.and_then(|key| self.places.get(key.index()).copied().flatten());
        let Some(slot) = place.filter(|&slot| self.truths[slot].as_ref().map(|it| it.key) == peer)
        else {
            return Ok(()); // "Events of it that are pending stay."
        };
        let truth = self.truths[slot].as_mut().unwrap();
        if !has_gap && truth.verdict != it.from {
            let detail = format!("peer {slot} was told {:?}, now {it:?}", truth.verdict);
            return Err(Violation::new(
                Law::Accounts,
                "a transition from a verdict that was not told",
                now_us,
                detail,
            ));
        }
        if to == Verdict::Dead && it.level.as_milli() == 0 && truth.proof_us.is_some() {
            return Err(Violation::new(
                Law::Suspicion,
                "dead at level 0",
                now_us,
                format!("{it:?}"),
            ));
        }
        if to == Verdict::Dead && !has_gap && it.from == Verdict::Alive {
            return Err(Violation::new(
                Law::Suspicion,
                "dead without a suspicion",
                now_us,
                format!("{it:?}"),
            ));
        }
        self.proof(slot, it.reason, now_us)?;
        self.truths[slot].as_mut().unwrap().told(to, now_us)?;
        self.state(slot, now_us);
        Ok(())
    }

    /// Whether an end of `Dead` is called what it is.
    fn proof(&self, slot: usize, reason: Reason, now_us: u64) -> Result<(), Violation> {
        let truth = self.truths[slot].as_ref().unwrap();
        let (Some(dead_us), Some(proof_us)) = (truth.dead_us, truth.proof_us) else {
            return Ok(());
        };
        let kind = match reason {
            Reason::Refuted
                if proof_us > dead_us && self.plan.settings.rise == 1 && truth.is_clean =>
            {
                return Ok(());
            }
            Reason::Recovered if proof_us < dead_us => {
                "recovered by an answer to a probe from before"
            }
            _ => return Ok(()),
        };
        let detail = format!("peer {slot}: dead at {dead_us} us, answered probe of {proof_us} us");
        Err(Violation::new(Law::Proof, kind, now_us, detail))
    }

    /// Takes over verdicts whose events were lost.
    fn catch_up(&mut self, now_us: u64) {
        for slot in 0..self.truths.len() {
            let Some(truth) = &mut self.truths[slot] else {
                continue;
            };
            if let Some(verdict) = self
                .fleet
                .verdict(truth.key)
                .filter(|it| *it != truth.verdict)
            {
                let _ = truth.told(verdict, now_us);
                self.state(slot, now_us);
            }
        }
    }

    fn judge(&mut self, now_us: u64) -> Result<(), Violation> {
        for slot in 0..self.truths.len() {
            if self.truths[slot].as_ref().is_some_and(Truth::is_judged) {
                self.state(slot, now_us); // a plan may change where nothing is told
            }
        }
        for truth in self.truths.iter().flatten() {
            truth.judge(now_us, self.ours)?;
        }
        if self.drains.is_multiple_of(16) {
            self.account.judge(&self.fleet.counters(), now_us)?;
            judge_census(self.fleet.census(), self.truths.iter().flatten(), now_us)?;
        }
        if self.drains > 1_000 + 50 * (self.happenings + self.account.probes) {
            let detail = format!("{} drains for {} probes", self.drains, self.account.probes);
            return Err(Violation::new(Law::Progress, "a busy loop", now_us, detail));
        }
        Ok(())
    }

    /// "Early calls are harmless": before the moment that was named nothing is due.
    fn early(&mut self, now_us: u64, until_us: u64) -> Result<(), Violation> {
        if self.plan.early == 0 || !self.random.one_in(self.plan.early) || now_us < 2 {
            return Ok(());
        }
        let early_us = (now_us - 1).min(until_us - 1);
        let has_arrived = |at_us| at_us <= early_us;
        // at the moment of the last drain it is not early
        if early_us == self.drained_us || self.arrivals.next_us().is_some_and(has_arrived) {
            return Ok(());
        }
        self.journal.polls += 1;
        self.journal
            .call(|| format!("fleet.poll(at({early_us})); // early"));
        match self.fleet.poll(self.at(early_us)) {
            FleetOutput::Probe { .. } => Err(Violation::new(
                Law::Progress,
                "a probe before the moment that was named",
                early_us,
                until_us,
            )),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, now_us: u64) -> Result<(), Violation> {
        let now = self.at(now_us);
        let census = self.fleet.census();
        let worst = self.fleet.worst(3, now);
        let expected = (census.suspect + census.dead).min(3);
        let bad =
            |it: &systole::PeerStatus| matches!(it.heart.verdict, Verdict::Suspect | Verdict::Dead);
        let key = |it: &systole::PeerStatus| (it.heart.verdict == Verdict::Dead, it.silent);
        let is_sorted = worst.windows(2).all(|two| key(&two[0]) >= key(&two[1]));
        if worst.len() != expected || !worst.iter().all(bad) || !is_sorted {
            let detail = format!(
                "{:?} of {census:?}",
                worst.iter().map(key).collect::<Vec<_>>()
            );
            return Err(Violation::new(
                Law::Accounts,
                "the worst peers are others",
                now_us,
                detail,
            ));
        }
        for truth in self.truths.iter().flatten() {
            self.samples(truth, now)?;
        }
        Ok(())
    }

    /// The window holds the last round trips: where all were alike, so is their mean.
    fn samples(&self, truth: &Truth, now: Instant) -> Result<(), Violation> {
        let (rtt_us, alike) = truth.alike;
        if !truth.is_quick || alike < 8 {
            return Ok(());
        }
        let heart = self.fleet.status(truth.key, now).map(|it| it.heart);
        let mean_us = heart.map_or(0, |it| micros(it.mean));
        if mean_us == rtt_us {
            return Ok(());
        }
        let detail =
            format!("the last {alike} took {rtt_us} us, their mean is said to be {mean_us} us");
        Err(Violation::new(
            Law::Accounts,
            "round trips are not measured any more",
            now.as_micros(),
            detail,
        ))
    }
}
