//! What a monitor sees of a network, at its own probing.

use alloc::vec::Vec;
use core::time::Duration;

use crate::replay::{Options, replay};
use crate::time::{MicrosExt as _, micros};
use crate::{Action, Answer, Case, Detector, Network, Span};
use systole::pacing::Pacing;
use systole::{Instant, Monitor};

/// Something that a monitor sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A probe was answered, late or not.
    Answered(Duration),
    /// A probe's timeout has passed.
    Overdue,
    /// A probe has been unanswered for so long: from twice the usual round trip on, at every half octave.
    Waiting(Duration),
}

/// Something that a monitor sees, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// What.
    pub sight: Sight,
}

/// A network's outages, and what monitors see of it that start at 8 moments in [0, bound).
#[derive(Clone, Debug)]
pub struct View {
    outages: Vec<Span>,
    horizon: Duration,
    from: Instant,
    until: Instant,
    runs: Vec<Vec<Seen>>,
}

const STARTS: u32 = 8;

impl View {
    /// What the monitors that `build` makes for their starting moments see of a case; warnings are to come at most `horizon` before an outage.
    pub fn new<const N: usize, P: Pacing, T: Network>(
        case: &Case<T>,
        horizon: Duration,
        build: impl Fn(Instant) -> Option<Monitor<N, P>>,
    ) -> Self {
        let bound_us = micros(case.bound());
        let begin = |span: &Span| Span::new(span.from.minus(bound_us), span.until);
        let network = case.network();
        let run = |start: u32| {
            let mut seen = Vec::new();
            let options = Options::starting_after(case.bound() * start / STARTS);
            replay(network, &options, |at| {
                build(at).map(|monitor| Witness::new(monitor, at, &mut seen))
            });
            seen
        };
        Self {
            outages: case.floor().iter().map(begin).collect(),
            horizon,
            from: network.start(),
            until: network.end(),
            runs: (0..STARTS).map(run).collect(),
        }
    }

    /// The silences longer than the bound.
    #[must_use]
    pub fn outages(&self) -> &[Span] {
        &self.outages
    }

    /// How long before an outage a warning may come.
    #[must_use]
    pub const fn horizon(&self) -> Duration {
        self.horizon
    }

    /// What each monitor saw, in order.
    #[must_use]
    pub fn runs(&self) -> &[Vec<Seen>] {
        &self.runs
    }

    /// The moments at these shares of the whole.
    pub(super) fn part(&self, from: f64, until: f64) -> (Instant, Instant) {
        let length = self.until.since(self.from) as f64;
        let at = |share: f64| self.from.plus((length * share) as u64);
        (at(from), at(until))
    }
}

/// A probe that is unanswered and not yet overdue.
struct Flying {
    id: u64,
    sent: Instant,
    overdue: Instant,
    /// The next age to be told.
    age: f64,
}

impl Flying {
    /// When something is to be told of it.
    fn next(&self) -> Instant {
        self.sent.plus((self.age * 1e6) as u64).min(self.overdue)
    }
}

/// A monitor, and what it sees.
struct Witness<'a, const N: usize, P: Pacing> {
    monitor: Monitor<N, P>,
    now: Instant,
    flying: Vec<Flying>,
    /// The logarithm of the usual round trip, in seconds, and how many were seen.
    usual: f64,
    samples: u32,
    seen: &'a mut Vec<Seen>,
}

impl<'a, const N: usize, P: Pacing> Witness<'a, N, P> {
    const fn new(monitor: Monitor<N, P>, now: Instant, seen: &'a mut Vec<Seen>) -> Self {
        Self {
            monitor,
            now,
            flying: Vec::new(),
            usual: 0.0,
            samples: 0,
            seen,
        }
    }

    fn learn(&mut self, log: f64) {
        if self.samples == 0 {
            self.usual = log;
        }
        self.samples += 1;
        let step = (1.0 / f64::from(self.samples)).max(1.0 / 64.0);
        self.usual += if log > self.usual { step } else { -step };
    }

    fn grow_old(&mut self) {
        let at = self.now;
        for probe in &mut self.flying {
            let age_s = at.since(probe.sent) as f64 / 1e6;
            let mut tell = |sight| self.seen.push(Seen { at, sight });
            if age_s >= probe.age && at < probe.overdue {
                tell(Sight::Waiting(Duration::from_micros(
                    (probe.age * 1e6) as u64,
                )));
                probe.age *= core::f64::consts::SQRT_2;
            }
            if at == probe.overdue {
                tell(Sight::Overdue);
            }
        }
        self.flying.retain(|probe| at < probe.overdue);
    }

    fn sent(&mut self, id: u64) {
        let timeout = self.monitor.snapshot(self.now).path.plan.timeout();
        self.flying.push(Flying {
            id,
            sent: self.now,
            overdue: self.now.saturating_add(timeout),
            age: if self.samples > 3 {
                2.0 * libm::exp2(self.usual)
            } else {
                f64::INFINITY
            },
        });
    }
}

impl<const N: usize, P: Pacing> Detector for Witness<'_, N, P> {
    fn poll(&mut self, now: Instant) -> Action {
        if now > self.now {
            self.now = now;
            self.grow_old();
        }
        let action = Detector::poll(&mut self.monitor, now);
        let next = || self.flying.iter().map(Flying::next).min();
        match action {
            Action::Wait(until) => Action::Wait(next().map_or(until, |next| next.min(until))),
            Action::Idle => next().map_or(Action::Idle, Action::Wait),
            Action::Probe(id) => {
                self.sent(id);
                action
            }
            Action::Dead | Action::Alive => action,
        }
    }

    fn on_answer(&mut self, answer: &Answer) {
        self.monitor.on_answer(answer);
        self.flying.retain(|probe| probe.id != answer.id);
        let (at, rtt) = (answer.at, Duration::from_micros(answer.rtt_us()));
        self.learn(libm::log2(rtt.as_secs_f64().max(1e-6)));
        self.seen.push(Seen {
            at,
            sight: Sight::Answered(rtt),
        });
    }
}
