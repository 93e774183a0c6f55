//! A peer that asks for fewer probes gets them, and is left alone for as long as it says, within the longest interval.

use core::time::Duration;

use proptest::prelude::*;
use systole::{Config, Event, EventKind, Instant, Monitor, Output, Verdict, peer::RelaxedBy};

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config::every(SECOND)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap()
}

/// Answers the next probe after `rtt`; returns when that was sent and when it was answered.
fn answer(monitor: &mut Monitor<16>, now: &mut Instant, rtt: Duration) -> (Instant, Instant) {
    loop {
        match monitor.poll(*now) {
            Output::Send(id) => {
                let sent = *now;
                *now = sent.saturating_add(rtt);
                monitor.handle_reply(id, *now);
                return (sent, *now);
            }
            Output::Event(_) => {}
            Output::Wait(until) => *now = until,
            Output::Idle => panic!("the end of time"),
        }
    }
}

/// How long a peer that asks for `wait` is left alone, having answered `before` probes.
fn left_alone(config: Config, before: usize, rtt: Duration, wait: Duration) -> Duration {
    let mut now = Instant::ZERO;
    let mut monitor = Monitor::with_window(config, now).unwrap();
    for _ in 0..before {
        answer(&mut monitor, &mut now, rtt);
    }
    let (_, asked) = answer(&mut monitor, &mut now, rtt);
    monitor.handle_pushback_with(asked, wait);
    assert_eq!(monitor.verdict(), Verdict::Alive);
    let (sent, _) = answer(&mut monitor, &mut now, rtt);
    sent.saturating_duration_since(asked)
}

proptest! {
    #[test]
    fn it_is_left_alone_for_as_long_as_it_says(
        before in 0_usize..20, rtt_ms in 0_u64..1_500, wait_ms in 0_u64..100_000, seed in 1_u64..,
    ) {
        let config = config().into_builder().interval_between(SECOND, 400 * SECOND).seed(seed).build().unwrap();
        let wait = Duration::from_millis(wait_ms);
        let rest = left_alone(config, before, Duration::from_millis(rtt_ms), wait);
        prop_assert!(rest >= wait, "{rest:?} instead of {wait:?}");
    }
}

#[test]
fn no_longer_than_the_longest_interval() {
    let rest = left_alone(config(), 5, SECOND / 50, 3_600 * SECOND);
    assert!(rest > 3 * SECOND && rest <= 4 * SECOND, "{rest:?}");
}

#[test]
fn no_longer_than_it_takes_to_double() {
    let config = config()
        .into_builder()
        .interval_between(SECOND, 400 * SECOND)
        .build()
        .unwrap();
    for (wait, most) in [(SECOND / 2, 2), (3 * SECOND, 4), (20 * SECOND, 32)] {
        let rest = left_alone(config, 5, SECOND / 50, wait);
        assert!(rest <= most * SECOND, "{rest:?} instead of {wait:?}");
    }
}

/// Short of the bound itself, which the planner does not give up for it.
#[test]
fn a_target_gives_way_up_to_95_percent_of_its_bound() {
    let config = Config::target(10 * SECOND).seed(7).build().unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    for _ in 0..20 {
        monitor.handle_pushback(Instant::ZERO);
    }
    let plan = monitor.snapshot(Instant::ZERO).path.plan;
    assert_eq!(plan.interval(), 19 * SECOND / 2);
}

#[test]
fn who_does_not_say_how_long_is_asked_half_as_often() {
    let intervals = [0, 1, 2, 9].map(|pushbacks| {
        let mut monitor = Monitor::<16>::with_window(config(), Instant::ZERO).unwrap();
        for _ in 0..pushbacks {
            monitor.handle_pushback(Instant::ZERO);
        }
        monitor.snapshot(Instant::ZERO).path.plan.interval()
    });
    assert_eq!(intervals, [SECOND, 2 * SECOND, 4 * SECOND, 4 * SECOND]);
}

#[test]
fn a_bound_that_stands_in_the_way_is_restated() {
    let mut now = Instant::ZERO;
    let config = config()
        .into_builder()
        .interval_between(SECOND, 60 * SECOND)
        .detect_within(5 * SECOND)
        .build()
        .unwrap();
    let mut monitor = Monitor::<16>::with_window(config, now).unwrap();
    let (_, asked) = answer(&mut monitor, &mut now, SECOND / 50);
    while let Output::Event(_) = monitor.poll(now) {}
    monitor.handle_pushback_with(asked, 20 * SECOND);
    let Output::Event(Event {
        kind: EventKind::BoundRelaxed { from, to, by, .. },
        ..
    }) = monitor.poll(now)
    else {
        panic!("the bound is not restated");
    };
    assert_eq!((from, by), (5 * SECOND, RelaxedBy::Pushback));
    assert!(to >= 20 * SECOND, "{to:?}");
    assert_eq!(monitor.snapshot(now).path.plan.bound(), to);
}

/// Where no bound is stated none can be broken, and one that is kept is not restated.
#[test]
fn no_bound_is_restated_that_was_not_stated_or_is_kept() {
    for config in [
        config(),
        config()
            .into_builder()
            .detect_within(20 * SECOND)
            .build()
            .unwrap(),
    ] {
        let mut now = Instant::ZERO;
        let mut monitor = Monitor::<16>::with_window(config, now).unwrap();
        answer(&mut monitor, &mut now, SECOND / 50);
        monitor.handle_pushback(now);
        assert_eq!(monitor.snapshot(now).path.plan.interval(), 2 * SECOND);
        assert_eq!(monitor.snapshot(now).events, 1, "the first answer alone");
    }
}

/// Without retries, the next steady probe is what asks again.
#[test]
fn one_lost_reply_after_a_pushback_is_not_a_death() {
    let bounded = config()
        .into_builder()
        .interval_between(SECOND, 60 * SECOND)
        .detect_within(5 * SECOND)
        .build()
        .unwrap();
    for (config, wait) in [(config(), SECOND), (bounded, 20 * SECOND)] {
        let mut now = Instant::ZERO;
        let mut monitor = Monitor::<16>::with_window(config, now).unwrap();
        let (_, asked) = answer(&mut monitor, &mut now, SECOND / 50);
        monitor.handle_pushback_with(asked, wait);
        let mut verdicts = Vec::new();
        let mut probes = 0;
        while probes < 4 {
            match monitor.poll(now) {
                Output::Send(id) if probes != 1 => {
                    now = now.saturating_add(SECOND / 50);
                    monitor.handle_reply(id, now);
                    probes += 1;
                }
                Output::Send(_) => probes += 1,
                Output::Event(Event {
                    kind: EventKind::Transition(change),
                    ..
                }) => verdicts.push(change.to),
                Output::Event(_) => {}
                Output::Wait(until) => now = until,
                Output::Idle => panic!("the end of time"),
            }
        }
        let expected = [Verdict::Alive, Verdict::Suspect, Verdict::Alive];
        assert_eq!(verdicts, expected, "{config:?}");
    }
}

/// A longer one that is allowed later is not taken at once.
#[test]
fn what_is_asked_at_the_longest_interval_is_not_remembered() {
    let mut monitor = Monitor::<16>::with_window(config(), Instant::ZERO).unwrap();
    for _ in 0..9 {
        monitor.handle_pushback(Instant::ZERO);
    }
    let longer = config()
        .into_builder()
        .interval_between(SECOND, 400 * SECOND)
        .build()
        .unwrap();
    monitor.reconfigure(&longer, Instant::ZERO);
    let plan = monitor.snapshot(Instant::ZERO).path.plan;
    assert_eq!(plan.interval(), 4 * SECOND);
}
