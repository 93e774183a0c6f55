//! Tests of `state`. They are not published.

use core::time::Duration;

use super::*;

const SECOND: u64 = 1_000_000;

fn reach() -> LifetimeRange {
    let (least, most) = (Duration::from_secs(15), Duration::from_secs(3_600));
    LifetimeRange::between(least, most).unwrap()
}

const fn at(s: u64) -> Instant {
    Instant::from_secs(s)
}

fn answer(state: &mut LifetimeState<()>, sent: u64, now: u64) {
    let answer = Answer {
        sent: at(sent),
        now: at(now),
        rtt_us: None,
        held_us: 0,
    };
    state.record_reply(&reach(), &answer);
}

/// Returns the state of a flow that got a reply at 10 s and is probed again at 110 s.
fn probed() -> LifetimeState<()> {
    let mut state = LifetimeState::new(());
    state.record_probe(at(10));
    answer(&mut state, 10, 11);
    state.record_probe(at(110));
    state
}

#[test]
fn the_idle_time_counts_from_the_last_probe_with_a_reply_to_the_next_probe() {
    let mut state = probed();
    assert_eq!((state.stage, state.idle_us), (Stage::Probed, 100 * SECOND));
    answer(&mut state, 110, 111);
    assert_eq!((state.stage, state.refreshed), (Stage::Idle, at(110)));
    let planned = Duration::from_micros(15_937_500); // the shortest idle time and 1/16
    assert_eq!(state.found.lifetime_record().survived(), planned);
}

#[test]
fn a_new_flow_is_idle_from_its_first_reply_on() {
    let mut state = LifetimeState::new(());
    state.record_probe(at(10));
    answer(&mut state, 9, 11); // sent before
    assert_eq!(state.stage, Stage::New);
    answer(&mut state, 10, 12);
    assert_eq!((state.stage, state.refreshed), (Stage::Idle, at(10)));
}

#[test]
fn a_reply_to_a_retry_shows_that_the_probe_was_missed() {
    let mut state = probed();
    answer(&mut state, 112, 113);
    assert_eq!((state.stage, state.refreshed), (Stage::Missed, at(112)));
    answer(&mut state, 111, 114); // an older one, late
    assert_eq!(state.refreshed, at(112));
    answer(&mut state, 115, 116);
    assert_eq!((state.stage, state.refreshed), (Stage::Missed, at(115)));
}

/// The earlier probe was sent before the idle time in question ended.
#[test]
fn a_reply_to_an_earlier_probe_is_no_evidence_about_the_idle_time() {
    let mut state = probed();
    answer(&mut state, 50, 111);
    assert_eq!((state.stage, state.refreshed), (Stage::Probed, at(10)));
    answer(&mut state, 110, 112);
    assert_eq!(state.stage, Stage::Idle);
}

#[test]
fn only_the_first_probe_after_the_idle_time_counts() {
    let mut state = probed();
    state.record_probe(at(210));
    assert_eq!((state.probed, state.idle_us), (at(110), 100 * SECOND));
}

#[test]
fn time_without_polls_counts_as_idle_time() {
    let mut state = LifetimeState::new(());
    state.lapse(SECOND);
    state.record_probe(at(10));
    answer(&mut state, 10, 11);
    state.lapse(5 * SECOND);
    state.record_probe(at(110));
    state.lapse(7 * SECOND); // while it is probed, the flow is not idle
    assert_eq!(state.idle_us, 105 * SECOND);
    answer(&mut state, 112, 113);
    state.lapse(3 * SECOND);
    assert_eq!(state.unseen_us, 3 * SECOND);
    answer(&mut state, 112, 114); // another one sent at that moment
    assert_eq!(state.unseen_us, 3 * SECOND);
    state.forget_flow();
    assert_eq!((state.stage, state.unseen_us), (Stage::New, 0));
}

#[test]
fn time_without_polls_is_survived_too() {
    let mut state = LifetimeState::new(());
    state.record_probe(at(10));
    answer(&mut state, 10, 11);
    state.lapse(5 * SECOND);
    state.record_probe(at(20));
    answer(&mut state, 20, 21);
    assert_eq!(
        state.found.lifetime_record().survived(),
        Duration::from_secs(15)
    );
}

#[test]
fn traffic_refreshes_a_flow_if_stated_and_no_probe_is_outstanding() {
    let refreshed = |reach: LifetimeRange, mut state: LifetimeState<()>| {
        state.traffic(&reach, at(200));
        assert_eq!(state.touched, at(200));
        state.refreshed
    };
    let mut idle = probed();
    answer(&mut idle, 110, 111);
    assert_eq!(refreshed(reach(), idle.clone()), at(110));
    assert_eq!(refreshed(reach().refreshed_by_traffic(), idle), at(200));
    assert_eq!(refreshed(reach().refreshed_by_traffic(), probed()), at(10));
}

#[test]
fn after_traffic_only_the_rest_of_the_idle_time_is_survived() {
    let mut state = probed();
    state.touched = at(102);
    answer(&mut state, 110, 111);
    assert_eq!(
        state.found.lifetime_record().survived(),
        Duration::from_secs(8)
    );
}

/// A loss is inferred after the first verdict `Dead` if the idle time is longer than every
/// survived one, and otherwise after the second in a row.
#[test]
fn verdicts_after_missed_probes_lower_the_lifetime() {
    let missed = |idle_us: u64, stage: Stage| {
        let mut state = probed();
        state.found.survived(&reach(), 60 * SECOND);
        (state.idle_us, state.stage) = (idle_us, stage);
        state
    };
    let lost = |state: &LifetimeState<()>| state.found.lifetime_record().lost().is_some();
    for (idle_us, stage, outcome, lowers) in [
        (100 * SECOND, Stage::Missed, Outcome::Recovered, true),
        (100 * SECOND, Stage::Missed, Outcome::Refuted, true),
        (100 * SECOND, Stage::Missed, Outcome::Survived, false),
        (100 * SECOND, Stage::Probed, Outcome::Recovered, false),
        (50 * SECOND, Stage::Missed, Outcome::Recovered, false),
    ] {
        let mut state = missed(idle_us, stage);
        state.end_episode(&reach(), outcome);
        assert_eq!(lost(&state), lowers, "{idle_us} {stage:?} {outcome:?}");
        assert_eq!(state.stage, if lowers { Stage::Idle } else { stage });
    }
    let mut state = missed(50 * SECOND, Stage::Missed);
    state.end_episode(&reach(), Outcome::Recovered);
    state.end_episode(&reach(), Outcome::Recovered);
    assert!(lost(&state), "twice in a row");
    assert_eq!(state.deaths, 0);
}

#[test]
fn a_lost_flow_was_idle_until_it_was_probed_or_closed() {
    let lost_after = |mut state: LifetimeState<()>| {
        state.lose_flow(&reach(), at(190));
        assert_eq!(state.stage, Stage::New);
        state.found.lifetime_record().lost()
    };
    assert_eq!(lost_after(probed()), Some(Duration::from_secs(100)));
    let mut idle = probed();
    answer(&mut idle, 110, 111);
    assert_eq!(lost_after(idle), Some(Duration::from_secs(80)));
    assert_eq!(lost_after(LifetimeState::new(())), None);
}
