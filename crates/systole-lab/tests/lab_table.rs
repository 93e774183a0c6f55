//! DESIGN.md's table of published detectors, reproduced by the laboratory over the recorded networks.
//!
//! The networks are not part of the crate: `SYSTOLE_TRACES` names their folder, and without it there is nothing
//! to check. The whole table, which sweeps every family:
//! `SYSTOLE_DEEP=1 SYSTOLE_TRACES=... cargo test --release -p systole-lab --test lab_table -- --nocapture`.

use core::time::Duration;
use systole_testkit::deep;
use systole_testkit::recorded;

use systole_lab::baseline::{FixedMisses, FluctuationRule, NfdS, Planner};
use systole_lab::sweep::{self, Candidate, Outcome, Point};
use systole_lab::{Case, CrashTest, Trace};

/// The seven at a bound; `None`, and a line to say so, without a folder.
fn cases(bound_s: u64) -> Option<Vec<Case<Trace>>> {
    let bound = Duration::from_secs(bound_s);
    let case = |(name, trace): &(&str, Trace)| Case::new(*name, trace.clone(), bound);
    Some(sweep::parallel(&recorded::seven()?, case))
}

fn judge(cases: &[Case<Trace>], candidates: &[Candidate]) -> Vec<Outcome> {
    sweep::sweep(cases, candidates, |_| ())
}

#[test]
fn the_floor_and_a_few_published_points() {
    let tables = [
        (
            3,
            36,
            [(0.45, 17.8, 0.741), (0.25, 10.0, 1.333)],
            (2, 0.2, 18.1, 0.833),
        ),
        (
            10,
            11,
            [(0.45, 11.4, 0.222), (0.3, 7.4, 0.333)],
            (2, 0.1, 10.7, 0.222),
        ),
    ];
    for (bound_s, floor, nfd_s, (misses, timeout, avoidable, probes)) in tables {
        let Some(cases) = cases(bound_s) else { return };
        assert_eq!(
            cases.iter().map(|case| case.floor().len()).sum::<usize>(),
            floor
        );
        let bound = Duration::from_secs(bound_s);
        let mut expected = nfd_s
            .map(|(_, avoidable, probes)| (avoidable, probes))
            .to_vec();
        expected.push((avoidable, probes));
        let nfd_s = nfd_s.map(|(share, ..)| NfdS {
            interval: bound.mul_f64(share),
            bound,
        });
        let mut candidates = Vec::from(nfd_s.map(Candidate::baseline));
        let timeout = bound.mul_f64(timeout);
        let interval = (bound - timeout) / misses;
        candidates.push(Candidate::baseline(FixedMisses {
            interval,
            timeout,
            misses,
        }));
        check_points(&judge(&cases, &candidates), &expected, bound_s);
    }
}

fn check_points(outcomes: &[Outcome], expected: &[(f64, f64)], bound_s: u64) {
    for (outcome, (avoidable, probes)) in outcomes.iter().zip(expected) {
        let label = format!(
            "{} {} at {bound_s} s: {}",
            outcome.family,
            outcome.settings,
            outcome.avoidable()
        );
        assert!((outcome.avoidable() - avoidable).abs() < 0.06, "{label}");
        assert!((outcome.probes_per_s() - probes).abs() < 0.001, "{label}");
    }
}

#[test]
fn the_whole_table() {
    let bounds: &[u64] = if deep::asked_for("no table") {
        &[3, 10]
    } else {
        &[]
    };
    for &bound_s in bounds {
        let Some(cases) = cases(bound_s) else { return };
        let bound = Duration::from_secs(bound_s);
        let outcomes = judge(&cases, &sweep::bounded(bound));
        println!("== D = {bound_s} s");
        for family in families(&outcomes) {
            let of_family = outcomes
                .iter()
                .enumerate()
                .filter(|(_, o)| o.family == family);
            print_front(family, &sweep::best_single(of_family), &outcomes);
        }
        print_front("hindsight", &sweep::hindsight(&outcomes, 25.0), &outcomes);
        let of_three = outcomes
            .iter()
            .filter(|outcome| THREE.contains(&outcome.family));
        let few: Vec<_> = of_three.cloned().collect();
        print_front(
            "hindsight over the first three families",
            &sweep::hindsight(&few, 25.0),
            &few,
        );
        print_unbounded(&cases, bound);
    }
}

/// The families of DESIGN.md's first three rows.
const THREE: [&str; 3] = ["NFD-S", "fixed misses", "fast retry"];

fn families(outcomes: &[Outcome]) -> Vec<&'static str> {
    let mut families: Vec<_> = outcomes.iter().map(|outcome| outcome.family).collect();
    families.dedup();
    families
}

/// DESIGN.md's values of A, and some around them.
const LEVELS: [f64; 20] = [
    18.8, 17.8, 14.5, 13.4, 12.8, 11.4, 10.0, 8.9, 7.4, 7.0, 6.0, 5.0, 4.4, 3.7, 2.8, 2.2, 1.8,
    1.1, 0.5, 0.0,
];

/// The points at those values; of a front that never comes so low, the one with the fewest mistakes.
fn steps(front: &[Point]) -> Vec<&Point> {
    let at = |&level: &f64| sweep::cheapest_with_at_most(front, level);
    let mut steps: Vec<_> = LEVELS.iter().filter_map(at).collect();
    steps.dedup();
    if steps.is_empty() {
        front.last().into_iter().collect()
    } else {
        steps
    }
}

fn print_front(name: &str, front: &[Point], outcomes: &[Outcome]) {
    println!("-- {name}");
    for point in steps(front) {
        let [first, rest @ ..] = point.choice.as_slice() else {
            continue;
        };
        let single = rest.iter().all(|other| other == first);
        let settings = if single {
            outcomes[*first].settings.as_str()
        } else {
            ""
        };
        println!(
            "  {:4.1} @ {:.3}  {settings}",
            point.avoidable, point.probes_per_s
        );
    }
}

/// The families that do not keep the bound: their best settings, and how late they can be.
fn print_unbounded(cases: &[Case<Trace>], bound: Duration) {
    let candidates = sweep::unbounded(bound);
    let outcomes = judge(cases, &candidates);
    for family in families(&outcomes) {
        let front = sweep::best_single(
            outcomes
                .iter()
                .enumerate()
                .filter(|(_, o)| o.family == family),
        );
        println!("-- {family} (keeps no bound)");
        for point in steps(&front) {
            let Some(candidate) = point
                .choice
                .first()
                .and_then(|&index| candidates.get(index))
            else {
                continue;
            };
            let (late, worst, name) = lateness(candidate, cases, bound);
            println!(
                "  {:4.1} @ {:.3}  {}; late for {:.2} % of crashes, up to {worst:.1} s on {name}",
                point.avoidable,
                point.probes_per_s,
                candidate.settings(),
                100.0 * late,
            );
        }
    }
}

/// The share of crashes noticed late, the longest time, and where.
fn lateness(candidate: &Candidate, cases: &[Case<Trace>], bound: Duration) -> (f64, f64, String) {
    let test = CrashTest::new(2_000);
    let times: Vec<_> = cases
        .iter()
        .map(|case| {
            (
                candidate.detection_times(case.network(), &test),
                case.name(),
            )
        })
        .collect();
    let late: usize = times.iter().map(|(times, _)| times.violations(bound)).sum();
    let all: usize = times.iter().map(|(times, _)| times.crashes()).sum();
    let worst = times.iter().max_by_key(|(times, _)| times.max());
    let (worst, name) = worst.map_or((0.0, ""), |(times, name)| {
        (times.max().as_secs_f64(), *name)
    });
    (late as f64 / all as f64, worst, name.into())
}

/// Every setting of a family that claims to keep the bound does, over real networks.
#[test]
fn bounded_families_keep_the_bound() {
    let every = if deep::asked_for("one setting in 97, at one bound") {
        1
    } else {
        97
    };
    for bound_s in [3, 10].into_iter().take(if every > 1 { 1 } else { 2 }) {
        let Some(cases) = cases(bound_s) else { return };
        let bound = Duration::from_secs(bound_s);
        let candidates: Vec<_> = sweep::bounded(bound).into_iter().step_by(every).collect();
        let violations = sweep::parallel(&candidates, |candidate: &Candidate| {
            let (late, worst, name) = lateness(candidate, &cases, bound);
            (late > 0.0).then(|| {
                format!(
                    "{} {}: {worst} s on {name}",
                    candidate.family(),
                    candidate.settings()
                )
            })
        });
        let violations: Vec<_> = violations.into_iter().flatten().collect();
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// How many times faster than real time a detector is replayed at a probe a second, or what ours sends; printed.
///
/// `SYSTOLE_DEEP=1 SYSTOLE_TRACES=... cargo test --release -p systole-lab --test lab_table speed -- --nocapture`
#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "measures how long the replay takes"
)]
fn replay_speed() {
    if !deep::asked_for("no measurement") {
        return;
    }
    let Some(cases) = cases(10) else { return };
    let second = Duration::from_secs(1);
    let bound = 10 * second;
    let chen = Candidate::baseline(NfdS {
        interval: second,
        bound,
    });
    let rule = FluctuationRule::new(second, bound).map(Candidate::baseline);
    let ours = Planner::new(bound, 86_400 * second).map(Candidate::baseline);
    for candidate in [chen, rule.unwrap(), ours.unwrap()] {
        let begin = std::time::Instant::now();
        let outcome = judge(&cases, core::slice::from_ref(&candidate));
        let elapsed = begin.elapsed().as_secs_f64();
        let virtual_s: f64 = outcome[0]
            .per_case
            .iter()
            .map(|qos| 16.0 * qos.duration.as_secs_f64())
            .sum();
        println!(
            "{}, {:.2} probes a second: {:.0} times real time",
            candidate.family(),
            outcome[0].probes_per_s(),
            virtual_s / elapsed
        );
        assert!(cfg!(debug_assertions) || virtual_s > 50_000.0 * elapsed);
    }
}
