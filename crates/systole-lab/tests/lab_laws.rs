//! Laws of the laboratory itself, on generated networks.

use core::time::Duration;

use proptest::prelude::*;
use systole_lab::baseline::{Baseline, NfdS, Planner};
use systole_lab::network::Synthetic;
use systole_lab::sweep::{self, Candidate};
use systole_lab::{Case, CrashTest, Options, Trace, replay, strategy};

const BOUND: Duration = Duration::from_secs(3);

/// One setting in 37, spread over the families: every family is in; and ours.
fn candidates() -> Vec<Candidate<Synthetic>> {
    let ours = Planner::sweep(BOUND).into_iter().step_by(5);
    let published = sweep::bounded(BOUND).into_iter().step_by(37);
    published.chain(ours.map(Candidate::baseline)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A family that says it keeps the bound keeps it, on any network.
    #[test]
    fn bounded_families_notice_every_crash_within_the_bound(network in strategy::network()) {
        for candidate in candidates() {
            let times = candidate.detection_times(&network, &CrashTest::new(15));
            let label = format!("{} {}", candidate.family(), candidate.settings());
            prop_assert_eq!(times.violations(BOUND), 0, "{}: {:?}", label, times.max());
        }
    }

    /// Nothing is drawn while replaying: the same figures, every time.
    #[test]
    fn the_same_replay_gives_the_same_figures(trace in strategy::trace()) {
        let detector = NfdS { interval: BOUND / 4, bound: BOUND };
        let run = |trace: &Trace| replay(trace, &Options::default(), |start| detector.detector(start));
        prop_assert_eq!(run(&trace), run(&trace));
    }

    /// What probing a hundred times as often cannot avoid, nobody can: where the floor is silent so is everyone.
    #[test]
    fn every_window_of_the_floor_is_a_mistake_of_every_bounded_detector(trace in strategy::trace()) {
        let case = Case::new("generated", trace, BOUND);
        let detector = NfdS { interval: BOUND / 5, bound: BOUND };
        let run = replay(case.network(), &Options::default(), |start| detector.detector(start));
        for window in case.floor() {
            let overlaps = run.mistakes.iter().any(|m| m.from < window.until && window.from < m.until);
            prop_assert!(overlaps, "{window:?} among {:?}", run.mistakes);
        }
    }
}
