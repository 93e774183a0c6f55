//! Detectors with one check at a time, as in health checkers: a probe, a timeout, a count of
//! misses.

use crate::time::MicrosExt as _;
use crate::{Action, Answer, Detector};
use systole::Instant;

/// The rule for how long a check waits for its reply.
pub trait ProbeTimeout: Clone {
    /// Returns the timeout of the next probe, in microseconds.
    fn timeout_us(&self) -> u64;

    /// Records a reply, whether in time or late.
    fn on_answer(&mut self, _rtt_us: u64) {}

    /// Records that no reply came in time.
    fn on_timeout(&mut self) {}
}

/// A constant timeout, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedTimeout(pub u64);

impl ProbeTimeout for FixedTimeout {
    fn timeout_us(&self) -> u64 {
        self.0
    }
}

/// Checks the peer every interval, and sooner after a miss. The peer is Dead after `fall` misses in
/// a row, and alive again with the first reply in time. Late replies do not prove life.
#[derive(Clone, Debug)]
pub struct Checker<T> {
    interval_us: u64,
    fast_us: u64,
    fall: u32,
    timeout: T,
    id: u64,
    sent: Instant,
    /// The moment at which the current check times out; `None` between checks.
    give_up: Option<Instant>,
    next: Instant,
    misses: u32,
    dead: bool,
    turn: Option<Action>,
}

impl<T: ProbeTimeout> Checker<T> {
    /// Returns a checker that sends its first probe at `start`. Intervals are from send to send.
    /// After a miss the next check follows `fast_us` after the last one was sent, or at once if the
    /// timeout was longer.
    pub const fn new(
        interval_us: u64,
        fast_us: u64,
        fall: u32,
        timeout: T,
        start: Instant,
    ) -> Self {
        Self {
            interval_us,
            fast_us,
            fall,
            timeout,
            id: 0,
            sent: start,
            give_up: None,
            next: start,
            misses: 0,
            dead: false,
            turn: None,
        }
    }

    fn send(&mut self, now: Instant) -> Action {
        self.id += 1;
        self.sent = now;
        self.give_up = Some(now.plus(self.timeout.timeout_us().max(1)));
        Action::Probe(self.id)
    }

    fn miss(&mut self, now: Instant) {
        self.give_up = None;
        self.timeout.on_timeout();
        self.misses = self.misses.saturating_add(1);
        let fallen = self.misses >= self.fall;
        self.next = self
            .sent
            .plus(if fallen {
                self.interval_us
            } else {
                self.fast_us
            })
            .max(now);
        self.judge(fallen);
    }

    const fn judge(&mut self, dead: bool) {
        if dead != self.dead {
            self.dead = dead;
            self.turn = Some(if dead { Action::Dead } else { Action::Alive });
        }
    }
}

impl<T: ProbeTimeout> Detector for Checker<T> {
    fn poll(&mut self, now: Instant) -> Action {
        if self.give_up.is_some_and(|at| now >= at) {
            self.miss(now);
        }
        if let Some(turn) = self.turn.take() {
            return turn;
        }
        match self.give_up {
            Some(at) => Action::Wait(at),
            None if now >= self.next => self.send(now),
            None => Action::Wait(self.next),
        }
    }

    fn on_answer(&mut self, answer: &Answer) {
        self.timeout.on_answer(answer.rtt_us());
        if self.give_up.is_some() && answer.id == self.id {
            self.give_up = None;
            self.misses = 0;
            self.next = self.sent.plus(self.interval_us);
            self.judge(false);
        }
    }
}
