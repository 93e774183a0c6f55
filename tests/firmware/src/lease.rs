//! `Lease`, a million times: a simulated server and clock, answers that are late, lost, doubled and
//! forged, and everything that a holder can tell it.

use core::hash::{Hash, Hasher};
use core::time::Duration;

use systole::lease::{Action, Builder, Config, EventKind, Lease, Refusal, RenewalId, Request};
use systole::lease::{GrantOutcome, RefusalOutcome};
use systole::{ConfigError, Instant, Output};

use crate::digest::Digest;
use crate::random::Random;

/// How long a configuration lasts, in steps.
const LIFE: u32 = 4_096;
/// More polls than a lease has events and requests at one moment.
const DRAIN: usize = 8;

/// The digest of `steps` things that may happen, and of every output on the way.
#[must_use]
pub fn run(steps: u32) -> u64 {
    let mut random = Random::new(0x1ea5_ed11);
    let mut world = World::new(&mut random);
    for step in 1..=steps {
        let what = random.below(64);
        world.step(what, &mut random);
        if step % 256 == 0 {
            world.know();
        }
        if step % LIFE == 0 {
            world = World {
                digest: world.digest,
                ..World::new(&mut random)
            };
        }
    }
    world.digest.finish()
}

/// A request on its way, and when its answer arrives.
type Flight = Option<(Request, Instant)>;

struct World {
    lease: Lease,
    digest: Digest,
    now: Instant,
    until: Instant,
    flying: [Flight; 4],
    last: RenewalId,
    epoch: u64,
    /// How short the round-trip times are, as a shift.
    magnitude: u32,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let now = Instant::from_secs(u64::from(random.span()));
        Self {
            lease: Lease::new(config(random), now),
            digest: Digest::new(),
            now,
            until: now,
            flying: [None; 4],
            last: RenewalId::from(0),
            epoch: 1,
            magnitude: 12,
        }
    }

    fn step(&mut self, what: u32, random: &mut Random) {
        let span = micros(random.span());
        match what {
            0..42 => self.turn(Duration::ZERO, random),
            42..45 => self.turn(span, random),
            45..48 => {
                self.now = self.now.saturating_add(span).min(self.until);
                self.drain(random);
            }
            48 => self.magnitude = random.below(32),
            49..54 => self.hear(what, span, random),
            54 => self.lease.reconfigure(config(random), self.now),
            _ => self.tell(what, span),
        }
        self.digest.write_u8(self.lease.is_held(self.now).into());
        let fence = self.lease.fence_at().unwrap_or(Instant::ZERO);
        self.digest.write_u64(fence.as_micros());
    }

    /// Sleeps until the deadline or until something arrives, and `late` more.
    fn turn(&mut self, late: Duration, random: &mut Random) {
        let arrivals = self.flying.iter().flatten().map(|&(_, at)| at);
        let wake = arrivals.fold(self.until, Instant::min).saturating_add(late);
        self.now = self.now.max(wake);
        for slot in 0..self.flying.len() {
            self.arrive(slot);
        }
        self.drain(random);
    }

    fn arrive(&mut self, slot: usize) {
        let arrived = self.flying.get_mut(slot);
        let arrived = arrived.and_then(|flight| flight.take_if(|(_, at)| *at <= self.now));
        let Some((request, at)) = arrived else {
            return;
        };
        if request.action == Action::Release {
            let was_releasing = self.lease.handle_released(at);
            self.digest.write_u8(was_releasing.into());
        } else {
            let outcome = self
                .lease
                .handle_granted(request.id, request.ttl, self.epoch, at);
            self.digest.write_u32(outcome as u32);
        }
    }

    fn drain(&mut self, random: &mut Random) {
        for _ in 0..DRAIN {
            match self.lease.poll(self.now) {
                Output::Send(request) => self.send(request, random),
                Output::Event(event) => {
                    self.digest.write_u32(event.number);
                    self.digest.write_u64(event.at.as_micros());
                    note(&event.kind, &mut self.digest);
                }
                Output::Wait(until) => {
                    self.digest.write_u64(until.as_micros());
                    self.until = until;
                    return;
                }
                Output::Idle => return,
            }
        }
    }

    /// One request in eight, or its answer, is lost.
    fn send(&mut self, request: Request, random: &mut Random) {
        self.digest.write_u32(request.action as u32);
        self.digest.write_u32(request.id.into());
        self.digest.write_u32(request.holding);
        request.ttl.hash(&mut self.digest);
        self.last = request.id;
        let rtt = micros(random.bits() >> self.magnitude);
        let free = self.flying.iter_mut().find(|slot| slot.is_none());
        if let Some(slot) = free.filter(|_| random.below(8) > 0) {
            *slot = Some((request, self.now.saturating_add(rtt)));
        }
    }

    /// Answers out of turn.
    fn hear(&mut self, what: u32, span: Duration, random: &mut Random) {
        let forged = RenewalId::from(random.bits());
        let why = refusal(random);
        match what {
            49 => self.granted(self.last, span),
            50 => self.granted(forged, span),
            51 | 52 => self.refused(what, why),
            _ => {
                let is_outstanding = self.lease.handle_failed(self.last, self.now);
                self.digest.write_u8(is_outstanding.into());
            }
        }
    }

    fn granted(&mut self, id: RenewalId, ttl: Duration) {
        let outcome: GrantOutcome = self.lease.handle_granted(id, ttl, self.epoch, self.now);
        self.digest.write_u32(outcome as u32);
    }

    fn refused(&mut self, what: u32, why: Refusal) {
        let outcome: RefusalOutcome = if what == 51 {
            self.lease.handle_refused(self.last, why, self.now)
        } else {
            self.lease.handle_ended(why, self.now)
        };
        self.digest.write_u32(outcome as u32);
    }

    /// What the holder knows and wants.
    fn tell(&mut self, what: u32, span: Duration) {
        match what {
            55 => self.lease.handle_pushback(span, self.now),
            56 => {
                let sent = self.lease.handle_sent(self.now);
                self.last = sent.unwrap_or(self.last);
                self.digest.write_u32(sent.map_or(0, u32::from));
            }
            57 => self.lease.release(self.now),
            59 => self.lease.resync(self.now),
            60 => self.now = self.now.saturating_sub(span),
            61 => self.epoch = self.epoch.saturating_add(1),
            62 => self.flying = [None; 4],
            _ => self.lease.acquire(self.now),
        }
    }

    fn know(&mut self) {
        let snapshot = self.lease.snapshot(self.now);
        let digest = &mut self.digest;
        digest.write_u64(snapshot.epoch);
        snapshot.ttl.hash(digest);
        snapshot.interval.hash(digest);
        snapshot.timeout.hash(digest);
        let promise = &snapshot.promise;
        promise.lapses_at_most_one_per.hash(digest);
        digest.write_u64(promise.renewals_per_s.to_bits());
        digest.write_u64(promise.infeasible.map_or(0, |found| found.nearest));
        let counters = &snapshot.counters;
        for count in [
            counters.sent,
            counters.granted,
            counters.refused,
            counters.failed,
            counters.ignored,
            counters.fenced,
            counters.lost,
        ] {
            digest.write_u32(count);
        }
    }
}

fn note(kind: &EventKind, digest: &mut Digest) {
    match *kind {
        EventKind::Held { epoch } | EventKind::Regained { epoch } => digest.write_u64(epoch),
        EventKind::Late { left } => left.hash(digest),
        EventKind::Fenced { reason } => digest.write_u32(reason as u32),
        EventKind::Lost { why } => digest.write_u32(why as u32),
        _ => {}
    }
}

fn refusal(random: &mut Random) -> Refusal {
    match random.below(3) {
        0 => Refusal::HeldByAnother,
        1 => Refusal::Expired,
        _ => Refusal::Denied,
    }
}

/// A configuration that somebody might state.
fn config(random: &mut Random) -> Config {
    loop {
        if let Ok(config) = candidate(random) {
            return config;
        }
    }
}

fn candidate(random: &mut Random) -> Result<Config, ConfigError> {
    let kind = random.below(4);
    let ttl = micros(random.span());
    let heartbeat = micros(random.span());
    let builder: Builder = match kind {
        0 => Config::renewed(ttl),
        1 => Config::renewed_in_seconds(ttl),
        2 => Config::keep_alive(ttl),
        _ => Config::session(ttl, heartbeat.max(micros(1))),
    };
    let builder = builder.drift_ppm(random.below(2_000));
    let builder = builder.stop_within(micros(random.span() >> 8));
    let builder = builder.jitter_percent(random.byte(51));
    builder.seed(random.bits().into()).build()
}

fn micros(us: u32) -> Duration {
    Duration::from_micros(us.into())
}
