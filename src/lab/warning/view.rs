//! What a monitor sees of a network, at its own probing.

use alloc::vec::Vec;
use core::time::Duration;

use crate::lab::{Case, Network, Span};
use crate::pacing::Pacing;
use crate::time::{duration, micros};
use crate::{Instant, Monitor, Output, ProbeId};

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
            let at = network
                .start()
                .saturating_add(case.bound() * start / STARTS);
            build(at).map_or_else(Vec::new, |monitor| Watched::new(monitor, at).run(network))
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

/// A probe that is unanswered.
struct Flying {
    id: ProbeId,
    sent: Instant,
    arrives: Instant,
    overdue: Instant,
    /// The next age to be told.
    age: f64,
}

struct Watched<const N: usize, P: Pacing> {
    monitor: Monitor<N, P>,
    now: Instant,
    flying: Vec<Flying>,
    /// The logarithm of the usual round trip, in seconds, and how many were seen.
    usual: f64,
    samples: u32,
    seen: Vec<Seen>,
}

impl<const N: usize, P: Pacing> Watched<N, P> {
    const fn new(monitor: Monitor<N, P>, now: Instant) -> Self {
        Self {
            monitor,
            now,
            flying: Vec::new(),
            usual: 0.0,
            samples: 0,
            seen: Vec::new(),
        }
    }

    fn run(mut self, network: &impl Network) -> Vec<Seen> {
        while self.now < network.end() {
            self.land();
            self.grow_old();
            let wait = self.drain(network);
            let next = self.flying.iter().map(|probe| self.next_of(probe));
            self.now = next.fold(wait, Instant::min).max(self.now.plus(1));
        }
        self.seen
    }

    fn tell(&mut self, at: Instant, sight: Sight) {
        self.seen.push(Seen { at, sight });
    }

    fn land(&mut self) {
        self.flying.sort_by_key(|probe| probe.arrives);
        let landed = self
            .flying
            .partition_point(|probe| probe.arrives <= self.now);
        for probe in self.flying.drain(..landed).collect::<Vec<_>>() {
            self.monitor.handle_reply(probe.id, probe.arrives);
            let rtt = duration(probe.arrives.since(probe.sent));
            self.learn(libm::log2(rtt.as_secs_f64().max(1e-6)));
            self.tell(probe.arrives, Sight::Answered(rtt));
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

    /// When something is to be told of `probe`.
    fn next_of(&self, probe: &Flying) -> Instant {
        let aged = probe.sent.plus((probe.age * 1e6) as u64);
        let told = if self.now < probe.overdue {
            aged.min(probe.overdue)
        } else {
            Instant::MAX
        };
        told.min(probe.arrives)
    }

    fn grow_old(&mut self) {
        let mut told = Vec::new();
        for probe in &mut self.flying {
            let age_s = self.now.since(probe.sent) as f64 / 1e6;
            if age_s >= probe.age && self.now < probe.overdue {
                told.push(Sight::Waiting(duration((probe.age * 1e6) as u64)));
                probe.age *= core::f64::consts::SQRT_2;
            }
            if self.now == probe.overdue {
                told.push(Sight::Overdue);
            }
        }
        for sight in told {
            self.tell(self.now, sight);
        }
        let now = self.now;
        self.flying
            .retain(|probe| probe.arrives < Instant::MAX || now < probe.overdue);
    }

    fn drain(&mut self, network: &impl Network) -> Instant {
        loop {
            match self.monitor.poll(self.now) {
                Output::Probe(id) => self.send(id, network),
                Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn send(&mut self, id: ProbeId, network: &impl Network) {
        let timeout = self.monitor.snapshot(self.now).heart.plan.timeout();
        let answer = network.answer(self.now);
        self.flying.push(Flying {
            id,
            sent: self.now,
            arrives: answer.map_or(Instant::MAX, |rtt| self.now.saturating_add(rtt)),
            overdue: self.now.saturating_add(timeout),
            age: if self.samples > 3 {
                2.0 * libm::exp2(self.usual)
            } else {
                f64::INFINITY
            },
        });
    }
}
