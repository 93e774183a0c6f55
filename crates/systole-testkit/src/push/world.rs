//! The world of a listener: it hears a sender over a path, and is polled, sooner or later.

use systole::{Beat, Instant};

use super::datagram::{self, Datagram};
use super::emitter::Emitter;
use super::oracle::Oracle;
use super::plan::Plan;
use super::truth::Sent;
use crate::world::{Journal, Kind, Queue, Random, Violation, World};

/// A `Listener` that hears a `Sender`, or a sender of somebody else's.
#[derive(Debug)]
pub struct ListenerWorld;

impl World for ListenerWorld {
    const NAME: &'static str = "listener";
    type Plan = Plan;
    const SITUATIONS: &'static [&'static str] = super::situations::SITUATIONS;

    fn plan(random: &mut Random) -> Plan {
        Plan::draw(random)
    }

    fn simpler(plan: &Plan) -> Vec<Plan> {
        plan.simpler()
    }

    fn run(plan: &Plan, journal: &mut Journal) -> Result<(), Violation> {
        let digest = Run::new(plan).to_the_end(journal)?;
        if plan.seed % 64 == 0 {
            let again = Run::new(plan).to_the_end(&mut Journal::default())?;
            return super::oracle::same_twice(digest, again, plan.life_us);
        }
        Ok(())
    }
}

/// A datagram that arrives.
struct Arrival {
    datagram: Datagram,
    /// Which beat it is, where it is the sender's.
    index: Option<usize>,
}

/// A life ends with this many beats, as a pace may be far quicker than the first.
const MOST_BEATS: usize = 4_000;

struct Run<'p> {
    plan: &'p Plan,
    emitter: Emitter<'p>,
    oracle: Oracle<'p>,
    arrivals: Queue<Arrival>,
    /// What waits in the socket, with the moment of its arrival.
    waiting: Vec<(u64, Arrival)>,
    random: Random,
    now_us: u64,
    wake_us: Option<u64>,
    eager_us: Option<u64>,
    stranger_us: Option<u64>,
    done_us: Option<u64>,
    /// When incidents begin and are over, in order, and how many of these moments have passed.
    edges_us: Vec<u64>,
    passed: usize,
    edges_done: usize,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan) -> Self {
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
            done_us: None,
            edges_us: plan.incidents.edges_us(),
            passed: 0,
            edges_done: 0,
        }
    }

    /// Runs to the end of the life; returns a digest of all outputs.
    fn to_the_end(mut self, journal: &mut Journal) -> Result<u64, Violation> {
        let settings = &self.plan.settings;
        journal.call(|| {
            let (window, config) = (settings.window, settings.rust());
            let at = self.oracle.clock.read(0).as_micros();
            format!("let mut listener = Listener::<{window}>::new({config}, at({at}));")
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
        let edge_us = self
            .plan
            .incidents
            .next_change_us(self.done_us.unwrap_or(0));
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

    fn send(&mut self, journal: &mut Journal) {
        if self.emitter.next_us().is_some_and(|us| us <= self.now_us) {
            let mut sent = Vec::new();
            self.emitter.act(self.now_us, journal, &mut sent);
            for (beat, slot_us) in sent {
                self.carry(&beat, slot_us);
            }
            let live = self.emitter.is_live(self.now_us);
            self.oracle
                .sender_is(live, self.emitter.has_left(), self.now_us);
        }
        if self.stranger_us.is_some_and(|us| us <= self.now_us) {
            self.stranger(journal);
        }
    }

    fn carry(&mut self, beat: &Beat, slot_us: u64) {
        let index = self.oracle.truth.sent.len();
        let number = index as u64;
        let datagram = datagram::of(beat, self.plan.settings.tagged);
        let arrivals = self
            .plan
            .path
            .back(number, self.now_us, &self.plan.incidents);
        for at_us in arrivals.into_iter().flatten() {
            let index = Some(index);
            self.arrivals.push(at_us, Arrival { datagram, index });
        }
        let gone = |kind| matches!(kind, Kind::Overflow | Kind::Suspend { .. });
        let kept = |&us: &u64| self.plan.incidents.find(us, 0, gone).is_none();
        self.oracle.truth.sent.push(Sent {
            beat: *beat,
            life: self.emitter.life(),
            at_us: self.now_us,
            slot_us,
            arrives_us: arrivals.into_iter().flatten().filter(kept).min(),
            handed_us: None,
        });
    }

    /// Somebody else sends something, once the peer is known.
    fn stranger(&mut self, journal: &mut Journal) {
        let gap_us = self.plan.strangers_us.unwrap_or(u64::MAX);
        let next_us = self
            .now_us
            .saturating_add(1 + self.random.below(gap_us.saturating_mul(2)));
        self.stranger_us = Some(next_us);
        if let Some(newest) = self.oracle.truth.newest {
            journal.coverage.saw("a stranger's datagram arrived");
            let last = self.oracle.truth.sent[newest];
            let known = self.oracle.truth.sent[..=newest].iter();
            let known = known
                .rev()
                .filter(|it| it.handed_us.is_some() && it.life == last.life);
            let skipped = usize::try_from(self.random.below(64)).unwrap_or(0);
            let genuine = known
                .take(skipped + 1)
                .last()
                .map_or(last.beat, |it| it.beat);
            let tagged = self.plan.settings.tagged;
            let datagram = datagram::strange(&mut self.random, &genuine, tagged);
            self.arrivals.push(
                self.now_us,
                Arrival {
                    datagram,
                    index: None,
                },
            );
        }
    }

    fn find(&self, matches: impl Fn(Kind) -> bool) -> bool {
        self.plan.incidents.find(self.now_us, 0, matches).is_some()
    }

    fn is_looking(&self) -> bool {
        !self.find(|kind| matches!(kind, Kind::Away { .. } | Kind::Suspend { .. }))
    }

    fn late_us(&mut self) -> u64 {
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

    fn receive(&mut self, journal: &mut Journal) -> Result<(), Violation> {
        let (mut arrived, looking) = (false, self.is_looking());
        while let Some((at_us, arrival)) = self.arrivals.pop_due(self.now_us) {
            let gone = self.find(|kind| matches!(kind, Kind::Overflow | Kind::Suspend { .. }));
            journal
                .coverage
                .saw_if(gone, "a beat was dropped on our side");
            if !gone {
                self.waiting.push((at_us, arrival));
                arrived = true;
            }
        }
        if !arrived || !looking {
            return Ok(());
        }
        let late_us = self.late_us();
        if late_us > 0 {
            let wake_us = self.now_us + late_us;
            self.wake_us = Some(self.wake_us.map_or(wake_us, |us| us.min(wake_us)));
            return Ok(());
        }
        self.look(journal)
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
                Kind::Caller { what } if is_over(it.from_us) => {
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
    fn look(&mut self, journal: &mut Journal) -> Result<(), Violation> {
        let now_us = self.now_us;
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
