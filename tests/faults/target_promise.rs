//! A target of 10 s and a bound of 3 s are two words about one thing. Either they are refused together, or the promise is the one that is kept.

use core::time::Duration;

use systole::{Config, Instant, Monitor};

/// Today: accepted, the plan's bound is 3 s, and the promise says 10 s.
#[test]
fn a_promise_says_the_bound_that_is_in_force() {
    let seconds = Duration::from_secs;
    let Ok(config) = Config::target(seconds(10))
        .detect_within(seconds(3))
        .build()
    else {
        return; // refused, with a reason
    };
    let monitor = Monitor::new(
        config.into_builder().seed(7).build().unwrap(),
        Instant::ZERO,
    )
    .unwrap();
    let heart = monitor.snapshot(Instant::ZERO).path;
    assert_eq!(heart.promise.unwrap().detect_within, heart.plan.bound());
}
