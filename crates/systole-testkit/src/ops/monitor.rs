//! Everything that can be done to a `Monitor`, and the laws that must hold after each step.
//!
//! One alphabet for the property tests, the exhaustive tests and the fuzz targets: an [`Op`] is applied to a [`World`], which
//! is a monitor, a simulated peer and a clock, and checks the laws as it goes.

use core::time::Duration;

use systole::pacing::Pacing;
use systole::peer::{Counters, ProbeOutcome, ReplyOutcome};
use systole::{
    Config, Event, EventKind, Failure, Instant, Monitor, Output, ProbeId, Verdict, monitor,
    path::SuspicionLevel,
};

/// What can happen to a monitor. Spans are microseconds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Sleep until the deadline and drain, as many times as said.
    Beat(u8),
    /// The same, but look this much too late.
    Late(u32),
    /// Look before the deadline.
    Early(u16),
    /// Look without handing in what arrived.
    Deaf(u32),
    /// From now on the peer answers after this long; `None`: never.
    Answers(Option<u32>),
    /// The oldest probe under way is answered, without its id.
    ReplyAny,
    /// The oldest probe under way is answered, having been held for this long by the peer.
    ReplyHeld(u32),
    /// A reply that was handed in before is handed in again.
    Duplicate(u8),
    /// A reply that nobody asked for.
    Forged(u64),
    /// The latest probe fails at once.
    Fail(u8),
    /// The latest probe could not be sent.
    Unsent,
    /// Something else arrives.
    Traffic,
    ProbeNow,
    Pushback,
    Restarted,
    Resumed,
    /// The clock goes back by this much for one look.
    ClockBack(u32),
    /// The clock leaps forward by this much and is corrected.
    Leap(u64),
    /// Intervals and bound become those of the first configuration times 1 to 8, the bound or none.
    Reconfigure(u8),
}

/// One call of a monitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    Poll,
    Reply(ProbeId, Duration),
    ReplyAny,
    Traffic,
    Failure(ProbeId, Failure),
    Unsent(ProbeId),
    ProbeNow,
    Pushback,
    Restarted,
    Resumed,
    Resync,
}

impl Call {
    fn make<const N: usize, P: Pacing>(
        self,
        monitor: &mut Monitor<N, P>,
        at: Instant,
    ) -> Option<Output<ProbeId>> {
        let before = *monitor.counters();
        let ended = match self {
            Self::Poll => return Some(monitor.poll(at)),
            Self::Reply(id, held) => Some(counted_reply(monitor.handle_reply_with(id, at, held))),
            Self::ReplyAny => Some(counted_reply(monitor.handle_reply_any(at))),
            Self::Failure(id, failure) => counted(monitor.handle_failure(id, failure, at)),
            Self::Unsent(id) => counted(monitor.handle_unsent(id, at)),
            _ => {
                self.tell(monitor, at);
                return None;
            }
        };
        if let Some(ended) = ended {
            let after = monitor.counters();
            assert_eq!(ended(after), ended(&before) + 1, "{self:?}");
        }
        None
    }

    fn tell<const N: usize, P: Pacing>(self, monitor: &mut Monitor<N, P>, at: Instant) {
        match self {
            Self::Traffic => monitor.handle_traffic(at),
            Self::ProbeNow => monitor.probe_now(at),
            Self::Pushback => monitor.handle_pushback(at),
            Self::Restarted => monitor.restarted(at),
            Self::Resumed => monitor.resumed(at),
            _ => monitor.resync(at),
        }
    }
}

/// What is counted of a reply of which this became.
fn counted_reply(outcome: ReplyOutcome) -> fn(&Counters) -> u32 {
    match outcome {
        ReplyOutcome::Fresh { .. } => |counters| counters.answered,
        ReplyOutcome::Late { .. } => |counters| counters.late,
        ReplyOutcome::Stale { .. } => |counters| counters.stale,
        ReplyOutcome::Ignored => |counters| counters.ignored,
    }
}

/// What is counted of a probe of which this became.
fn counted(outcome: ProbeOutcome) -> Option<fn(&Counters) -> u32> {
    Some(match outcome {
        ProbeOutcome::Failed => |counters| counters.failed,
        ProbeOutcome::Unsent => |counters| counters.unsent,
        ProbeOutcome::Abandoned => |counters| counters.abandoned,
        ProbeOutcome::Ignored => |counters| counters.ignored,
        ProbeOutcome::AlreadyLost => return None, // long ago
    })
}

/// A call, when it was made, what it answered, and what could be seen of the monitor afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub call: Call,
    pub at: Instant,
    pub output: Option<Output<ProbeId>>,
    pub after: monitor::Snapshot,
}

/// An id that nobody learnt: a fuzzer that sees ids compared would try them, and they would be no forgeries. The finalizer of `MurmurHash3`.
fn guess(number: u64) -> u64 {
    let mixed = (number ^ number >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ mixed >> 33
}

/// A probe, when its answer arrives, and when it was sent on the monitor's own time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Flying {
    id: ProbeId,
    at: Instant,
    sent: Instant,
}

/// A monitor, its peer and its clock.
#[derive(Clone, PartialEq)]
pub struct World<P: Pacing> {
    pub monitor: Monitor<8, P>,
    config: Config<P>,
    pub now: Instant,
    /// After how long the peer answers a probe sent now.
    pub rtt_us: Option<u32>,
    /// Probes under way.
    flying: Vec<Flying>,
    /// Answered probes, and when they were sent on the monitor's own time, 12 days ago at most: an id says its send time modulo 12.7 days, and an
    /// older duplicate may pass for a reply to a forgotten probe where all that are remembered are unanswered.
    answered: Vec<(ProbeId, Instant)>,
    /// Time that passed for the monitor in leaps of the clock that were put right.
    leapt: Duration,
    last_probe: Option<ProbeId>,
    /// The last deadline.
    pub wait: Instant,
    level: SuspicionLevel,
    pub events: Vec<Event>,
    pub probes: u32,
    /// Whether the moments handed in are those of reading rather than of arrival.
    pub stamps_late: bool,
    /// Every call, for who asks for it.
    pub transcript: Option<Vec<Record>>,
}

impl<P: Pacing> World<P> {
    pub fn new(config: Config<P>) -> Self {
        Self::start(config, None)
    }

    /// A world that keeps every call from the first one on.
    pub fn recorded(config: Config<P>) -> Self {
        Self::start(config, Some(Vec::new()))
    }

    fn start(config: Config<P>, transcript: Option<Vec<Record>>) -> Self {
        let now = Instant::from_secs(1);
        let monitor = Monitor::with_window(config, now).unwrap_or_else(|error| panic!("{error}"));
        let mut world = Self {
            monitor,
            config,
            now,
            rtt_us: Some(20_000),
            flying: Vec::new(),
            answered: Vec::new(),
            leapt: Duration::ZERO,
            last_probe: None,
            wait: now,
            level: SuspicionLevel::ZERO,
            events: Vec::new(),
            probes: 0,
            stamps_late: false,
            transcript,
        };
        world.drain();
        world
    }

    fn call(&mut self, call: Call, at: Instant) -> Option<Output<ProbeId>> {
        let output = call.make(&mut self.monitor, at);
        if let Some(transcript) = &mut self.transcript {
            transcript.push(Record {
                call,
                at,
                output,
                after: self.monitor.snapshot(Instant::ZERO), // the present
            });
        }
        output
    }

    /// Applies `op` and checks the laws.
    pub fn apply(&mut self, op: &Op) {
        let heard = self.perform(op);
        self.check(heard);
    }

    /// Returns whether something arrived, or was said, that may lower the level.
    fn perform(&mut self, op: &Op) -> bool {
        match *op {
            Op::Beat(times) => (0..=times % 16).fold(false, |heard, _| heard | self.beat(0)),
            Op::Late(us) => self.beat(us.into()),
            Op::Early(us) => {
                self.look_at(self.now.saturating_add(micros(us.into())).min(self.wait))
            }
            Op::Deaf(us) => {
                self.now = self.wait.saturating_add(micros(us.into()));
                self.drain();
                false
            }
            Op::Answers(rtt_us) => {
                self.rtt_us = rtt_us;
                false
            }
            Op::ReplyAny | Op::ReplyHeld(_) | Op::Duplicate(_) | Op::Forged(_) => self.reply(op),
            Op::Fail(_) | Op::Unsent => self.fail(op),
            Op::Reconfigure(how) => {
                self.monitor.reconfigure(&self.variant(how), self.now);
                false // nothing was heard
            }
            _ => self.tell(op),
        }
    }

    fn reply(&mut self, op: &Op) -> bool {
        match *op {
            Op::ReplyAny => {
                self.land_oldest();
                self.call(Call::ReplyAny, self.now);
            }
            Op::ReplyHeld(held) => {
                if let Some(id) = self.land_oldest() {
                    self.call(Call::Reply(id, micros(held.into())), self.now);
                }
            }
            Op::Duplicate(which) => {
                let young = self
                    .observed()
                    .saturating_sub(Duration::from_secs(12 * 86_400));
                self.answered.retain(|&(_, at)| at > young);
                let which = usize::from(which) % self.answered.len().max(1);
                if let Some(&(id, _)) = self.answered.get(which) {
                    self.unmoved(id);
                }
                return false;
            }
            Op::Forged(number) => {
                self.unmoved(ProbeId::from(guess(number)));
                return false;
            }
            _ => {}
        }
        true
    }

    fn fail(&mut self, op: &Op) -> bool {
        let Some(id) = self.last_probe else {
            return false;
        };
        match *op {
            Op::Fail(how) => {
                let failures = [
                    Failure::Refused,
                    Failure::Reset,
                    Failure::Unreachable,
                    Failure::InvalidReply,
                    Failure::ProbePanicked,
                ];
                let failure = failures[usize::from(how) % 5];
                self.call(Call::Failure(id, failure), self.now);
                false
            }
            _ => {
                self.flying.retain(|flying| flying.id != id);
                self.call(Call::Unsent(id), self.now);
                false
            }
        }
    }

    fn tell(&mut self, op: &Op) -> bool {
        let now = self.now;
        let call = match *op {
            Op::Traffic => Call::Traffic,
            Op::ProbeNow => Call::ProbeNow,
            Op::Pushback => Call::Pushback,
            Op::Restarted => Call::Restarted,
            Op::Resumed => Call::Resumed,
            _ => return self.turn_the_clock(op),
        };
        self.call(call, now);
        true
    }

    fn turn_the_clock(&mut self, op: &Op) -> bool {
        let now = self.now;
        match *op {
            Op::ClockBack(us) => {
                let before = self.drain();
                self.now = now.saturating_sub(micros(us.into()));
                assert_eq!(
                    self.drain(),
                    before,
                    "time running backwards is no time passed"
                );
                self.now = now;
            }
            Op::Leap(us) => {
                self.now = now.saturating_add(micros(us));
                let due = self.wait.saturating_duration_since(now);
                self.leapt = self.leapt.saturating_add(due.min(micros(us)));
                self.drain();
                self.call(Call::Resync, now);
                self.now = now;
            }
            _ => {}
        }
        true
    }

    fn variant(&self, how: u8) -> Config<P> {
        let times = 1 << (how % 4);
        let (min, max) = (self.config.interval_min(), self.config.interval_max());
        let longer = self
            .config
            .into_builder()
            .interval_between(min * times, max * times)
            .build();
        let config = longer.unwrap_or(self.config);
        let bounded = config.into_builder().detect_within(max * 4 * times).build();
        bounded.ok().filter(|_| how >= 128).unwrap_or(config)
    }

    /// Sleeps until the deadline or the first arrival before it, `late_us` longer, hands in what arrived, and drains.
    pub fn beat(&mut self, late_us: u64) -> bool {
        let arrival = self
            .flying
            .iter()
            .map(|flying| flying.at)
            .min()
            .unwrap_or(Instant::MAX);
        let wake = self.wait.min(arrival.max(self.now));
        self.look_at(wake.saturating_add(micros(late_us)))
    }

    /// Hands in what has arrived by `now`, and drains.
    fn look_at(&mut self, now: Instant) -> bool {
        self.now = now.max(self.now);
        let landed = self.land();
        self.drain();
        landed
    }

    /// Hands in what has arrived by `now`.
    pub fn land(&mut self) -> bool {
        self.flying.sort_by_key(|flying| flying.at);
        let landed = self
            .flying
            .iter()
            .take_while(|flying| flying.at <= self.now)
            .count();
        let landed: Vec<_> = self.flying.drain(..landed).collect();
        for Flying { id, at, sent } in &landed {
            let stamp = if self.stamps_late { self.now } else { *at };
            self.call(Call::Reply(*id, Duration::ZERO), stamp);
            self.answered.push((*id, *sent));
        }
        !landed.is_empty()
    }

    /// No less than the time that has passed for the monitor.
    fn observed(&self) -> Instant {
        self.now.saturating_add(self.leapt)
    }

    fn land_oldest(&mut self) -> Option<ProbeId> {
        (!self.flying.is_empty()).then(|| self.flying.remove(0).id)
    }

    /// Law 2: a drain ends within `MAX_DRAIN` polls, and its deadline lies in the future and stays.
    pub fn drain(&mut self) -> Instant {
        for _ in 0..Monitor::<8, P>::MAX_DRAIN {
            let Some(output) = self.call(Call::Poll, self.now) else {
                continue;
            };
            match output {
                Output::Send(id) => self.send(id),
                Output::Event(event) => self.events.push(event),
                Output::Idle => {
                    assert_eq!(self.now, Instant::MAX);
                    return Instant::MAX;
                }
                Output::Wait(until) => {
                    assert!(until > self.now, "no busy loop: {until} at {}", self.now);
                    assert_eq!(
                        self.call(Call::Poll, self.now),
                        Some(Output::Wait(until)),
                        "the deadline stays"
                    );
                    self.wait = until;
                    return until;
                }
            }
        }
        panic!("the drain does not end");
    }

    fn send(&mut self, id: ProbeId) {
        self.probes += 1;
        self.last_probe = Some(id);
        if let Some(rtt_us) = self.rtt_us {
            self.flying.push(Flying {
                id,
                at: self.now.saturating_add(micros(rtt_us.into())),
                sent: self.observed(),
            });
        }
    }

    /// Law 7: what answers nothing changes nothing but counters.
    fn unmoved(&mut self, id: ProbeId) {
        self.drain();
        let before = self.monitor.snapshot(self.now);
        self.call(Call::Reply(id, Duration::ZERO), self.now);
        let after = self.monitor.snapshot(self.now);
        assert_eq!(
            (before.path, before.dead_at, before.events),
            (after.path, after.dead_at, after.events)
        );
    }

    /// The laws that hold at any moment.
    fn check(&mut self, heard: bool) {
        self.drain();
        assert!(self.monitor.is_valid(), "{:?}", self.monitor);
        let level = self.monitor.level(self.now);
        let blind = |event: &Event| matches!(event.kind, EventKind::Blind { .. });
        let heard = heard || self.events.iter().any(blind);
        assert!(
            heard || level >= self.level,
            "the level fell in silence: {} to {level}",
            self.level
        );
        self.level = level;
        let numbers = self.events.iter().map(|event| event.number);
        assert!(
            numbers
                .clone()
                .zip(numbers.skip(1))
                .all(|(earlier, later)| earlier < later),
            "event numbers rise"
        );
        self.events.clear();
    }

    pub fn verdict(&self) -> Verdict {
        self.monitor.verdict()
    }
}

pub fn micros(us: u64) -> Duration {
    Duration::from_micros(us)
}
