//! A lease under any calls in any order, judged by the grants that were handed in.
//!
//! There is no server here: any answer may come to any request at any time. The judge knows when each
//! request was handed out and what was granted to it, and works out from the documentation until when
//! the lease may be believed at most.

use core::time::Duration;

use systole::lease::{
    Action, Config, EventKind, GrantOutcome, Lease, Refusal, RefusalOutcome, RenewalId, TTL_MAX,
};
use systole::{Instant, Output};

/// Something that happens to a lease.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Polls when it asked to be polled, and so much later.
    Wait(u32),
    /// Time passes without a poll.
    Pass(u32),
    /// Hours pass without a poll.
    Leap(u64),
    /// The clock runs back to so much before the last call, so that the next call sees it.
    ClockBack(u32),
    /// The request so many before the last is granted, for so many microseconds.
    Granted(u8, u64, u8),
    /// The same, for as long as it asked.
    AsAsked(u8),
    /// It is refused.
    Refused(u8, u8),
    /// It failed.
    Failed(u8),
    /// An id that means nothing.
    Forged(u32),
    /// The application sends something.
    Sent,
    Ended,
    Pushback(u32),
    Release,
    Released,
    Acquire,
    Resync,
    /// Another TTL, in milliseconds.
    Reconfigure(u16),
}

/// What was handed out.
#[derive(Clone, Copy, Debug)]
struct Issued {
    id: RenewalId,
    sent: Instant,
    /// The call that gave it is followed by none that makes its send time meaningless.
    counts: bool,
    asked: Duration,
}

/// A lease with what is known of it from outside.
#[derive(Debug)]
pub struct World {
    lease: Lease,
    now: Instant,
    /// The moment of the last call.
    seen: Instant,
    wait: Instant,
    issued: Vec<Issued>,
    /// Until when it may be believed at most.
    believed: Instant,
    /// The TTL that the last request asked for.
    asked: Duration,
    told: bool,
    events: u32,
}

const DRAIN: usize = 8;

fn micros(us: u64) -> Duration {
    Duration::from_micros(us)
}

/// A lease of so many milliseconds, at least 10.
#[must_use]
pub fn config(ms: u16) -> Config {
    let ttl = Duration::from_millis(u64::from(ms).max(10));
    let built = Config::renewed(ttl).seed(ms.into()).build();
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// What can be believed of a TTL: it less a thousandth, rounded up, and a millisecond.
fn believed(ttl: Duration) -> Duration {
    let us = u64::try_from(ttl.min(TTL_MAX).as_micros()).unwrap_or(u64::MAX);
    micros(us.saturating_sub(us.div_ceil(1_000) + 1_000))
}

impl World {
    /// A lease that was asked for at `start`.
    #[must_use]
    pub fn new(config: Config, start: Instant) -> Self {
        let mut world = Self {
            lease: Lease::new(config, start),
            now: start,
            seen: start,
            wait: start,
            issued: Vec::new(),
            believed: Instant::ZERO,
            asked: config.ttl(),
            told: false,
            events: 0,
        };
        world.drain();
        world
    }

    /// Does something and checks the laws.
    pub fn apply(&mut self, op: &Op) {
        match *op {
            Op::Wait(late) => {
                self.now = self.wait.max(self.now).saturating_add(micros(late.into()))
            }
            Op::Pass(us) => self.now = self.now.saturating_add(micros(us.into())),
            Op::Leap(us) => self.now = self.now.saturating_add(micros(us)),
            Op::ClockBack(us) => self.back(us),
            _ => self.call(op),
        }
        self.check();
        if !matches!(op, Op::Pass(_)) {
            self.drain();
        }
    }

    fn back(&mut self, us: u32) {
        self.now = self.seen.saturating_sub(micros(us.into()));
        if self.now < self.seen {
            assert!(
                !self.lease.is_held(self.now),
                "held before the last moment seen"
            );
            self.distrust();
        }
    }

    /// Whatever was granted, or is under way, means nothing any more.
    fn distrust(&mut self) {
        self.believed = Instant::ZERO;
        self.forget();
    }

    fn forget(&mut self) {
        self.issued
            .iter_mut()
            .for_each(|issued| issued.counts = false);
    }

    fn nth(&self, back: u8) -> Option<Issued> {
        self.issued.iter().rev().nth(back.into()).copied()
    }

    fn granted(&mut self, issued: Issued, ttl: Duration, epoch: u64) {
        let outcome = self.lease.handle_granted(issued.id, ttl, epoch, self.now);
        if outcome == GrantOutcome::Nothing {
            self.distrust();
        }
        if issued.counts && ttl > Duration::ZERO {
            self.believed = self.believed.max(issued.sent.saturating_add(believed(ttl)));
        }
    }

    fn call(&mut self, op: &Op) {
        let now = self.now;
        // Only calls take note of the time.
        match *op {
            Op::Granted(back, us, epoch) => {
                if let Some(issued) = self.nth(back) {
                    self.granted(issued, micros(us), epoch.into());
                }
            }
            Op::AsAsked(back) => {
                if let Some(issued) = self.nth(back) {
                    self.granted(issued, issued.asked, u64::MAX);
                }
            }
            Op::Refused(back, why) => {
                let all = [Refusal::HeldByAnother, Refusal::Expired, Refusal::Denied];
                if let Some(issued) = self.nth(back) {
                    let why = all[usize::from(why % 3)];
                    let outcome = self.lease.handle_refused(issued.id, why, now);
                    self.refused(outcome);
                }
            }
            Op::Failed(back) => {
                if let Some(issued) = self.nth(back) {
                    self.lease.handle_failed(issued.id, now);
                }
            }
            Op::Forged(id) => self.forged(id),
            Op::Sent => {
                let asked = self.lease.snapshot(now).ttl;
                let id = self.lease.handle_sent(now);
                self.issued.extend(id.map(|id| Issued {
                    id,
                    sent: now,
                    counts: true,
                    asked,
                }));
            }
            _ => self.wish(op),
        }
    }

    fn refused(&mut self, outcome: RefusalOutcome) {
        if outcome == RefusalOutcome::Lost {
            self.distrust();
        }
    }

    fn forged(&mut self, id: u32) {
        let id = RenewalId::from(id);
        if self
            .issued
            .iter()
            .rev()
            .take(64)
            .all(|issued| issued.id != id)
        {
            self.lease.handle_granted(id, TTL_MAX, u64::MAX, self.now);
            self.lease.handle_refused(id, Refusal::Denied, self.now);
        }
    }

    fn wish(&mut self, op: &Op) {
        let now = self.now;
        match *op {
            Op::Ended => {
                let outcome = self.lease.handle_ended(Refusal::Expired, now);
                self.refused(outcome);
            }
            Op::Pushback(us) => self.lease.handle_pushback(micros(us.into()), now),
            Op::Released => _ = self.lease.handle_released(now),
            Op::Acquire => self.lease.acquire(now),
            Op::Release => {
                self.lease.release(now);
                self.told = false;
                self.distrust();
            }
            Op::Resync => {
                self.lease.resync(now);
                self.distrust();
            }
            Op::Reconfigure(ms) => self.reconfigure(ms),
            _ => {}
        }
    }

    fn reconfigure(&mut self, ms: u16) {
        let (old, new) = (self.lease.config().ttl(), config(ms));
        self.lease.reconfigure(new, self.now);
        if new.ttl() < old && new.ttl() < self.asked {
            self.forget();
            let latest = self.now.saturating_add(believed(new.ttl()));
            self.believed = self.believed.min(latest);
        }
    }

    fn check(&self) {
        assert!(self.lease.is_valid(), "{:?}", self.lease);
        let held = self.lease.is_held(self.now);
        assert!(
            !held || self.now < self.believed,
            "held at {}: {self:?}",
            self.now
        );
        assert!(
            !held || !self.lease.is_held(self.believed),
            "held too long: {self:?}"
        );
    }

    fn drain(&mut self) {
        self.seen = self.now;
        for _ in 0..DRAIN {
            match self.lease.poll(self.now) {
                Output::Send(request) => {
                    assert!(request.ttl > Duration::ZERO);
                    let counts = request.action != Action::Release;
                    let (id, sent, asked) = (request.id, self.now, request.ttl);
                    self.asked = asked;
                    self.issued.push(Issued {
                        id,
                        sent,
                        counts,
                        asked,
                    });
                }
                Output::Event(event) => self.tell(event.number, event.kind),
                Output::Wait(until) => {
                    assert!(until > self.now, "a busy loop");
                    self.wait = until;
                    return self.check();
                }
                Output::Idle => return self.wait = self.now,
            }
        }
        panic!("no end: {self:?}");
    }

    fn tell(&mut self, number: u32, kind: EventKind) {
        self.events += 1;
        assert_eq!(number, self.events);
        match kind {
            EventKind::Held { .. } | EventKind::Regained { .. } => {
                assert!(!self.told && self.lease.is_held(self.now), "{kind}");
                self.told = true;
            }
            EventKind::Fenced { .. } => {
                assert!(self.told, "fenced is told to nobody");
                self.told = false;
            }
            EventKind::Lost { .. } => self.told = false,
            EventKind::Late { .. } => assert!(self.told, "late is told to nobody"),
            _ => {}
        }
    }
}
