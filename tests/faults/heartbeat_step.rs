//! A path that becomes slower for good, in a loop that hears nothing after a timeout: `missed()` is
//! all it says.
//!
//! Right: where the bound leaves time, the longer round trip is learnt while the peer is suspected,
//! without a false `Dead`. Where it does not, the peer is alive again after the waits for a dead
//! peer have grown that long, and stays so.
#![allow(clippy::unchecked_time_subtraction, clippy::unwrap_used)] // a test

use core::time::Duration;

use systole::pacing::Pacing;
use systole::{Config, Heartbeat, Retries, Verdict};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Runs the loop for `rounds` on a path of `rtt`; returns how often the peer was called dead.
fn deaths<P: Pacing>(heart: &mut Heartbeat<32, P>, rounds: u32, rtt: Duration) -> u32 {
    let mut deaths = 0;
    for _ in 0..rounds {
        let before = heart.verdict();
        if rtt <= heart.timeout() {
            heart.next_interval(rtt);
        } else {
            heart.missed();
        }
        deaths += u32::from(before != Verdict::Dead && heart.verdict() == Verdict::Dead);
    }
    deaths
}

/// Deaths in the step from `before` to `after`, and afterwards.
fn step<P: Pacing>(config: Config<P>, before: Duration, after: Duration) -> (u32, u32) {
    let mut heart = Heartbeat::new(config);
    if before > Duration::ZERO {
        assert_eq!(deaths(&mut heart, 50, before), 0);
    }
    let at_first = deaths(&mut heart, 100, after);
    let later = deaths(&mut heart, 300, after);
    assert_eq!(heart.verdict(), Verdict::Alive, "{before:?} to {after:?}");
    (at_first, later)
}

fn every(retries: Retries) -> Config {
    let config = Config::every(SECOND).retries(retries).build();
    config.unwrap().into_builder().seed(7).build().unwrap()
}

/// The longest round trip that is learnt in time: three tenths of the bound, or three quarters of
/// what is left of it after an interval and `spent`.
fn learnt_in_time(bound: Duration, interval: Duration, spent: Duration) -> Duration {
    (bound * 3 / 10).min((bound - interval - spent) * 3 / 4)
}

#[test]
fn a_longer_round_trip_is_learnt_where_the_bound_leaves_time() {
    let retries = [
        Retries::NONE,
        Retries::fixed(1),
        Retries::fixed(4),
        Retries::exponential(2),
    ];
    for (retries, bound) in retries
        .iter()
        .flat_map(|it| [5, 10, 60].map(|s| (*it, s * SECOND)))
    {
        let every = every(retries)
            .into_builder()
            .detect_within(bound)
            .build()
            .unwrap();
        let fixed = Config::fixed(SECOND).retries(retries).build();
        let fixed = fixed
            .and_then(|config| config.into_builder().detect_within(bound).build())
            .unwrap();
        // without retries nothing is asked before the next interval is over
        let retry = if retries == Retries::NONE {
            SECOND
        } else {
            500 * MS
        };
        for before in [Duration::ZERO, MS, 10 * MS, 90 * MS] {
            let first = if before == Duration::ZERO {
                2 * SECOND
            } else {
                SECOND
            };
            let most = learnt_in_time(bound, first, retry);
            for after in [120 * MS, 450 * MS, 900 * MS, most / 2, most] {
                let said = format!("{retries:?} {bound:?} {before:?} {after:?}");
                assert_eq!(step(every, before, after), (0, 0), "every {said}");
                assert_eq!(step(fixed, before, after), (0, 0), "fixed {said}");
            }
        }
    }
}

#[test]
fn a_target_learns_a_longer_round_trip() {
    for bound in [SECOND, 3 * SECOND, 10 * SECOND, 60 * SECOND] {
        let config = Config::target(bound).seed(7).build().unwrap();
        for before in [Duration::ZERO, bound / 10_000, bound / 500, bound / 60] {
            for percent in [3, 6, 10, 20, 40] {
                let after = bound * percent / 100;
                let said = format!("{bound:?} {before:?} {after:?}");
                let (first, later) = step(config, before, after);
                // its intervals leave a tenth of the bound, and its timeout follows a few answers
                let most = if percent <= 20 && before == Duration::ZERO {
                    0
                } else {
                    8
                };
                assert!(first <= most && later == 0, "{said}: {first}, {later}");
            }
        }
    }
}

/// What comes later than the bound allows is a death that is taken back, once.
#[test]
fn a_round_trip_that_the_bound_leaves_no_time_for_is_learnt_of_a_dead_peer() {
    let unbounded = [Retries::NONE, Retries::fixed(3), Retries::exponential(2)];
    for config in unbounded.map(every) {
        for after in [400 * MS, 900 * MS, 3 * SECOND, 20 * SECOND] {
            let (first, later) = step(config, 10 * MS, after);
            assert!(first <= 1 && later == 0, "{after:?}: {first}, {later}");
        }
    }
    let bounded = every(Retries::exponential(2))
        .into_builder()
        .detect_within(10 * SECOND)
        .build()
        .unwrap();
    for after in [5 * SECOND, 6 * SECOND] {
        let (first, later) = step(bounded, 10 * MS, after);
        assert!(first <= 1 && later == 0, "{after:?}: {first}, {later}");
    }
}
