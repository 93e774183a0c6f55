//! Judges detectors on networks, for `replay` and `tune`.

mod load;
mod ours;
mod read;
mod row;
mod table;

use std::time::Duration;

use systole_lab::sweep::{self, Outcome, parallel_pairs};
use systole_lab::{CrashTest, DetectionTimes};

pub(crate) use load::{Path, load};
pub(crate) use ours::{Machine, Ours};
pub(crate) use row::{Choice, rows, rows_of};
pub(crate) use table::{Table, a_at_p};

use crate::progress::Progress;

pub(crate) type Case = systole_lab::Case<Path>;
pub(crate) type Candidate = sweep::Candidate<Path>;

/// A detector, what it did on live peers, and its detection times, for each case.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    pub(crate) times: Vec<DetectionTimes>,
}

impl Judged {
    pub(crate) fn excess_dead_s(&self) -> f64 {
        let of_case = self.outcome.per_case.iter();
        of_case.map(|qos| qos.excess_dead_s.mean).sum()
    }

    pub(crate) fn violations(&self, bound: Duration) -> usize {
        self.times.iter().map(|times| times.violations(bound)).sum()
    }

    pub(crate) fn crashes(&self) -> usize {
        self.times.iter().map(DetectionTimes::crashes).sum()
    }

    /// Returns the number of crashes of a peer that was called dead already.
    pub(crate) fn crashes_of_dead(&self) -> u64 {
        let counts = self.times.iter().map(DetectionTimes::already_dead);
        counts.map(u64::from).sum()
    }

    /// Returns the longest detection time, and the index of its case.
    pub(crate) fn worst(&self) -> (Duration, usize) {
        let longest = self.times.iter().map(DetectionTimes::max).zip(0..);
        longest.max().unwrap_or_default()
    }

    /// Returns the mean detection time over all cases with any, each with equal weight.
    pub(crate) fn mean_time(&self) -> Option<Duration> {
        let measured = self.times.iter().filter(|times| !times.is_empty());
        let count = u32::try_from(measured.clone().count()).unwrap_or(u32::MAX);
        let sum: Duration = measured.map(DetectionTimes::mean).sum();
        sum.checked_div(count)
    }
}

/// The candidates that may be the best of their family, with their index, and what they did.
pub(crate) type Raced = Vec<(usize, Outcome)>;

/// Runs the candidates on every case, with live peers only; gives up those that cannot be the best
/// of their family. All of the crate's own are kept.
pub(crate) fn race(cases: &[Case], candidates: &[Candidate]) -> Raced {
    let progress = Progress::new("replaying", candidates.len());
    let is_kept = |family: &str| family == Ours::NAME;
    sweep::race(cases, candidates, is_kept, |_| progress.step())
}

/// Runs every candidate on every case, with live peers only.
pub(crate) fn sweep(cases: &[Case], candidates: &[Candidate]) -> Vec<Outcome> {
    let progress = Progress::new("replaying", candidates.len() * cases.len());
    sweep::sweep(cases, candidates, |_| progress.step())
}

/// Measures the detection times of some candidates and adds them to their outcomes. `which` are
/// places in `outcomes`, and so are the numbers in the result.
pub(crate) fn crash(
    cases: &[Case],
    candidates: &[Candidate],
    outcomes: &[(usize, Outcome)],
    which: &[usize],
    crashes: u32,
) -> Vec<(usize, Judged)> {
    let test = CrashTest::new(crashes);
    let chosen = which.iter().filter_map(|&place| {
        let (index, outcome) = outcomes.get(place)?;
        Some((place, candidates.get(*index)?, outcome))
    });
    let chosen: Vec<_> = chosen.collect();
    let progress = Progress::new("crashing", chosen.len() * cases.len());
    let times = parallel_pairs(&chosen, cases, |&(_, candidate, _), case| {
        let times = candidate.detection_times(case.network(), &test);
        progress.step();
        times
    });
    let judged = chosen.into_iter().zip(times);
    judged
        .map(|((index, _, outcome), times)| {
            let outcome = outcome.clone();
            (index, Judged { outcome, times })
        })
        .collect()
}

/// Runs every candidate on every case, with live peers and with crashes.
pub(crate) fn judge(cases: &[Case], candidates: &[Candidate], crashes: u32) -> Vec<Judged> {
    let outcomes: Raced = sweep(cases, candidates).into_iter().enumerate().collect();
    let all: Vec<_> = (0..candidates.len()).collect();
    let judged = crash(cases, candidates, &outcomes, &all, crashes);
    judged.into_iter().map(|(_, judged)| judged).collect()
}
