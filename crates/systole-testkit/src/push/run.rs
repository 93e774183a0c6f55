//! Runs a world of a listener.

use systole::Instant;

use super::datagram::{self, Datagram};
use super::emitter::Emitter;
use super::oracle::Oracle;
use super::plan::Plan;
use crate::world::{Journal, Kind, Queue, Random, Violation};

/// A datagram that arrives.
pub struct Arrival {
    pub datagram: Datagram,
    /// Which beat it is, where it is the sender's.
    pub index: Option<usize>,
}

/// A life ends with this many beats, as a pace may be far quicker than the first.
const MOST_BEATS: usize = 4_000;

pub struct Run<'p> {
    pub plan: &'p Plan,
    pub emitter: Emitter<'p>,
    pub oracle: Oracle<'p>,
    pub arrivals: Queue<Arrival>,
    /// What waits in the socket, with the moment of its arrival.
    pub waiting: Vec<(u64, Arrival)>,
    pub random: Random,
    pub now_us: u64,
    pub wake_us: Option<u64>,
    pub eager_us: Option<u64>,
    pub stranger_us: Option<u64>,
    pub strangers: u32,
    pub done_us: Option<u64>,
    /// When incidents begin and are over, in order, and how many of these moments have passed.
    pub edges_us: Vec<u64>,
    pub passed: usize,
    pub edges_done: usize,
}

impl<'p> Run<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            emitter: Emitter::new(plan),
            oracle: Oracle::new(plan),
            arrivals: Queue::default(),
            waiting: Vec::new(),
            random: Random::of(plan.seed, 20, 0),
            now_us: 0,
            wake_us: Some(0),
            eager_us: None,
            stranger_us: plan.strangers_us,
            strangers: 0,
            done_us: None,
            edges_us: plan.incidents.edges_us(),
            passed: 0,
            edges_done: 0,
        }
    }

    /// Runs to the end of the life; returns a digest of all outputs.
    pub fn live(mut self, journal: &mut Journal) -> Result<u64, Violation> {
        let settings = &self.plan.settings;
        journal.call(|| {
            let (window, config) = (settings.window, settings.rust());
            let at = self.oracle.clock.read(0).as_micros();
            format!("let mut listener = Listener::<{window}>::with_window({config}, at({at}));")
        });
        while let Some(next_us) = self.next_us().filter(|&us| us <= self.plan.life_us) {
            if self.oracle.truth.sent.len() > MOST_BEATS {
                break;
            }
            self.now_us = next_us;
            let over = |us: &&u64| **us <= next_us;
            self.passed += self.edges_us[self.passed..].iter().take_while(over).count();
            self.send(journal);
            self.receive(journal)?;
            self.edges(journal)?;
            self.poll_if_due(journal)?;
            self.done_us = Some(next_us);
        }
        self.oracle.at_the_end(self.now_us, journal)?;
        Ok(self.oracle.digest)
    }

    fn next_us(&self) -> Option<u64> {
        let edge_us = self.edges_us.get(self.passed).copied();
        let own = [self.wake_us, self.eager_us].into_iter().flatten();
        let others = [
            self.emitter.next_us(),
            self.arrivals.next_us(),
            self.stranger_us,
            edge_us,
        ];
        let next = own.chain(others.into_iter().flatten()).min()?;
        Some(next.max(self.now_us))
    }

    pub fn find(&self, matches: impl Fn(Kind) -> bool) -> bool {
        self.plan.incidents.find(self.now_us, 0, matches).is_some()
    }

    pub fn is_looking(&self) -> bool {
        !self.find(|kind| matches!(kind, Kind::Away { .. } | Kind::Suspend { .. }))
    }

    pub fn late_us(&mut self) -> u64 {
        let late = self
            .plan
            .incidents
            .at(self.now_us, 0)
            .find_map(|it| match it.kind {
                Kind::Late { by_us } => Some(by_us),
                _ => None,
            });
        late.map_or(0, |by_us| self.random.between(0, by_us))
    }

    /// What changes on our side: we look again, or the clock is right again.
    fn edges(&mut self, journal: &mut Journal) -> Result<(), Violation> {
        if self.passed == self.edges_done {
            return Ok(());
        }
        self.edges_done = self.passed;
        let (now_us, done_us) = (self.now_us, self.done_us);
        let is_over = |us: u64| us <= now_us && done_us.is_none_or(|done_us| us > done_us);
        for it in &self.plan.incidents.0 {
            match it.kind {
                Kind::Away { announced } | Kind::Suspend { announced } if is_over(it.until_us) => {
                    journal
                        .coverage
                        .saw_if(announced, "we were away and said so");
                    journal
                        .coverage
                        .saw_if(!announced, "we were away and said nothing");
                    if announced {
                        self.oracle.resumed(now_us, journal);
                    }
                    self.look(journal)?;
                }
                Kind::ClockStep {
                    announced: true, ..
                } if is_over(it.until_us) => {
                    journal.coverage.saw("the clock was right again");
                    self.oracle.resync(now_us, journal);
                    self.look(journal)?;
                }
                Kind::ClockStep { .. } if is_over(it.from_us) => self.schedule(),
                Kind::Caller { what } if is_over(it.from_us) && self.is_looking() => {
                    if what == 0 {
                        self.oracle.resumed(now_us, journal);
                    } else {
                        self.oracle.resync(now_us, journal);
                    }
                    self.look(journal)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn poll_if_due(&mut self, journal: &mut Journal) -> Result<(), Violation> {
        let due = |us: Option<u64>| us.is_some_and(|us| us <= self.now_us);
        let (wake, eager) = (due(self.wake_us), due(self.eager_us));
        if !(wake || eager) {
            return Ok(());
        }
        if !self.is_looking() {
            // the end of that is an edge, at which we look
            (self.wake_us, self.eager_us) = (None, None);
            return Ok(());
        }
        journal
            .coverage
            .saw_if(eager && !wake, "polled before it asked for that");
        self.look(journal)
    }

    /// Reads what waits, and polls.
    pub fn look(&mut self, journal: &mut Journal) -> Result<(), Violation> {
        let now_us = self.now_us;
        self.oracle.now_us = now_us;
        for (at_us, arrival) in std::mem::take(&mut self.waiting) {
            let read_us = if self.plan.stamped { at_us } else { now_us };
            let beat = datagram::read(&arrival.datagram, self.plan.settings.tagged);
            match (beat, arrival.index) {
                (Ok(beat), Some(index)) => self.oracle.hand(index, &beat, read_us, journal)?,
                (Ok(beat), None) => self.oracle.hand_strange(&beat, read_us, journal)?,
                (Err(_), _) => journal
                    .coverage
                    .saw("a datagram that is no beat was refused"),
            }
        }
        self.oracle.drain(now_us, journal)?;
        let was_eager = self.eager_us.is_some_and(|us| us <= now_us);
        self.schedule();
        if was_eager {
            self.eager_us = None;
        }
        Ok(())
    }

    /// When we poll next.
    fn schedule(&mut self) {
        let asked: Option<Instant> = self.oracle.asked;
        let due_us = asked.and_then(|until| self.oracle.clock.reaches(until, self.now_us));
        let late_us = self.late_us();
        self.wake_us = due_us.map(|us| us.saturating_add(late_us));
        let eager = self.random.chance_ppm(self.plan.eager_ppm);
        let span_us = self.wake_us.map_or(0, |us| us.saturating_sub(self.now_us));
        let eager_us = self.now_us.saturating_add(1 + self.random.below(span_us));
        self.eager_us = (eager && span_us > 1).then_some(eager_us);
    }
}
