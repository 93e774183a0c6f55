//! Measures an early warning: the share of outages it announces, how long before, and how often it
//! is wrong.
//!
//! An outage is a silence longer than the bound of a [`Case`](crate::Case), counted from the send
//! time of the last probe that had a reply in time when probing every 10 ms. A warner gives a score
//! to each thing that a monitor observes. A score above a threshold is a warning; no further
//! warning follows within the horizon. A warning announces an outage if it comes at most the
//! horizon before the outage begins. A warning is false if it announces none and does not come
//! during one. A warner may choose any threshold, so two warners are compared at an equal rate of
//! false warnings, with the same probes.
//!
//! ```
//! use core::time::Duration;
//! use systole_lab::network::{Lognormal, Outage, Queue, Synthetic};
//! use systole_lab::warning::{Curve, FixedThreshold, View};
//! use systole_lab::Case;
//! use systole::{Config, Instant, Monitor, path::EarlyWarning};
//!
//! # fn main() -> Result<(), systole::ConfigError> {
//! let secs = Duration::from_secs;
//! // every ten minutes a queue builds up, and then the path is gone
//! let network = Synthetic::new(secs(7_200))
//!     .with(Lognormal::new(Duration::from_millis(40), 0.3, 1))
//!     .with(Queue::once(Instant::from_secs(300), secs(20), secs(1)).every(secs(600)))
//!     .with(Outage::once(Instant::from_secs(320), secs(8)).every(secs(600)));
//! let case = Case::new("queues before outages", network, secs(3));
//! let config = Config::every(secs(1)).detect_within(secs(3)).seed(7).build()?;
//! let view = View::new(&case, secs(30), |start| Monitor::new(config, start).ok());
//!
//! let ours = Curve::of(&[&view], .., |_| EarlyWarning::new());
//! let fixed = Curve::of(&[&view], .., |_| FixedThreshold::default());
//! assert!(ours.announced(1.0) > 0.99 && ours.lead_s(1.0) > 10.0);
//! assert!(ours.announced(1.0) >= fixed.announced(1.0));
//! # Ok(()) }
//! ```

mod rival;
mod view;

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Bound, RangeBounds};
use core::time::Duration;

pub use rival::{EwmaBand, FixedRatio, FixedThreshold};
pub use view::{Seen, Sight, View};

use crate::time::{MicrosExt as _, micros};
use systole::{Instant, path::EarlyWarning};

/// A rule that gives a score to what a monitor observes. The higher the score, the more likely an
/// outage.
pub trait Warner {
    /// Returns the score after one more observation.
    fn score(&mut self, sight: Sight) -> f64;
}

impl Warner for EarlyWarning {
    fn score(&mut self, sight: Sight) -> f64 {
        match sight {
            Sight::Answered(rtt) => self.answered(rtt),
            Sight::Overdue => self.overdue(),
            Sight::Waiting(age) => self.waiting(age),
        };
        Self::score(self).into()
    }
}

/// The results at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// The threshold.
    pub threshold: f64,
    /// The number of false warnings per hour.
    pub false_per_hour: f64,
    /// The share of outages that were announced.
    pub announced: f64,
    /// The mean time in seconds from the warning to the outage.
    pub lead_s: f64,
}

/// The results at all thresholds, from the highest to the lowest.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve(Vec<Point>);

/// The number of thresholds. They are quantiles of the scores, exceeded by one score in 60,000 up
/// to half of them.
const THRESHOLDS: u32 = 60;

impl Curve {
    /// Measures the warner that `build` makes for a view, over all of `views`, in this part of
    /// each: 0 is the start and 1 the end.
    pub fn of<W: Warner>(
        views: &[&View],
        part: impl RangeBounds<f64>,
        build: impl Fn(&View) -> W,
    ) -> Self {
        let scored: Vec<Scored<'_>> = views
            .iter()
            .map(|view| Scored::new(view, &part, || build(view)))
            .collect();
        let mut all: Vec<f64> = scored.iter().flat_map(Scored::scores).collect();
        all.sort_by(f64::total_cmp);
        let threshold = |step: u32| {
            let beyond = 0.5 * libm::pow(10.0, 4.5 * f64::from(step) / f64::from(THRESHOLDS) - 4.5);
            let place = all.len() as f64 * (1.0 - beyond);
            all.get(place as usize).copied()
        };
        let mut thresholds: Vec<f64> = (0..=THRESHOLDS).filter_map(threshold).collect();
        thresholds.dedup();
        let points = thresholds.into_iter();
        Self(points.map(|at| judge(&scored, at)).collect())
    }

    /// Returns the points, those with the rarest warnings first.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.0
    }

    /// Returns the share of outages that are announced with at most this many false warnings per
    /// hour. Between two thresholds it is interpolated, as if each were used part of the time.
    #[must_use]
    pub fn announced(&self, false_per_hour: f64) -> f64 {
        let (mut best, mut below) = (0.0_f64, Point::default());
        for point in &self.0 {
            if point.false_per_hour <= false_per_hour {
                below = *point;
                best = best.max(point.announced);
            } else if point.announced > best {
                let share = (false_per_hour - below.false_per_hour)
                    / (point.false_per_hour - below.false_per_hour);
                return best.max(below.announced + share * (point.announced - below.announced));
            }
        }
        best
    }

    /// Returns the mean time by which warnings precede outages, at the lowest threshold with at
    /// most this many false warnings per hour.
    #[must_use]
    pub fn lead_s(&self, false_per_hour: f64) -> f64 {
        self.last_within(false_per_hour)
            .map_or(0.0, |point| point.lead_s)
    }

    /// Returns the lowest threshold with at most this many false warnings per hour.
    #[must_use]
    pub fn last_within(&self, false_per_hour: f64) -> Option<&Point> {
        let within = |point: &&Point| point.false_per_hour <= false_per_hour;
        self.0.iter().rev().find(within)
    }
}

/// A view with the scores of everything in it.
struct Scored<'a> {
    view: &'a View,
    /// The part of the time that counts.
    from: Instant,
    until: Instant,
    runs: Vec<Vec<(Instant, f64)>>,
}

impl<'a> Scored<'a> {
    fn new<W: Warner>(view: &'a View, part: &impl RangeBounds<f64>, build: impl Fn() -> W) -> Self {
        let (from, until) = view.part(edge(part.start_bound(), 0.0), edge(part.end_bound(), 1.0));
        let score = |run: &Vec<Seen>| {
            let mut warner = build();
            run.iter()
                .map(|seen| (seen.at, warner.score(seen.sight)))
                .collect()
        };
        let runs = view.runs().iter().map(score).collect();
        Self {
            view,
            from,
            until,
            runs,
        }
    }

    fn scores(&self) -> impl Iterator<Item = f64> + '_ {
        self.runs.iter().flatten().map(|&(_, score)| score)
    }

    fn counts(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }

    /// Adds the results of one run at a threshold to `sum`.
    fn tally(&self, run: &[(Instant, f64)], threshold: f64, sum: &mut Tally) {
        let outages = self.view.outages();
        let horizon_us = micros(self.view.horizon());
        let mut leads = vec![None; outages.len()];
        let mut free = Instant::ZERO;
        for &(at, _) in run.iter().filter(|(_, score)| *score > threshold) {
            if at < free {
                continue;
            }
            free = at.plus(horizon_us);
            let next = outages.partition_point(|outage| outage.from < at);
            let during = next.checked_sub(1).and_then(|last| outages.get(last));
            let during = during.is_some_and(|outage| at <= outage.until);
            let ahead = leads.iter_mut().zip(outages).skip(next);
            let mut announces = false;
            for (lead, outage) in ahead.take_while(|(_, outage)| outage.from <= free) {
                *lead = Some(outage.from.since(at));
                announces = true;
            }
            sum.wrong += u32::from(self.counts(at) && !announces && !during);
        }
        for (lead, _) in leads
            .iter()
            .zip(outages)
            .filter(|(_, outage)| self.counts(outage.from))
        {
            sum.outages += 1;
            sum.announced += u32::from(lead.is_some());
            sum.lead_s += lead.map_or(0.0, |us| us as f64 / 1e6);
        }
        sum.hours += Duration::from_micros(self.until.since(self.from)).as_secs_f64() / 3_600.0;
    }
}

const fn edge(bound: Bound<&f64>, open: f64) -> f64 {
    match bound {
        Bound::Included(&at) | Bound::Excluded(&at) => at,
        Bound::Unbounded => open,
    }
}

#[derive(Default)]
struct Tally {
    outages: u32,
    announced: u32,
    wrong: u32,
    lead_s: f64,
    hours: f64,
}

fn judge(scored: &[Scored<'_>], threshold: f64) -> Point {
    let mut sum = Tally::default();
    for one in scored {
        for run in &one.runs {
            one.tally(run, threshold, &mut sum);
        }
    }
    Point {
        threshold,
        false_per_hour: f64::from(sum.wrong) / sum.hours,
        announced: f64::from(sum.announced) / f64::from(sum.outages.max(1)),
        lead_s: sum.lead_s / f64::from(sum.announced.max(1)),
    }
}
