//! Runs systole on one network, and records its verdicts and intervals over time.

use std::time::Duration;

use systole::{Instant, Verdict};
use systole_lab::{Action, Answer, Detector, Network, Options, replay};

use crate::judge::{Case, Machine, Ours};
use crate::trouble::Trouble;

/// A column of the plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundTrip {
    pub(super) at_s: f64,
    /// Larger than `most_ms` if no probe had a reply.
    pub(super) least_ms: f64,
    pub(super) most_ms: f64,
    pub(super) lost: bool,
}

/// The recorded run. All times are in seconds from the start of the network.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) seconds: f64,
    pub(super) round_trips: Vec<RoundTrip>,
    /// The intervals in seconds, each with the time at which it took effect.
    pub(super) intervals: Vec<(f64, f64)>,
    pub(super) verdicts: Vec<(f64, f64, Verdict)>,
}

/// The number of columns of the plot, and the number of samples in each.
const COLUMNS: u32 = 1_150;
const LOOKS: u32 = 64;

impl Watched {
    pub(super) fn watch(case: &Case, ours: &Ours) -> Result<Self, Trouble> {
        let network = case.network();
        let length = network.end().saturating_duration_since(network.start());
        let mut log = Log::default();
        let machine = ours.machine(network.start())?;
        replay(network, &Options::default(), |_| Observed {
            machine,
            log: &mut log,
        });
        let since = |at: Instant| at.saturating_duration_since(network.start()).as_secs_f64();
        let ends = log
            .verdicts
            .iter()
            .skip(1)
            .map(|&(at, _)| since(at))
            .chain([length.as_secs_f64()]);
        let verdicts = log.verdicts.iter().zip(ends);
        Ok(Self {
            seconds: length.as_secs_f64(),
            round_trips: round_trips(network, length),
            intervals: log
                .intervals
                .iter()
                .map(|&(at, s)| (since(at), s.as_secs_f64()))
                .collect(),
            verdicts: verdicts
                .map(|(&(at, verdict), until)| (since(at), until, verdict))
                .collect(),
        })
    }
}

fn round_trips(network: &impl Network, length: Duration) -> Vec<RoundTrip> {
    let step = length / (COLUMNS * LOOKS);
    let column = |column: u32| {
        let at = step * (column * LOOKS);
        let empty = RoundTrip {
            at_s: at.as_secs_f64(),
            least_ms: f64::INFINITY,
            most_ms: 0.0,
            lost: false,
        };
        (0..LOOKS).fold(empty, |trip, look| {
            match network.answer(network.start().saturating_add(at + step * look)) {
                Some(rtt) => {
                    let ms = rtt.as_secs_f64() * 1e3;
                    RoundTrip {
                        least_ms: trip.least_ms.min(ms),
                        most_ms: trip.most_ms.max(ms),
                        ..trip
                    }
                }
                None => RoundTrip { lost: true, ..trip },
            }
        })
    };
    (0..COLUMNS).map(column).collect()
}

#[derive(Debug, Default)]
struct Log {
    intervals: Vec<(Instant, Duration)>,
    verdicts: Vec<(Instant, Verdict)>,
}

/// A machine that is examined after each of its outputs.
struct Observed<'a> {
    machine: Machine,
    log: &'a mut Log,
}

impl Detector for Observed<'_> {
    fn poll(&mut self, now: Instant) -> Action {
        let action = Detector::poll(&mut self.machine, now);
        let heart = self.machine.snapshot(now).path;
        let interval = heart.plan.interval();
        if self
            .log
            .intervals
            .last()
            .is_none_or(|&(_, last)| last != interval)
        {
            self.log.intervals.push((now, interval));
        }
        if self
            .log
            .verdicts
            .last()
            .is_none_or(|&(_, last)| last != heart.verdict)
        {
            self.log.verdicts.push((now, heart.verdict));
        }
        action
    }

    fn on_answer(&mut self, answer: &Answer) {
        self.machine.on_answer(answer);
    }
}
