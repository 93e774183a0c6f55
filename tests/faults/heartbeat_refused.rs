//! The README's ten lines with a peer that refuses connections: each ping fails at once. `missed` takes it that the whole timeout passed.

use core::time::Duration;

use systole::{Config, Failure, Heartbeat, Verdict};

/// Runs the README's loop, ten answers first; a ping to the dead takes no time. Returns the time that really passes from the first refusal to the verdict, and the
/// number of sleeps of no length.
///
/// The loop is the README's, which says how long a failed ping took.
fn refused(config: Config) -> (Duration, u32) {
    let rtt = Duration::from_millis(20);
    let mut heart = Heartbeat::new(config);
    let (mut pings, mut passed, mut idle) = (0, Duration::ZERO, 0);
    while heart.verdict() != Verdict::Dead {
        let answer = (pings < 10).then_some(rtt);
        pings += 1;
        let (interval, spent) = match answer {
            Some(rtt) => (heart.next_interval(rtt), rtt),
            None => (
                heart.failed(Failure::Refused, Duration::ZERO),
                Duration::ZERO,
            ),
        };
        let sleep = interval.saturating_sub(spent);
        if answer.is_none() && heart.verdict() != Verdict::Dead {
            passed += sleep;
            idle += u32::from(sleep.is_zero());
        }
    }
    (passed, idle)
}

/// Today: dead after three pings and no time at all, though the machine believes that a second and a half passed. A service that restarts in 50 ms is dead.
#[test]
fn a_refused_connection_is_dead_no_sooner_than_its_retries_take() {
    let (passed, _) = refused(Config::every(Duration::from_secs(1)).build().unwrap());
    assert!(
        passed >= Duration::from_millis(200),
        "dead after {passed:?}"
    );
}

/// Today: every retry follows without a pause.
#[test]
fn a_refused_connection_is_not_asked_again_without_a_pause() {
    let (_, idle) = refused(Config::every(Duration::from_secs(1)).build().unwrap());
    assert_eq!(idle, 0, "sleeps of no length");
}
