//! Sweeps the settings of detectors over a set of networks, to find which ones need the fewest
//! probes for a number of mistakes.
//!
//! ```
//! use core::time::Duration;
//! use systole_lab::baseline::{FixedMisses, NfdS};
//! use systole_lab::network::gallery;
//! use systole_lab::{Case, sweep};
//!
//! let bound = Duration::from_secs(10);
//! let case = |(name, network)| Case::new(name, network, bound);
//! let cases: Vec<_> = gallery(Duration::from_secs(300), 1).into_iter().map(case).collect();
//! let mut candidates = sweep::family::<_, NfdS>(bound);
//! candidates.extend(sweep::family::<_, FixedMisses>(bound));
//!
//! let outcomes = sweep::sweep(&cases, &candidates, |_| ());
//! let front = sweep::best_single(outcomes.iter().enumerate());
//! let best = sweep::cheapest_with_at_most(&front, 1.0).unwrap();
//! let outcome = &outcomes[best.choice[0]];
//! println!("{} {}: {:.3} probes a second", outcome.family, outcome.settings, best.probes_per_s);
//! ```

mod front;
mod race;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;

pub use front::{Point, best_single, cheapest_with_at_most, hindsight};
pub use race::race;

use super::baseline::{
    Akka, Baseline, Bertier, Cassandra, ChenAdaptive, FastRetry, FixedMisses, FluctuationRule,
    Jacobson, NfdE, NfdS, Phi, Pushed, Retries, Satzger, TwoWindow,
};
use super::crash::{CrashTest, DetectionTimes};
use super::detector::Detector;
use super::network::Network;
use super::qos::{Case, OFFSETS, Qos, Run};
use super::trace::Trace;
use systole::Instant;

type Measure<N> = dyn Fn(&Case<N>, u64) -> Run + Send + Sync;
type Crash<N> = dyn Fn(&N, &CrashTest) -> DetectionTimes + Send + Sync;

/// A detector with its settings.
pub struct Candidate<N = Trace> {
    family: &'static str,
    settings: String,
    measure: Box<Measure<N>>,
    crash: Box<Crash<N>>,
}

impl<N: Network> Candidate<N> {
    /// Returns a candidate from `build`, which makes the detector for its starting moment, under
    /// the name of its family.
    pub fn new<D, B>(family: &'static str, settings: impl Into<String>, build: B) -> Self
    where
        D: Detector + Clone,
        B: Fn(Instant) -> D + Clone + Send + Sync + 'static,
    {
        let again = build.clone();
        Self {
            family,
            settings: settings.into(),
            measure: Box::new(move |case, offset| case.run(offset, &build)),
            crash: Box::new(move |network, test| test.run(network, &again)),
        }
    }

    /// Returns a candidate for a published detector.
    pub fn baseline<B: Baseline>(settings: B) -> Self {
        Self::new(B::NAME, settings.to_string(), move |start| {
            settings.detector(start)
        })
    }

    /// Returns the name of its family.
    #[must_use]
    pub const fn family(&self) -> &'static str {
        self.family
    }

    /// Returns its settings as text.
    #[must_use]
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// Returns its quality of service on a live peer.
    #[must_use]
    pub fn qos(&self, case: &Case<N>) -> Qos {
        let runs: Vec<_> = (0..OFFSETS).map(|offset| self.run(case, offset)).collect();
        case.over(&runs)
    }

    /// Returns the run of the candidate from one start offset.
    pub(crate) fn run(&self, case: &Case<N>, offset: u64) -> Run {
        (self.measure)(case, offset)
    }

    /// Returns its detection times.
    #[must_use]
    pub fn detection_times(&self, network: &N, test: &CrashTest) -> DetectionTimes {
        (self.crash)(network, test)
    }
}

impl<N> fmt::Debug for Candidate<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("family", &self.family)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Returns all settings worth trying of the families that keep the bound.
#[must_use]
pub fn bounded<N: Network>(bound: Duration) -> Vec<Candidate<N>> {
    let mut all = family::<N, NfdS>(bound);
    all.extend(family::<N, ChenAdaptive>(bound));
    all.extend(family::<N, FixedMisses>(bound));
    all.extend(family::<N, FastRetry>(bound));
    all.extend(family::<N, Jacobson>(bound));
    all.extend(family::<N, Retries>(bound));
    all.extend(family::<N, FluctuationRule>(bound));
    all
}

/// Returns all settings worth trying of the families that do not keep the bound. Measure their
/// worst case.
#[must_use]
pub fn unbounded<N: Network>(bound: Duration) -> Vec<Candidate<N>> {
    let mut all = family::<N, NfdE>(bound);
    all.extend(family::<N, TwoWindow>(bound));
    all.extend(family::<N, Bertier>(bound));
    all.extend(family::<N, Phi>(bound));
    all.extend(family::<N, Akka>(bound));
    all.extend(family::<N, Cassandra>(bound));
    all.extend(family::<N, Satzger>(bound));
    all.extend(family::<N, Pushed>(bound));
    all
}

/// Returns all settings worth trying of one family.
#[must_use]
pub fn family<N: Network, B: Baseline>(bound: Duration) -> Vec<Candidate<N>> {
    B::sweep(bound)
        .into_iter()
        .map(Candidate::baseline)
        .collect()
}

/// The results of one candidate on every case.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The name of its family.
    pub family: &'static str,
    /// Its settings as text.
    pub settings: String,
    /// Its quality of service on each case, in the order of the cases.
    pub per_case: Vec<Qos>,
}

impl Outcome {
    /// Returns the number of avoidable mistakes over all cases.
    #[must_use]
    pub fn avoidable(&self) -> f64 {
        self.per_case.iter().map(|qos| qos.avoidable.mean).sum()
    }

    /// Returns all probes divided by the whole time.
    #[must_use]
    pub fn probes_per_s(&self) -> f64 {
        let probes: f64 = self.per_case.iter().map(|qos| qos.probes.mean).sum();
        let time: f64 = self
            .per_case
            .iter()
            .map(|qos| qos.duration.as_secs_f64())
            .sum();
        probes / time
    }
}

/// Runs every candidate on every case, on all cores; the results are in the order of the
/// candidates.
///
/// `on_done` is called, from any thread, with the number of replays done so far, where a replay is
/// one candidate on one case.
pub fn sweep<N>(
    cases: &[Case<N>],
    candidates: &[Candidate<N>],
    on_done: impl Fn(usize) + Sync,
) -> Vec<Outcome>
where
    N: Network + Sync,
{
    let done = AtomicUsize::new(0);
    let figures = parallel_pairs(candidates, cases, |candidate, case| {
        let qos = candidate.qos(case);
        on_done(done.fetch_add(1, Ordering::Relaxed) + 1);
        qos
    });
    let outcome = |(candidate, per_case): (&Candidate<N>, _)| Outcome {
        family: candidate.family,
        settings: candidate.settings.clone(),
        per_case,
    };
    candidates.iter().zip(figures).map(outcome).collect()
}

/// Calls `work` for each of `items` with each of `others`, on all cores. Returns a list for each
/// item; both are in order.
pub fn parallel_pairs<T: Sync, U: Sync, R: Send>(
    items: &[T],
    others: &[U],
    work: impl Fn(&T, &U) -> R + Sync,
) -> Vec<Vec<R>> {
    let with_all = |item| others.iter().map(move |other| (item, other));
    let pairs: Vec<_> = items.iter().flat_map(with_all).collect();
    let mut results = parallel(&pairs, |&(item, other)| work(item, other)).into_iter();
    let list = |_| results.by_ref().take(others.len()).collect();
    items.iter().map(list).collect()
}

/// Calls `work` for each of `items`, on all cores. Returns the results in order.
pub fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| work_off(items, &next, &work)))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .flatten()
            .collect()
    });
    results.sort_by_key(|&(index, _)| index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn work_off<T, R>(items: &[T], next: &AtomicUsize, work: impl Fn(&T) -> R) -> Vec<(usize, R)> {
    let mut results = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(item) = items.get(index) else {
            return results;
        };
        results.push((index, work(item)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_in_order_whoever_was_first() {
        let items: Vec<u64> = (0..100).collect();
        let squares = parallel_pairs(&items, &items, |a, b| a * b);
        for (a, row) in items.iter().zip(&squares) {
            assert!(row.iter().copied().eq(items.iter().map(|b| a * b)));
        }
        assert!(parallel_pairs(&items, &[], |a, (): &()| *a)[99].is_empty());
    }
}
