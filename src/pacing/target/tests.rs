use super::*;
use crate::config::Config;
use crate::pacing::target::state::Awaited;
use crate::pacing::{Answer, EpisodeEnd, Outcome, Pacing, Statistics};
use crate::path::loss::LossRate;
use crate::path::rtt::RttEstimator;
use crate::path::window::RttWindow;
use crate::time::Instant;

const BOUND_US: u64 = 10_000_000;

fn target() -> Target {
    Target::new(Duration::from_micros(BOUND_US))
}

/// Returns the state after steady probes that are followed by silences, each ended by the reply
/// to a retry after `rtt_us`.
fn learnt(target: &Target, rtt_us: u32, silences_us: impl Iterator<Item = u64>) -> TargetState {
    let (mut state, mut now) = (TargetState::NEW, Instant::ZERO);
    for silence_us in silences_us {
        target.on_probe(&mut state, now, false);
        let heard = now.plus(silence_us.max(rtt_us.into()));
        let answer = Answer {
            sent: heard.minus(rtt_us.into()),
            now: heard,
            rtt_us: Some(rtt_us),
            held_us: 0,
        };
        target.on_answer(&mut state, &answer);
        let interval_us = scaled_q16(BOUND_US, u32::from(target.share(&state)));
        now = now.plus(interval_us).max(heard);
    }
    state
}

/// Returns the silences after `probes` probes. Each pair of `silences` states how many probes
/// lie between two such silences, and their length in milliseconds; the other silences are 0.
fn now_and_then(probes: u64, silences: &[(u64, u64)]) -> impl Iterator<Item = u64> {
    let of = |k: u64| {
        let due = silences
            .iter()
            .filter(move |(every, _)| k.is_multiple_of(*every));
        due.map(|(_, ms)| ms * 1_000).max().unwrap_or(0)
    };
    (1..=probes).map(of)
}

/// Every 20th probe is followed by a silence of 3 s. Five probes per bound would suffice, and
/// the budget allows two.
#[cfg_attr(miri, ignore = "thousands of plans")]
#[test]
fn an_infeasible_budget_is_reported_with_a_feasible_one() {
    let infeasible = |budget| {
        let target = target().with_budget(budget).unwrap();
        let state = learnt(&target, 20_000, now_and_then(3_000, &[(20, 3_000)]));
        target
            .promise(&state)
            .and_then(|promise| promise.infeasible)
    };
    let found = infeasible(210).unwrap();
    assert_eq!(found.requirement, Setting::ProbeBudget);
    assert!((250..4_000).contains(&found.nearest), "{found:?}");
    assert_eq!(infeasible(u32::try_from(found.nearest).unwrap()), None);
}

/// A few losses and round trips of 1.5 s can cause silences of 3 s. So the path is not called
/// infeasible before three silences were longer than half the bound.
#[cfg_attr(miri, ignore = "thousands of plans")]
#[test]
fn on_a_slow_path_only_long_silences_prove_a_target_infeasible() {
    let infeasible = |every| {
        let target = target().with_budget(210).unwrap();
        let target = target.with_recurrence(Duration::from_secs(43_200)).unwrap();
        let silences = [(10, 3_000), (every, 9_500)];
        let state = learnt(&target, 1_500_000, now_and_then(3_000, &silences));
        target
            .promise(&state)
            .and_then(|promise| promise.infeasible)
    };
    let requirement = infeasible(400).map(|found| found.requirement);
    assert_eq!(requirement, Some(Setting::MistakeRecurrence));
    assert_eq!(infeasible(1_100), None);
}

/// A silence is discarded if the machine was not polled for a 64th of the bound during it.
#[test]
fn a_lapse_discards_the_current_silence() {
    let counts_after = |span_us| {
        let mut state = TargetState::NEW;
        target().on_probe(&mut state, Instant::ZERO, false);
        target().on_lapse(&mut state, span_us);
        state.awaited.open
    };
    assert!(counts_after(BOUND_US / 64));
    assert!(!counts_after(BOUND_US / 64 + 1));
}

/// Returns a reply after `length_us` to the probe sent at the epoch.
fn answer(length_us: u32) -> Answer {
    Answer {
        sent: Instant::ZERO,
        now: Instant::from_micros(length_us.into()),
        rtt_us: Some(length_us),
        held_us: 0,
    }
}

/// Half or double the usual round-trip time counts as the same path. A larger difference counts
/// as another path, about which little is known.
#[test]
fn a_very_different_round_trip_counts_as_another_path() {
    for (usual_us, median_us, another) in [
        (500, 1_001, false),
        (500, 1_002, true),
        (1_000, 500, false),
        (1_000, 499, true),
    ] {
        let mut state = TargetState::NEW;
        state.usual_us = usual_us;
        target().on_answer(&mut state, &answer(median_us));
        assert_eq!(state.usual_us == median_us, another, "{median_us}");
    }
}

/// A reply that is later than usual by more than 0.14 of the bound leads to a new plan at once.
#[test]
fn a_long_silence_leads_to_a_new_plan_at_once() {
    let long_us = saturate(scaled_q16(BOUND_US, shape::LONG));
    for (length_us, long) in [(long_us, false), (long_us + 1, true)] {
        let mut state = learnt(&target(), 20_000, now_and_then(200, &[]));
        (state.since, state.relaxing) = (0, false);
        state.awaited = Awaited {
            sent: Instant::ZERO,
            share: 5_000,
            grade: 2,
            open: true,
        };
        let mut risk = state.risk.clone();
        risk.add(2, 5_000, long);
        target().on_answer(&mut state, &answer(length_us + 20_000));
        assert_eq!((state.risk, state.since == 0), (risk, long));
    }
}

/// A steady probe saves one half-retry. A retry costs two, and so does a steady probe that
/// follows an overdue one.
#[test]
fn steady_probes_earn_retries() {
    let mut state = TargetState::NEW;
    let (first, savings) = (Instant::from_secs(1), state.savings);
    let mut probe = |secs, retry| {
        target().on_probe(&mut state, Instant::from_secs(secs), retry);
        (state.savings, state.awaited.sent)
    };
    assert_eq!(probe(1, false), (savings + 1, first));
    assert_eq!(probe(2, false), (savings - 1, first));
    assert_eq!(probe(3, true), (savings - 3, first));
}

#[test]
fn a_retry_starts_no_measurement_of_a_silence() {
    let mut state = TargetState::NEW;
    target().on_probe(&mut state, Instant::ZERO, true);
    assert!(!state.awaited.open);
}

/// The timeout is twice the usual round-trip time, and the plan has as many retries as are
/// saved. If none is saved, a dead peer is probed at the steady interval.
#[test]
fn a_plan_follows_from_the_median_and_the_saved_retries() {
    let config = Config::target(Duration::from_micros(BOUND_US))
        .build()
        .unwrap();
    let (limits, window) = (config.settings.limits, RttWindow::<4>::new());
    let path = Statistics {
        moments: window.moments(),
        rtt: &RttEstimator::new(),
        loss: &LossRate::new(),
        limits: &limits,
    };
    let mut state = TargetState::NEW;
    state.disturbance.sample(250_000);
    let first = state.savings; // enough for one episode
    for (savings, retries, dead_ms) in [
        (first, 16, 1_200),
        (0, 1, 588),
        (2, 1, 1_200),
        (7, 3, 1_200),
    ] {
        state.savings = savings;
        let plan = target().plan(&state, &path);
        assert_eq!(
            (plan.timeout_us(), plan.retries().count()),
            (500_000, retries)
        );
        let dead_us = limits.dead_interval_us(&plan);
        assert!(
            (dead_us / 1_000).abs_diff(dead_ms) < 2,
            "{savings}: {plan:?}"
        );
    }
}

#[test]
fn a_promise_states_probes_per_second() {
    let mut state = TargetState::NEW;
    state.cost = 5.0;
    let promise = target().promise(&state).unwrap();
    assert!((promise.probes_per_s - 0.5).abs() < 1e-9);
}

#[test]
fn a_second_mistake_at_once_breaks_the_promise() {
    let mut state = TargetState::NEW;
    target().on_probe(&mut state, Instant::ZERO, false);
    for (secs, broken) in [(20, false), (40, true)] {
        let end = EpisodeEnd {
            outcome: Outcome::Refuted,
            now: Instant::from_secs(secs),
        };
        target().on_episode_end(&mut state, &end);
        assert_eq!(target().is_broken(&state), broken);
    }
}
