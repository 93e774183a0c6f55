//! What published detectors get wrong, each tried here: the numbers are those of the trap, found by reading their source.

use core::time::Duration;

use systole::{Config, Heartbeat, Instant, Monitor, Output, Verdict, path::RttWindow};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn heart(base: Duration) -> Heartbeat<32> {
    Heartbeat::new(Config::every(base).jitter_percent(0).build().unwrap())
}

/// phi-accrual 0.1 inverts the mean and answers 0.301 one unit after a beat, and NaN after a single one.
#[test]
fn the_level_is_nothing_just_after_a_beat_and_a_number_after_one() {
    let config = Config::every(ms(1_000))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let Output::Send(id) = monitor.poll(Instant::ZERO) else {
        unreachable!()
    };
    monitor.handle_reply(id, Instant::from_millis(20));
    assert_eq!(monitor.level(Instant::from_millis(21)).as_milli(), 0);
    let snapshot = monitor.snapshot(Instant::from_millis(21));
    assert!(snapshot.path.fluctuation.is_finite() && snapshot.path.loss.is_finite());
}

/// phi-detector 0.4 adds up the variance wrongly: 35 for 100 and 200, where it is 50.
#[test]
fn the_deviation_of_two_samples_is_half_their_distance() {
    let mut window = RttWindow::<2>::new();
    window.push(ms(100));
    window.push(ms(200));
    assert_eq!(window.moments().standard_deviation(), ms(50));
}

/// phi-detector 0.4 truncates to milliseconds: pings of 900 us become 0, and 20 ms of silence a phi of 259.
#[test]
fn microseconds_count() {
    let mut heart = heart(ms(1_000));
    for _ in 0..100 {
        heart.next_interval(Duration::from_micros(900));
    }
    assert_eq!(heart.snapshot().mean, Duration::from_micros(900));
    heart.missed();
    assert!(heart.level().as_milli() < 2_500, "{}", heart.level()); // one in 200 is lost or late, for all we know
}

/// chitchat 0.13 panics on a window of zero, and heartbeat-watchdog 0.2 where the window is longer than the interval.
#[test]
fn round_trips_of_zero_and_beyond_the_interval_are_survived() {
    let mut heart = heart(ms(1));
    for rtt in [Duration::ZERO, Duration::ZERO, ms(10_000), Duration::ZERO] {
        heart.next_interval(rtt);
        assert!(heart.is_valid());
    }
}

/// chitchat 0.13 never calls a peer live that is slower than its longest interval: 25 ms beats, 20 ms at most.
#[test]
fn a_peer_slower_than_the_longest_interval_is_alive() {
    let config = Config::every(ms(10))
        .interval_between(ms(9), ms(20))
        .build()
        .unwrap();
    let mut heart = Heartbeat::new(config);
    for _ in 0..20 {
        heart.next_interval(ms(25));
        assert_eq!(heart.verdict(), Verdict::Alive);
    }
}

/// adaptive-timeout forgets what is seldom measured: a round trip of 2 s every 30 s gets its shortest timeout, 250 ms.
#[test]
fn a_sparse_path_keeps_its_timeout() {
    let mut heart = heart(ms(30_000));
    for _ in 0..200 {
        heart.next_interval(ms(2_000));
    }
    assert!(heart.timeout() >= ms(2_000));
    assert!(heart.snapshot().plan.timeout() >= ms(2_000));
}

/// Running sums of squares in floating point go negative after a giant leaves the window.
#[test]
fn a_giant_leaves_no_trace() {
    let mut window = RttWindow::<1_000>::new();
    window.push(Duration::from_secs(4_000));
    for turn in 0..1_000 {
        window.push(Duration::from_micros(10 + turn % 2));
    }
    assert_eq!(window.moments().mean(), Duration::from_micros(10));
    assert!((window.moments().fluctuation() - 0.5 / 10.5).abs() < 1e-4);
}

/// The detectors' unrecorded beat: a cadence that slows from 5.0 to 5.4 s is learnt, not refused for ever.
#[test]
fn a_slower_path_is_learnt() {
    let mut heart = heart(ms(5_000));
    for _ in 0..1_000 {
        heart.next_interval(ms(5));
    }
    let mut misses = 0;
    let slow = ms(1_500); // beyond the timeout of half a second
    while heart.timeout() < slow {
        heart.missed();
        heart.late(slow);
        misses += 1;
        assert!(misses <= 4, "locked out at {:?}", heart.timeout());
    }
    for _ in 0..100 {
        heart.next_interval(slow);
        assert_eq!(heart.verdict(), Verdict::Alive);
    }
}

/// tokio's and embassy's intervals catch up in a burst after a pause of ten periods.
#[test]
fn a_pause_is_not_made_up_for() {
    let config = Config::every(ms(1_000))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let mut probes = 0;
    for now in [Instant::ZERO, Instant::from_millis(10_500)] {
        loop {
            match monitor.poll(now) {
                Output::Send(id) => {
                    probes += 1;
                    monitor.handle_reply(id, now);
                }
                Output::Event(_) => {}
                Output::Wait(_) => break,
                Output::Idle => unreachable!(),
            }
        }
    }
    assert_eq!(probes, 2);
}

/// backon 1.6 has one seed for all devices without an operating system, and jitter beyond its longest delay.
#[test]
fn jitter_never_lengthens_and_needs_a_seed_of_the_device() {
    let config = Config::every(ms(1_000)).build().unwrap();
    assert!(Monitor::new(config, Instant::ZERO).is_err());
    let mut heart = Heartbeat::new(config.into_builder().jitter_percent(50).build().unwrap());
    for _ in 0..1_000 {
        assert!(heart.next_interval(ms(5)) <= ms(1_000));
    }
}
