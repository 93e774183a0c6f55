//! A sweep that gives up a candidate as soon as another of its family is known to be better.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{Candidate, Outcome, parallel};
use crate::network::Network;
use crate::qos::{Case, OFFSETS, Run};

/// The share by which a candidate has to be dearer than another before it is given up. The number
/// of probes differs by less between start offsets.
const DEARER: f64 = 1.005;

/// Runs the candidates on every case, on all cores, and returns the index and the results of those
/// that may be the best of their family at some number of mistakes.
///
/// The results are those of [`sweep`](super::sweep()). Candidates of a family run from the one with
/// the fewest probes on, one start offset after another. One that needs more probes than another
/// which has finished is given up when it makes more avoidable mistakes in every case: when it has
/// made as many already as the other from all offsets, or when its mean so far is above that of the
/// other by twice its standard error. `keep` names the families of which all candidates are run.
///
/// `on_done` is called, from any thread, with the number of candidates done so far.
pub fn race<N>(
    cases: &[Case<N>],
    candidates: &[Candidate<N>],
    keep: impl Fn(&str) -> bool + Sync,
    on_done: impl Fn(usize) + Sync,
) -> Vec<(usize, Outcome)>
where
    N: Network + Sync,
{
    let first = parallel(candidates, |candidate| Entry::begin(candidate, cases));
    let mut entries: Vec<_> = first.into_iter().enumerate().collect();
    entries.sort_by(|(_, a), (_, b)| a.probes(0).total_cmp(&b.probes(0)));
    let mut families: Vec<Vec<(usize, Entry)>> = Vec::new();
    for (index, entry) in entries {
        let family = candidates.get(index).map_or("", Candidate::family);
        let is_of = |others: &&mut Vec<(usize, Entry)>| {
            let other = others.first().and_then(|&(other, _)| candidates.get(other));
            other.is_some_and(|other| other.family() == family)
        };
        match families.iter_mut().find(is_of) {
            Some(others) => others.push((index, entry)),
            None => families.push(alloc::vec![(index, entry)]),
        }
    }
    families.sort_by_key(|family| core::cmp::Reverse(family.len()));
    let done = AtomicUsize::new(0);
    let finished = parallel(&families, |family| {
        let mut best: Vec<(usize, Entry)> = Vec::new();
        for (index, entry) in family {
            let Some(candidate) = candidates.get(*index) else {
                continue;
            };
            let rivals = if keep(candidate.family()) {
                &[]
            } else {
                best.as_slice()
            };
            if let Some(entry) = entry.clone().finish(candidate, cases, rivals) {
                best.push((*index, entry));
            }
            on_done(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
        best
    });
    let mut all: Vec<_> = finished.into_iter().flatten().collect();
    all.sort_by_key(|&(index, _)| index);
    let outcome = |(index, entry): (usize, Entry)| {
        let candidate = candidates.get(index)?;
        Some((index, entry.outcome(candidate, cases)))
    };
    all.into_iter().filter_map(outcome).collect()
}

/// A candidate with the runs that it has made: for each case, one for each start offset so far.
#[derive(Clone, Debug)]
struct Entry {
    runs: Vec<Vec<Run>>,
}

impl Entry {
    fn begin<N: Network>(candidate: &Candidate<N>, cases: &[Case<N>]) -> Self {
        let run = |case| alloc::vec![candidate.run(case, 0)];
        Self {
            runs: cases.iter().map(run).collect(),
        }
    }

    /// Returns the probes from one start offset over all cases.
    fn probes(&self, offset: usize) -> f64 {
        let of_case = |runs: &Vec<Run>| runs.get(offset).map_or(0.0, |run| run.probes);
        self.runs.iter().map(of_case).sum()
    }

    /// Runs the other offsets; `None` if a rival is better.
    fn finish<N: Network>(
        mut self,
        candidate: &Candidate<N>,
        cases: &[Case<N>],
        rivals: &[(usize, Self)],
    ) -> Option<Self> {
        for offset in 1..OFFSETS {
            if rivals.iter().any(|(_, rival)| self.is_worse_than(rival)) {
                return None;
            }
            for (runs, case) in self.runs.iter_mut().zip(cases) {
                runs.push(candidate.run(case, offset));
            }
        }
        Some(self)
    }

    /// Returns whether the candidate is dearer than a finished rival in every case, and makes as
    /// many mistakes as far as is known.
    fn is_worse_than(&self, rival: &Self) -> bool {
        let sum = |runs: &[Run], of: fn(&Run) -> f64| runs.iter().map(of).sum::<f64>();
        let mean = |runs: &[Run], of: fn(&Run) -> f64| sum(runs, of) / runs.len().max(1) as f64;
        self.runs.iter().zip(&rival.runs).all(|(runs, others)| {
            let dearer = mean(runs, |run| run.probes) >= DEARER * mean(others, |run| run.probes);
            let [mistakes, allowed] = [runs, others].map(|runs| mean(runs, |run| run.avoidable));
            // mistakes are counts, whose variance is at most about their mean
            let error = libm::sqrt(mistakes / runs.len().max(1) as f64);
            let certain = sum(runs, |run| run.avoidable) >= sum(others, |run| run.avoidable);
            dearer && (certain || mistakes - 2.0 * error >= allowed)
        })
    }

    fn outcome<N: Network>(self, candidate: &Candidate<N>, cases: &[Case<N>]) -> Outcome {
        let qos = |(runs, case): (Vec<Run>, &Case<N>)| case.over(&runs);
        Outcome {
            family: candidate.family(),
            settings: candidate.settings().into(),
            per_case: self.runs.into_iter().zip(cases).map(qos).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::network::gallery;
    use crate::sweep::{best_single, bounded, hindsight, sweep};

    #[test]
    fn a_race_has_the_fronts_of_the_whole_sweep() {
        let bound = Duration::from_secs(3);
        let cases: Vec<_> = gallery(Duration::from_secs(60), 3)
            .into_iter()
            .skip(3)
            .map(|(name, network)| Case::new(name, network, bound))
            .collect();
        let candidates = bounded(bound);
        let all = sweep(&cases, &candidates, |_| ());
        let raced = race(&cases, &candidates, |_| false, |_| ());
        assert!(raced.len() < all.len(), "{} of {}", raced.len(), all.len());
        let outcomes: Vec<_> = raced.iter().map(|(_, outcome)| outcome.clone()).collect();
        for (index, outcome) in &raced {
            assert_eq!(Some(outcome), all.get(*index));
        }
        let points = |front: Vec<crate::sweep::Point>| -> Vec<_> {
            front
                .iter()
                .map(|point| (point.avoidable, point.probes_per_s))
                .collect()
        };
        let one = |outcomes: &[Outcome]| points(best_single(outcomes.iter().enumerate()));
        assert_eq!(one(&outcomes), one(&all));
        assert_eq!(
            points(hindsight(&outcomes, 20.0)),
            points(hindsight(&all, 20.0))
        );
    }
}
