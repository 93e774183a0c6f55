//! The history of a peer, and its division into the columns of a chart.

use std::collections::VecDeque;
use std::time::Duration;

use systole::{Instant, Verdict, monitor};

use crate::report::WatchEvent;

/// The number of points that are kept.
const POINTS: usize = 2_048;

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
}

/// The result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered(Duration),
    Late(Duration),
    Missed,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    at: Instant,
    fate: Option<Fate>,
    state: State,
}

/// The state of the machine at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct State {
    pub(super) verdict: Verdict,
    pub(super) interval: Duration,
    /// The suspicion level in thousandths of a decade.
    pub(super) level: u32,
}

/// A stretch of time: the worst result in it, or else the latest one before it, and the highest
/// suspicion level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) fate: Option<Fate>,
    pub(super) state: State,
}

impl Fate {
    fn of(happening: &WatchEvent) -> Option<Self> {
        match happening {
            WatchEvent::Answer {
                rtt, late: false, ..
            } => rtt.map(Self::Answered),
            WatchEvent::Answer {
                rtt, late: true, ..
            } => rtt.map(Self::Late),
            WatchEvent::Lost | WatchEvent::Miss(_) => Some(Self::Missed),
            _ => None,
        }
    }

    fn worse(self, other: Self) -> Self {
        let badness = |fate| match fate {
            Self::Answered(rtt) => (0, rtt),
            Self::Late(rtt) => (1, rtt),
            Self::Missed => (2, Duration::ZERO),
        };
        if badness(other) > badness(self) {
            other
        } else {
            self
        }
    }
}

impl State {
    const fn of(known: &monitor::Snapshot) -> Self {
        Self {
            verdict: known.path.verdict,
            interval: known.path.plan.interval(),
            level: known.path.level.as_milli(),
        }
    }
}

impl History {
    pub(super) fn note(&mut self, at: Instant, happening: &WatchEvent, known: &monitor::Snapshot) {
        let (fate, state) = (Fate::of(happening), State::of(known));
        self.points.push_back(Point { at, fate, state });
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
    }

    /// Records the current state even if no event has occurred, since suspicion rises during
    /// silence.
    pub(super) fn look(&mut self, now: Instant, known: &monitor::Snapshot) {
        let state = State::of(known);
        match self.points.back_mut() {
            Some(last) if last.state == state => {}
            Some(last) if last.fate.is_none() && last.state.verdict == state.verdict => {
                last.state = state;
            }
            _ => self.points.push_back(Point {
                at: now,
                fate: None,
                state,
            }),
        }
    }

    /// Returns the time of the first point that is kept.
    fn start(&self) -> Option<Instant> {
        self.points.front().map(|point| point.at)
    }

    /// Returns the last `span` in columns; a column is `None` if it lies before the first point.
    pub(super) fn columns(&self, now: Instant, span: Duration, width: u16) -> Vec<Option<Column>> {
        let mut points = self.points.iter().peekable();
        let mut last: Option<Column> = None;
        let mut column = |until: Instant| {
            let mut fate = None;
            let mut level = 0;
            while let Some(point) = points.next_if(|point| point.at <= until) {
                fate = worst(fate, point.fate);
                level = level.max(point.state.level);
                let before = last.and_then(|column| column.fate);
                last = Some(Column {
                    fate: point.fate.or(before),
                    state: point.state,
                });
            }
            last.map(|last| Column {
                fate: fate.or(last.fate),
                state: State {
                    level: last.state.level.max(level),
                    ..last.state
                },
            })
        };
        let ends = (0..width)
            .rev()
            .map(|left| now.saturating_sub(span * u32::from(left) / u32::from(width)));
        ends.map(&mut column).collect()
    }

    /// Returns how far the charts reach back: to the first point, but at most two minutes or sixty
    /// intervals, whichever is longer.
    pub(super) fn span(&self, now: Instant) -> Duration {
        let interval = self
            .points
            .back()
            .map_or(Duration::ZERO, |point| point.state.interval);
        let most = interval.saturating_mul(60).max(Duration::from_secs(120));
        let known = self
            .start()
            .map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
        let wanted = known.min(most);
        let fits = |secs: &u64| Duration::from_secs(*secs) >= wanted;
        Duration::from_secs(SPANS.into_iter().find(fits).unwrap_or(86_400))
    }
}

/// The lengths of the axis of time, in seconds.
const SPANS: [u64; 9] = [30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 36_000];

fn worst(one: Option<Fate>, other: Option<Fate>) -> Option<Fate> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.worse(other)),
        (one, other) => one.or(other),
    }
}
