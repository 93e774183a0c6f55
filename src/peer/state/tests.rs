use core::time::Duration;

use super::*;
use crate::config::Config;

fn spoilt(spoil: impl FnOnce(&mut PeerState<4, crate::pacing::Fluctuation>)) -> bool {
    let config = Config::every(Duration::from_secs(1)).build().unwrap();
    let mut peer = PeerState::new(config);
    peer.replan();
    spoil(&mut peer);
    peer.is_valid()
}

fn peer() -> PeerState<4, crate::pacing::Fluctuation> {
    let mut peer = PeerState::new(Config::every(Duration::from_secs(1)).build().unwrap());
    peer.replan();
    peer
}

/// Losses that were left out while nothing was heard are counted with the next answer.
#[test]
fn an_answer_counts_the_losses_before_it() {
    let mut peer = peer();
    peer.skipped = 3;
    let answer = Answer {
        sent: Instant::ZERO,
        now: Instant::ZERO,
        rtt_us: None,
        held_us: 0,
    };
    peer.observe(&answer, false);
    assert_eq!(peer.skipped, 0);
    assert!((peer.loss.probability() - 3.5 / 5.0).abs() < 1e-6);
}

#[test]
fn a_plan_stays_while_an_episode_lasts_and_no_longer() {
    let changes = |verdict, episode| {
        let mut peer = peer();
        let plan = Plan::from_micros(7, 7);
        (peer.verdict, peer.episode, peer.plan) = (verdict, episode, plan);
        peer.adapt();
        peer.plan != plan
    };
    assert!(!changes(Verdict::Suspect, true) && !changes(Verdict::Unknown, true));
    assert!(changes(Verdict::Dead, true) && changes(Verdict::Alive, false));
    assert!(changes(Verdict::Unknown, false));
}

/// What every test asks of a machine can be answered with no.
#[test]
fn a_spoilt_pulse_is_not_valid() {
    assert!(spoilt(|_| {}));
    assert!(!spoilt(|peer| peer.settings.limits.interval_max_us /= 8));
    assert!(!spoilt(
        |peer| peer.plan = Plan::from_micros(1_000_000, 500_000)
    ));
    assert!(!spoilt(
        |peer| peer.settings.limits.timeout_min_us = u32::MAX
    ));
    assert!(!spoilt(|peer| peer.settings.limits.timeout_max_us = 1));
    assert!(!spoilt(|peer| peer.verdict = Verdict::Suspect));
    assert!(!spoilt(|peer| peer.risen = 1));
    assert!(!spoilt(|peer| peer.retries = 1));
    assert!(!spoilt(|peer| peer.verdict = Verdict::Alive));
}
