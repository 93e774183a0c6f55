//! `Monitor`, a million times: a simulated peer and clock, late and early polls, replies lost, doubled and forged,
//! and everything a caller can tell it.

use core::hash::{Hash, Hasher};
use core::time::Duration;

use systole::{Event, EventKind, Failure, Instant, Monitor, Output, ProbeId, monitor};

use crate::digest::Digest;
use crate::heartbeat::{config, take};
use crate::random::Random;

/// How long a configuration lasts, in steps.
const LIFE: u32 = 4_096;

/// The digest of `steps` things that may happen, and of every output on the way.
#[must_use]
pub fn run(steps: u32) -> u64 {
    let mut random = Random::new(0x0b5e_55ed);
    let mut world = World::new(&mut random);
    for step in 1..=steps {
        let what = random.below(64);
        world.step(what, &mut random);
        if step % 256 == 0 {
            let snapshot = world.monitor.snapshot(world.now);
            world.know(&snapshot);
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

/// A probe on its way, and when its answer arrives.
type Flight = Option<(ProbeId, Instant)>;

struct World {
    monitor: Monitor<32>,
    digest: Digest,
    now: Instant,
    until: Instant,
    flying: [Flight; 8],
    last: ProbeId,
    /// How short the round-trip times are, as a shift.
    magnitude: u32,
}

impl World {
    fn new(random: &mut Random) -> Self {
        let now = Instant::from_secs(u64::from(random.span()));
        loop {
            // only a seed of zero is refused, and none is drawn
            if let Ok(monitor) = Monitor::with_window(config(random), now) {
                return Self {
                    monitor,
                    digest: Digest::new(),
                    now,
                    until: now,
                    flying: [None; 8],
                    last: ProbeId::from(0),
                    magnitude: 12,
                };
            }
        }
    }

    fn step(&mut self, what: u32, random: &mut Random) {
        let span = micros(random.span());
        match what {
            0..40 => self.beat(Duration::ZERO, random),
            40..44 => self.beat(span, random),
            44..48 => {
                self.now = self.now.saturating_add(span).min(self.until);
                self.drain(random);
            }
            48..50 => self.magnitude = random.below(32),
            50..57 => self.hear(what, span, random),
            _ => self.tell(what, span),
        }
        self.monitor.verdict().hash(&mut self.digest);
        self.monitor.level(self.now).hash(&mut self.digest);
    }

    /// Sleeps until the deadline or until something arrives, and `late` more.
    fn beat(&mut self, late: Duration, random: &mut Random) {
        let arrivals = self.flying.iter().flatten().map(|&(_, at)| at);
        let wake = arrivals.fold(self.until, Instant::min).saturating_add(late);
        self.now = self.now.max(wake);
        for slot in &mut self.flying {
            if let Some((id, at)) = slot.take_if(|(_, at)| *at <= self.now) {
                self.monitor.handle_reply(id, at);
            }
        }
        self.drain(random);
    }

    fn drain(&mut self, random: &mut Random) {
        for _ in 0..Monitor::<32>::MAX_DRAIN {
            match self.monitor.poll(self.now) {
                Output::Send(id) => self.send(id, random),
                Output::Event(event) => note(event, &mut self.digest),
                Output::Wait(until) => {
                    until.hash(&mut self.digest);
                    self.until = until;
                    return;
                }
                Output::Idle => return,
            }
        }
    }

    /// One probe in eight is lost.
    fn send(&mut self, id: ProbeId, random: &mut Random) {
        id.hash(&mut self.digest);
        self.last = id;
        let rtt = micros(random.bits() >> self.magnitude);
        let free = self.flying.iter_mut().find(|slot| slot.is_none());
        if let Some(slot) = free.filter(|_| random.below(8) > 0) {
            *slot = Some((id, self.now.saturating_add(rtt)));
        }
    }

    /// What arrives out of turn.
    fn hear(&mut self, what: u32, span: Duration, random: &mut Random) {
        let forged = u64::from(random.bits()) << 32 | u64::from(random.bits());
        match what {
            50 => {
                self.monitor.handle_reply_any(self.now);
            }
            51 => {
                self.monitor.handle_reply(ProbeId::from(forged), self.now);
            }
            52 => {
                self.monitor.handle_reply(self.last, self.now);
            }
            53 => {
                self.monitor.handle_reply_with(self.last, self.now, span);
            }
            54 => self.monitor.handle_traffic(self.now),
            55 => {
                self.monitor
                    .handle_failure(self.last, Failure::Refused, self.now);
            }
            _ => {
                self.monitor.handle_unsent(self.last, self.now);
            }
        }
    }

    /// What the caller knows.
    fn tell(&mut self, what: u32, span: Duration) {
        match what {
            57 => self.monitor.probe_now(self.now),
            58 => self.monitor.handle_pushback(self.now),
            59 => self.monitor.restarted(self.now),
            60 => self.monitor.resumed(self.now),
            61 => self.now = self.now.saturating_sub(span),
            62 => self.flying = [None; 8],
            _ => {
                self.monitor.handle_traffic(self.now.saturating_add(span));
                self.monitor.resync(self.now);
            }
        }
    }

    fn know(&mut self, snapshot: &monitor::Snapshot) {
        let digest = &mut self.digest;
        take(&snapshot.path, digest);
        snapshot.dead_at.hash(digest);
        snapshot.next_probe_at.hash(digest);
        snapshot.unanswered.hash(digest);
        snapshot.last_failure.hash(digest);
        snapshot.events.hash(digest);
        let counters = &snapshot.counters;
        counters.answered.hash(digest);
        counters.lost.hash(digest);
        counters.late.hash(digest);
        counters.stale.hash(digest);
        counters.ignored.hash(digest);
        counters.refuted.hash(digest);
        counters.lateness_us.hash(digest);
    }
}

fn note(event: Event, digest: &mut Digest) {
    event.number.hash(digest);
    match event.kind {
        EventKind::Transition(change) => {
            event.at.hash(digest);
            change.level.hash(digest);
            change.from.hash(digest);
            change.to.hash(digest);
            change.reason.hash(digest);
        }
        EventKind::Paused { lateness, .. } => lateness.hash(digest),
        EventKind::BoundRelaxed { from, to, .. } => (from, to).hash(digest),
        _ => {}
    }
}

fn micros(us: u32) -> Duration {
    Duration::from_micros(u64::from(us))
}
