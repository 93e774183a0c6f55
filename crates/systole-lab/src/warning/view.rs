//! The observations of a network by a monitor with its own probes.

use alloc::vec::Vec;
use core::time::Duration;

use crate::replay::{Options, replay};
use crate::time::{MicrosExt as _, micros};
use crate::{Action, Answer, Case, Detector, Network, Span};
use systole::pacing::Pacing;
use systole::{Instant, Monitor};

/// An observation of a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A reply came, late or not.
    Answered(Duration),
    /// The timeout of a probe has passed.
    Overdue,
    /// A probe has had no reply for this long. It is observed at twice the usual round trip, and
    /// then at every half octave.
    Waiting(Duration),
}

/// An observation and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The time.
    pub at: Instant,
    /// The observation.
    pub sight: Sight,
}

/// The outages of a network, and the observations of monitors that start at 8 moments in [0,
/// bound).
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
    /// Returns the observations in a case of the monitors that `build` creates for their starting
    /// moments. Warnings have to come at most `horizon` before an outage.
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

    /// Returns the silences longer than the bound.
    #[must_use]
    pub fn outages(&self) -> &[Span] {
        &self.outages
    }

    /// Returns how long before an outage a warning may come.
    #[must_use]
    pub const fn horizon(&self) -> Duration {
        self.horizon
    }

    /// Returns the observations of each monitor, in order.
    #[must_use]
    pub fn runs(&self) -> &[Vec<Seen>] {
        &self.runs
    }

    /// Returns the moments at these shares of the whole length.
    pub(super) fn part(&self, from: f64, until: f64) -> (Instant, Instant) {
        let length = self.until.since(self.from) as f64;
        let at = |share: f64| self.from.plus((length * share) as u64);
        (at(from), at(until))
    }
}

/// A probe without a reply that is not yet overdue.
struct Flying {
    id: u64,
    sent: Instant,
    overdue: Instant,
    /// The age of its next observation, in seconds.
    age: f64,
}

impl Flying {
    /// Returns the time of its next observation.
    fn next(&self) -> Instant {
        self.sent.plus((self.age * 1e6) as u64).min(self.overdue)
    }
}

/// A monitor with its observations.
struct Witness<'a, const N: usize, P: Pacing> {
    monitor: Monitor<N, P>,
    now: Instant,
    flying: Vec<Flying>,
    /// The binary logarithm of the usual round trip in seconds, and the number of samples.
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
