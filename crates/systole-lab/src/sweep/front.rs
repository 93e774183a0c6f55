//! Pareto fronts of probes against avoidable mistakes.

use alloc::vec;
use alloc::vec::Vec;

use super::Outcome;

/// A point of a front: no cheaper choice has as few avoidable mistakes.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The number of avoidable mistakes over all cases.
    pub avoidable: f64,
    /// All probes divided by the whole time.
    pub probes_per_s: f64,
    /// The index of the chosen outcome for each case. All are the same if one setting has to serve
    /// all cases.
    pub choice: Vec<usize>,
}

/// The difference below which figures count as equal. They are sums of sixteenths, added in
/// different orders.
const SAME: f64 = 1e-9;

/// Returns the front of settings that serve all cases, from the cheapest to the one with the fewest
/// mistakes.
#[must_use]
pub fn best_single<'a>(outcomes: impl IntoIterator<Item = (usize, &'a Outcome)>) -> Vec<Point> {
    let points = outcomes.into_iter().map(|(index, outcome)| Point {
        avoidable: outcome.avoidable(),
        probes_per_s: outcome.probes_per_s(),
        choice: vec![index; outcome.per_case.len()],
    });
    front(points.collect())
}

/// Returns the front in hindsight, with the best outcome for each case. It is exact and not only
/// the convex hull.
///
/// Points with more mistakes than `most` are dropped. With figures in sixteenths there are at most
/// 16 * `most` points.
#[must_use]
pub fn hindsight(outcomes: &[Outcome], most: f64) -> Vec<Point> {
    let cases = outcomes
        .iter()
        .map(|outcome| outcome.per_case.len())
        .min()
        .unwrap_or_default();
    let nothing = Point {
        avoidable: 0.0,
        probes_per_s: 0.0,
        choice: Vec::new(),
    };
    (0..cases).fold(vec![nothing], |so_far, case| {
        let here = front(
            outcomes
                .iter()
                .enumerate()
                .filter_map(|(i, o)| share_of_case(i, o, case))
                .collect(),
        );
        let sums = so_far
            .iter()
            .flat_map(|point| here.iter().map(|other| point.and(other)));
        front(sums.filter(|point| point.avoidable <= most).collect())
    })
}

/// Returns what an outcome contributes in one case.
fn share_of_case(index: usize, outcome: &Outcome, case: usize) -> Option<Point> {
    let qos = outcome.per_case.get(case)?;
    let time: f64 = outcome
        .per_case
        .iter()
        .map(|qos| qos.duration.as_secs_f64())
        .sum();
    Some(Point {
        avoidable: qos.avoidable.mean,
        probes_per_s: qos.probes.mean / time,
        choice: vec![index],
    })
}

impl Point {
    fn and(&self, other: &Self) -> Self {
        Self {
            avoidable: self.avoidable + other.avoidable,
            probes_per_s: self.probes_per_s + other.probes_per_s,
            choice: [self.choice.as_slice(), other.choice.as_slice()].concat(),
        }
    }
}

/// Returns the cheapest point with at most this many avoidable mistakes. A front consists of steps.
#[must_use]
pub fn cheapest_with_at_most(front: &[Point], avoidable: f64) -> Option<&Point> {
    front
        .iter()
        .find(|point| point.avoidable <= avoidable + SAME)
}

/// Returns the points that no other point beats, from the cheapest on.
fn front(mut points: Vec<Point>) -> Vec<Point> {
    let order = |a: &Point, b: &Point| {
        a.probes_per_s
            .total_cmp(&b.probes_per_s)
            .then(a.avoidable.total_cmp(&b.avoidable))
    };
    points.sort_by(order);
    let mut fewest = f64::INFINITY;
    points.retain(|point| {
        let better = point.avoidable < fewest - SAME;
        if better {
            fewest = point.avoidable;
        }
        better
    });
    points
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use core::time::Duration;

    use super::*;
    use crate::{Qos, Statistic};

    fn qos(avoidable: f64, probes: f64) -> Qos {
        let of = |mean| Statistic { mean, sd: 0.0 };
        Qos {
            duration: Duration::from_secs(50),
            floor: 0,
            probes: of(probes),
            mistakes: of(avoidable),
            avoidable: of(avoidable),
            dead_s: of(0.0),
            excess_dead_s: of(0.0),
            query_accuracy: of(1.0),
        }
    }

    fn outcomes() -> Vec<Outcome> {
        // Two cases of 50 s; the first is easy for setting 0, the second for setting 1.
        let table = [
            [(1.0, 10.0), (9.0, 10.0)],
            [(9.0, 10.0), (1.0, 10.0)],
            [(0.0, 80.0), (0.0, 80.0)],
        ];
        let outcome = |per_case: [(f64, f64); 2]| Outcome {
            family: "test",
            settings: String::new(),
            per_case: per_case.map(|(a, p)| qos(a, p)).to_vec(),
        };
        table.map(outcome).to_vec()
    }

    #[test]
    fn a_single_setting_serves_all_cases() {
        let outcomes = outcomes();
        let front = best_single(outcomes.iter().enumerate());
        let points: Vec<_> = front
            .iter()
            .map(|p| (p.avoidable, p.probes_per_s))
            .collect();
        assert_eq!(points, [(10.0, 0.2), (0.0, 1.6)]);
    }

    #[test]
    fn a_prophet_chooses_for_each() {
        let front = hindsight(&outcomes(), 20.0);
        let points: Vec<_> = front
            .iter()
            .map(|p| (p.avoidable, p.probes_per_s))
            .collect();
        assert_eq!(points, [(2.0, 0.2), (1.0, 0.9), (0.0, 1.6)]);
        assert_eq!(front[0].choice, [0, 1]);
        assert_eq!(
            cheapest_with_at_most(&front, 1.5).map(|p| p.avoidable),
            Some(1.0)
        );
        assert_eq!(cheapest_with_at_most(&front, -1.0), None);
    }
}
