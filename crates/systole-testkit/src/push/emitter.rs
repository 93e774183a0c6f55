//! The sending side: a `Sender`, or one of somebody else's that keeps a pace of its own.

use std::time::Duration;

use systole::{Beat, Instant, Output, Sender};

use super::plan::{Plan, Style};
use crate::world::{Clock, Journal, Kind, Random};

/// Sends beats, crashes, restarts, changes its pace and leaves, as the plan says.
pub struct Emitter<'p> {
    plan: &'p Plan,
    clock: Clock,
    random: Random,
    sender: Option<Sender>,
    /// The next slot, and when it comes on the sender's clock.
    slot: u32,
    slot_at_us: u64,
    remainder: u64,
    /// Incarnations so far.
    lives: u32,
    next_us: Option<u64>,
    changes_done: usize,
    /// Whether it said goodbye in this life.
    left: bool,
    /// Whether it was down when it was last looked at.
    down: Option<Kind>,
    acted_us: u64,
    /// Whether its clock has come to the end of time.
    ended: bool,
}

impl<'p> Emitter<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        let clock = Clock::new(plan.sender.clock_start_us, plan.sender.drift_ppm);
        let mut emitter = Self {
            plan,
            clock,
            random: Random::of(plan.seed, 10, 0),
            sender: None,
            slot: 0,
            slot_at_us: 0,
            remainder: 0,
            lives: 0,
            next_us: None,
            changes_done: 0,
            left: false,
            down: None,
            acted_us: 0,
            ended: false,
        };
        emitter.start(0);
        emitter
    }

    /// The incarnation of life number `life`.
    fn incarnation(&self, life: u32) -> u32 {
        if self.plan.settings.tagged {
            return self.plan.sender.incarnation.saturating_add(life);
        }
        u32::try_from(Random::of(self.plan.seed, 11, life.into()).draw() >> 32).unwrap_or(0)
    }

    /// Which life this is, from 0.
    pub fn life(&self) -> u32 {
        self.lives - 1
    }

    /// Whether it sends at `now_us`: neither down nor gone.
    pub fn is_live(&self, now_us: u64) -> bool {
        !self.left && !self.ended && self.down_at(now_us).is_none()
    }

    /// Whether it said goodbye.
    pub fn has_left(&self) -> bool {
        self.left
    }

    fn down_at(&self, now_us: u64) -> Option<Kind> {
        let down = |kind| matches!(kind, Kind::Crash | Kind::Restart);
        self.plan.incidents.find(now_us, 0, down).map(|it| it.kind)
    }

    fn start(&mut self, now_us: u64) {
        self.lives += 1;
        self.left = false;
        let now = self.clock.read(now_us);
        let interval_us = self.interval_us(now_us);
        if self.plan.sender.style == Style::Own {
            let interval = Duration::from_micros(interval_us);
            let sender = Sender::new(interval, self.incarnation(self.life()), now);
            self.sender = Some(sender.expect("in range"));
        }
        self.slot = match self.plan.sender.style {
            Style::Own => 0,
            Style::Foreign => self.plan.sender.first_sequence,
        };
        self.slot_at_us = now.as_micros();
        self.next_us = Some(now_us);
    }

    /// The interval that is asked for at `now_us`.
    fn interval_us(&self, now_us: u64) -> u64 {
        let begun = |change: &&(u64, u64)| change.0 <= now_us;
        let last = self.plan.sender.paces.iter().rev().find(begun);
        last.map_or(self.plan.sender.interval_us, |change| change.1)
    }

    /// When it does something next.
    pub fn next_us(&self) -> Option<u64> {
        let change = self.plan.sender.paces.get(self.changes_done);
        let leave = self.plan.sender.leaves_us.filter(|&us| us > self.acted_us);
        let edge = self.plan.incidents.0.iter();
        let edge = edge.filter(|it| matches!(it.kind, Kind::Crash | Kind::Restart));
        let edge = edge.flat_map(|it| [it.from_us, it.until_us]);
        let edge = edge.filter(|&us| us > self.acted_us).min();
        let own = self
            .next_us
            .filter(|_| self.down.is_none() && !self.left && !self.ended);
        [own, change.map(|it| it.0), leave, edge]
            .into_iter()
            .flatten()
            .min()
    }

    /// Acts at `now_us`; what it sends is added to `sent`.
    pub fn act(&mut self, now_us: u64, journal: &mut Journal, sent: &mut Vec<(Beat, u64)>) {
        let was_down = self.down;
        self.down = self.down_at(now_us);
        if let (Some(kind), None) = (was_down, self.down) {
            journal.coverage.saw("the sender came back");
            if kind == Kind::Restart {
                self.start(now_us);
            } else if self.next_us.is_none_or(|us| us < now_us) {
                self.next_us = Some(now_us);
            }
        }
        while self
            .plan
            .sender
            .paces
            .get(self.changes_done)
            .is_some_and(|it| it.0 <= now_us)
        {
            self.change_pace(now_us, journal);
            self.changes_done += 1;
        }
        let leaves = self.plan.sender.leaves_us;
        if leaves.is_some_and(|us| us <= now_us && us > self.acted_us) && self.is_live(now_us) {
            self.leave(journal, sent);
        }
        self.acted_us = now_us;
        let due = self.next_us.is_some_and(|us| us <= now_us);
        if due && self.is_live(now_us) {
            match self.plan.sender.style {
                Style::Own => self.poll(now_us, sent),
                Style::Foreign => self.beat(now_us, sent),
            }
        }
    }

    fn change_pace(&mut self, now_us: u64, journal: &mut Journal) {
        let now = self.clock.read(now_us);
        let interval_us = self.plan.sender.paces[self.changes_done].1;
        if let (Some(sender), None) = (&mut self.sender, self.down) {
            let slower = sender.interval() < Duration::from_micros(interval_us);
            journal
                .coverage
                .saw_if(slower, "the sender slows down and says so");
            journal
                .coverage
                .saw_if(!slower, "the sender speeds up and says so");
            let changed = sender.set_interval(Duration::from_micros(interval_us), now);
            changed.expect("in range");
            self.next_us = Some(now_us);
        }
    }

    fn leave(&mut self, journal: &mut Journal, sent: &mut Vec<(Beat, u64)>) {
        journal.coverage.saw("the sender said goodbye");
        let last = match &mut self.sender {
            Some(sender) => sender.goodbye(),
            None => self.foreign().goodbye(),
        };
        sent.push((last, self.acted_us));
        self.left = true;
    }

    fn late_us(&mut self, now_us: u64) -> u64 {
        let slow = self
            .plan
            .incidents
            .at(now_us, 0)
            .find_map(|it| match it.kind {
                Kind::Slow { by_us } => Some(by_us),
                _ => None,
            });
        let most_us = self.plan.sender.late_us + slow.unwrap_or(0);
        self.random.between(0, most_us)
    }

    fn poll(&mut self, now_us: u64, sent: &mut Vec<(Beat, u64)>) {
        let now = self.clock.read(now_us);
        let Some(sender) = &mut self.sender else {
            return;
        };
        let until = loop {
            match sender.poll(now) {
                Output::Send(beat) => {
                    // "the slots are missed, that is kept"
                    let missed = beat.sequence().wrapping_sub(self.slot);
                    let missed = sender.interval().saturating_mul(missed);
                    let slot_at = Instant::from_micros(self.slot_at_us).saturating_add(missed);
                    let slot_us = self.clock.reaches(slot_at, 0).unwrap_or(now_us);
                    sent.push((beat, slot_us.min(now_us)));
                    self.slot = beat.sequence().wrapping_add(1);
                }
                Output::Wait(until) => {
                    self.slot_at_us = until.as_micros();
                    break Some(until);
                }
                Output::Idle => break None,
            }
        };
        let due_us = until.and_then(|until| self.clock.reaches(until, now_us));
        self.ended = due_us.is_none();
        self.next_us = due_us.map(|us| us + self.late_us(us));
    }

    fn foreign(&self) -> Beat {
        let interval_us = self.plan.sender.interval_us;
        let deadline_us = interval_us + interval_us / 8 * u64::from(self.plan.sender.eighths);
        let beat = Beat::new(self.slot, Duration::from_micros(interval_us))
            .with_deadline(Duration::from_micros(deadline_us))
            .with_incarnation(self.incarnation(self.life()));
        match self.slot.to_be_bytes() {
            [.., load] if load % 3 == 0 => beat.with_load(load),
            _ => beat,
        }
    }

    fn beat(&mut self, now_us: u64, sent: &mut Vec<(Beat, u64)>) {
        // slots that passed while it was down are left out
        loop {
            let (slot_at_us, remainder) = self.following_slot(now_us);
            let ended = slot_at_us == u64::MAX;
            if ended || Instant::from_micros(slot_at_us) > self.clock.read(now_us) {
                break;
            }
            (self.slot_at_us, self.remainder) = (slot_at_us, remainder);
            self.slot = self.slot.wrapping_add(1);
        }
        let slot_at = Instant::from_micros(self.slot_at_us);
        let slot_us = self.clock.reaches(slot_at, 0).unwrap_or(now_us);
        sent.push((self.foreign(), slot_us.min(now_us)));
        (self.slot_at_us, self.remainder) = self.following_slot(now_us);
        self.slot = self.slot.wrapping_add(1);
        let slot_at = Instant::from_micros(self.slot_at_us);
        let due_us = self.clock.reaches(slot_at, now_us);
        self.ended = slot_at == Instant::from_micros(u64::MAX) || due_us.is_none();
        self.next_us = due_us.map(|us| us + self.late_us(us));
    }

    fn following_slot(&self, now_us: u64) -> (u64, u64) {
        let slope_ppm = self.plan.slope_ppm_at(now_us);
        let scaled = u128::from(self.plan.sender.interval_us);
        let scaled = scaled * u128::from(1_000_000_u64.saturating_add_signed(slope_ppm.into()));
        let scaled = scaled + u128::from(self.remainder);
        let whole = u64::try_from(scaled / 1_000_000).unwrap_or(u64::MAX).max(1);
        let rest = u64::try_from(scaled % 1_000_000).unwrap_or(0);
        (self.slot_at_us.saturating_add(whole), rest)
    }
}
