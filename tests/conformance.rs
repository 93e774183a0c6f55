//! Every formula of the crate against its published vector, or against an independent reference.

use core::num::NonZeroU32;
use core::time::Duration;

use proptest::prelude::*;
use systole::{
    Config, Heartbeat, Instant, Monitor, Output, TickClock, Verdict,
    path::{RttWindow, SuspicionLevel},
};
use systole_testkit::ops::reference::follows_the_rule;

const RTT_MAX: u32 = u32::MAX; // 71 min 34.967295 s, in microseconds

fn us(micros: impl Into<u64>) -> Duration {
    Duration::from_micros(micros.into())
}

// ---- the fluctuation rule: interval = base * (1 + gain * sigma / mu) over the last N round-trip times ----

/// Round-trip times of one order of magnitude, of all of them, and of the ends of the range.
fn rtts(len: usize) -> impl Strategy<Value = Vec<u32>> {
    let magnitude = (0_u32..32, any::<u32>()).prop_map(|(shift, bits)| bits >> shift);
    let ends = prop_oneof![Just(0), Just(1), Just(RTT_MAX)];
    let path = (1_u32..1 << 31).prop_flat_map(|base| base..=base.saturating_add(base / 3));
    let one = prop_oneof![
        3 => prop::collection::vec(magnitude, 1..len),
        1 => prop::collection::vec(ends, 1..len),
        1 => prop::collection::vec(0_u32..3, 1..len),
        2 => prop::collection::vec(path, 1..len),
        2 => (any::<u32>(), 0_u32..100).prop_flat_map(move |(base, spread)| {
            prop::collection::vec(base..=base.saturating_add(spread), 1..len)
        }),
    ];
    one.no_shrink() // a shrunk window tells no more, and takes minutes
}

fn bases() -> impl Strategy<Value = Duration> {
    (1_000_000_u64..10_000_000_000).prop_map(us)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_fluctuation_rule_is_right_to_1e_4_at_n_1(rtts in rtts(20), base in bases(), gain in 0_u16..=1_000) {
        follows_the_rule::<1>(&rtts, base, gain);
    }

    #[test]
    fn the_fluctuation_rule_is_right_to_1e_4_at_n_2(rtts in rtts(40), base in bases(), gain in 0_u16..=1_000) {
        follows_the_rule::<2>(&rtts, base, gain);
    }

    #[test]
    fn the_fluctuation_rule_is_right_to_1e_4_at_n_16(rtts in rtts(80), base in bases(), gain in 0_u16..=1_000) {
        follows_the_rule::<16>(&rtts, base, gain);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_fluctuation_rule_is_right_to_1e_4_at_n_1024(rtts in rtts(2_500), base in bases(), gain in 0_u16..=1_000) {
        follows_the_rule::<1_024>(&rtts, base, gain);
    }
}

#[test]
fn the_fluctuation_rule_is_right_on_windows_of_zero_of_one_microsecond_and_of_the_cap() {
    let base = Duration::from_secs(5);
    for rtt in [0, 1, RTT_MAX] {
        follows_the_rule::<1>(&[rtt; 3], base, 100);
        follows_the_rule::<2>(&[rtt; 5], base, 100);
        follows_the_rule::<16>(&[rtt; 40], base, 100);
        follows_the_rule::<1_024>(&[rtt; 2_048], base, 100);
    }
    for (odd, rest) in [(1, 0), (RTT_MAX, 0), (RTT_MAX, 1), (0, RTT_MAX), (2, 1)] {
        let mut rtts = vec![rest; 1_500];
        rtts.push(odd); // the largest fluctuation there is: sqrt(N - 1)
        follows_the_rule::<16>(&rtts, base, 100);
        follows_the_rule::<1_024>(&rtts, base, 1_000);
    }
}

#[test]
fn the_interval_is_clamped_and_a_window_of_one_never_fluctuates() {
    let config = Config::every(Duration::from_secs(5))
        .jitter_percent(0)
        .build()
        .unwrap();
    let mut heart = Heartbeat::new(config);
    heart.next_interval(us(1_u32));
    for _ in 0..31 {
        heart.next_interval(Duration::ZERO);
    }
    let longest = heart.next_interval(Duration::from_secs(4_000));
    assert_eq!(longest, Duration::from_secs(20)); // 1 + sqrt(31) = 6.6 bases
    let mut heart = Heartbeat::<1>::with_window(config);
    for rtt in [0, 1, RTT_MAX, 7] {
        assert_eq!(heart.next_interval(us(rtt)), Duration::from_secs(5));
    }
}

// ---- exact moments (algorithms.md 7.1) ----

fn exact_after_ten_million<const N: usize>() {
    let mut window = RttWindow::<N>::new();
    let mut state = 1_u64;
    for push in 1..=10_000_000_u32 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // all magnitudes, and a giant now and then: what makes a running sum of floats go negative
        let rtt = ((state >> 32) as u32) >> (state >> 27 & 31);
        window.push(us(rtt));
        if push % 500_000 == 0 {
            compare(&window);
        }
    }
}

fn compare<const N: usize>(window: &RttWindow<N>) {
    let samples: Vec<u128> = window.iter().map(|rtt| rtt.as_micros()).collect();
    let n = samples.len() as u128;
    let sum: u128 = samples.iter().sum();
    let squares: u128 = samples.iter().map(|rtt| rtt * rtt).sum();
    let deviation = (n * squares - sum * sum).isqrt() / n;
    assert!(window.is_valid());
    assert_eq!(window.moments().mean().as_micros(), sum / n);
    let found = window.moments().standard_deviation().as_micros();
    assert!(deviation.abs_diff(found) <= 1 + (deviation >> 31));
}

#[test]
fn moments_are_exact_after_ten_million_samples() {
    exact_after_ten_million::<16>();
}

#[test]
fn moments_of_a_large_window_are_exact_after_ten_million_samples() {
    exact_after_ten_million::<1_024>();
}

// ---- RFC 6298, in Jacobson's integer form (algorithms.md 5.1) ----

fn unclamped() -> Config {
    Config::every(Duration::from_secs(20_000))
        .timeouts(Duration::from_secs(1), us(1_u32), us(RTT_MAX))
        .build()
        .unwrap()
}

#[test]
fn the_timeout_follows_the_vector_of_rfc_6298() {
    let mut heart = Heartbeat::new(unclamped());
    assert_eq!(heart.timeout(), Duration::from_secs(1)); // (2.1) before any sample
    let rtts = [100_000_u32, 120_000, 80_000, 200_000, 100_000, 100_000];
    let timeouts = [300_000_u32, 272_500, 249_687, 325_039, 282_534, 248_936];
    for (rtt, timeout) in rtts.into_iter().zip(timeouts) {
        heart.next_interval(us(rtt));
        assert_eq!(heart.timeout(), us(timeout));
    }
}

proptest! {
    /// RFC 6298 (2.2), (2.3) in floating point. The scaled integers lose less than a unit a step, of which an eighth and a
    /// quarter are forgotten with each.
    #[test]
    fn the_timeout_follows_rfc_6298_in_real_numbers(rtts in prop::collection::vec(0_u32..700_000_000, 1..100)) {
        let mut heart = Heartbeat::<4>::with_window(unclamped());
        let (mut smoothed, mut variation) = (0.0, 0.0);
        for (index, &rtt) in rtts.iter().enumerate() {
            let r = f64::from(rtt);
            if index == 0 {
                (smoothed, variation) = (r, r / 2.0);
            } else {
                variation = 0.75 * variation + 0.25 * (smoothed - r).abs();
                smoothed = 0.875 * smoothed + 0.125 * r;
            }
            heart.next_interval(us(rtt));
            let found = heart.timeout().as_micros() as f64;
            let exact = (smoothed + 4.0 * variation).max(1.0);
            prop_assert!((found - exact).abs() < 12.0, "{found} against {exact} at {index}");
        }
    }
}

/// RFC 6298 (5.5) doubles the timeout of what is overdue; Karn's rule ends the doubling with a fresh sample.
#[test]
fn the_timeout_doubles_for_what_is_overdue_until_an_answer() {
    let config = Config::every(Duration::from_secs(5)).build().unwrap();
    let mut heart = Heartbeat::<4>::with_window(config);
    for _ in 0..60 {
        heart.next_interval(us(10_000_u32));
    }
    let steady = heart.timeout();
    assert_eq!(steady, config.timeout_min());
    while heart.verdict() != Verdict::Dead {
        heart.missed(); // the plan of an episode is that of its beginning
    }
    let planned = |heart: &Heartbeat<4>| heart.snapshot().plan.timeout();
    let mut timeout = planned(&heart);
    assert!(timeout > steady);
    while timeout < config.timeout_max() {
        heart.missed();
        assert_eq!(planned(&heart), (timeout * 2).min(config.timeout_max()));
        timeout = planned(&heart);
    }
    heart.next_interval(us(10_000_u32));
    assert_eq!(heart.timeout(), steady);
}

// ---- loss: Jeffreys' estimate, (lost + 1/2) / (sent + 1) ----

#[test]
fn the_loss_rate_follows_jeffreys() {
    let config = Config::every(Duration::from_secs(5)).build().unwrap();
    let mut heart = Heartbeat::<4>::with_window(config);
    let (mut lost, mut sent) = (0.0, 0.0);
    for round in 0..3_000 {
        if round % 7 == 3 {
            heart.missed();
            lost += 1.0;
        } else {
            heart.next_interval(us(10_000_u32));
        }
        sent += 1.0;
        let exact = (lost + 0.5) / (sent + 1.0);
        assert!((heart.snapshot().loss - exact).abs() < 1e-9, "at {round}");
    }
}

// ---- suspicion: -log10(P(lost) + P(answered) P(RTT > age)), Cantelli's tail, never below 1/(n + 1) ----

fn level_by_formula(rtts: &[u32], lost: u32, age_us: f64) -> f64 {
    let n = rtts.len() as f64;
    let mean = rtts.iter().map(|&rtt| f64::from(rtt)).sum::<f64>() / n;
    let squares = rtts.iter().map(|&rtt| (f64::from(rtt) - mean).powi(2));
    let variance = squares.sum::<f64>() / n;
    let excess = (age_us - mean).max(0.0);
    let tail = (variance / (variance + excess * excess)).max(1.0 / (n + 1.0));
    let chance = (f64::from(lost) + 0.5) / (n + f64::from(lost) + 1.0);
    -1_000.0 * (chance + (1.0 - chance) * tail).log10()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_level_of_a_silence_follows_cantelli(
        rtts in prop::collection::vec(5_000_u32..90_000, 8..32), age in 1_u32..900_000,
    ) {
        let config = Config::every(Duration::from_secs(10)).seed(1).without_initial_delay().jitter_percent(0).build().unwrap();
        let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
        let mut now = Instant::ZERO;
        let mut waiting = rtts.iter();
        let last = loop {
            match monitor.poll(now) {
                Output::Send(id) => {
                    let Some(&rtt) = waiting.next() else { break now };
                    monitor.handle_reply(id, now.saturating_add(us(rtt)));
                }
                Output::Event(_) => {}
                Output::Wait(until) => now = until,
                Output::Idle => unreachable!(),
            }
        };
        let found = f64::from(monitor.level(last.saturating_add(us(age))).as_milli());
        let exact = level_by_formula(&rtts, 0, f64::from(age));
        prop_assert!((found - exact).abs() < 3.0, "{found} against {exact}");
    }
}

/// By hand: 9 answers of 10 ms, then silence. The tail is 1/10, the loss 0.5/10: -log10(0.05 + 0.95 * 0.1) = 0.839.
#[test]
fn the_level_of_nine_answers_and_a_silence() {
    let config = Config::every(Duration::from_secs(5)).build().unwrap();
    let mut heart = Heartbeat::new(config);
    for _ in 0..9 {
        heart.next_interval(us(10_000_u32));
    }
    assert_eq!(heart.level(), SuspicionLevel::ZERO);
    heart.missed();
    assert_eq!(heart.level().as_milli(), 839);
    assert_eq!(heart.level().to_string(), "0.8");
}

// ---- jitter: uniform in [max(min, 0.9 * interval), interval] ----

fn jittered(config: Config, seed: u64) -> Vec<f64> {
    let mut heart = Heartbeat::<4>::with_window(config.into_builder().seed(seed).build().unwrap());
    let draw = |_| heart.next_interval(us(10_000_u32)).as_secs_f64();
    (0..20_000).map(draw).collect()
}

/// Ten bins of `least..=most` hold a tenth each: chi-square with 9 degrees of freedom stays below 27.9 (0.1 %).
fn assert_uniform(draws: &[f64], least: f64, most: f64) {
    let mut bins = [0_u32; 10];
    for draw in draws {
        assert!(*draw >= least - 1e-6 && *draw <= most, "{draw}");
        let bin = ((draw - least) / (most - least) * 10.0) as usize;
        bins[bin.min(9)] += 1;
    }
    let expected = draws.len() as f64 / 10.0;
    let chi_square = bins.map(|count| (f64::from(count) - expected).powi(2) / expected);
    let chi_square: f64 = chi_square.iter().sum();
    assert!(chi_square < 27.9, "{chi_square}: {bins:?}");
}

#[test]
fn jitter_shortens_uniformly_by_up_to_a_tenth() {
    let config = Config::every(Duration::from_secs(5)).build().unwrap();
    for seed in [1, 2, 0xdead_beef, u64::MAX] {
        assert_uniform(&jittered(config, seed), 4.5, 5.0);
    }
    assert_uniform(
        &jittered(config.into_builder().jitter_percent(3).build().unwrap(), 1),
        4.85,
        5.0,
    );
}

#[test]
fn jitter_is_uniform_above_a_shortest_interval_too() {
    let config = Config::every(Duration::from_secs(5))
        .interval_between(Duration::from_millis(4_900), Duration::from_secs(20))
        .build()
        .unwrap();
    assert_uniform(&jittered(config, 1), 4.9, 5.0);
}

#[test]
fn two_devices_do_not_beat_in_step() {
    let config = Config::every(Duration::from_secs(5)).build().unwrap();
    let (one, other) = (jittered(config, 1), jittered(config, 2));
    let together = one
        .iter()
        .zip(&other)
        .filter(|(a, b)| (**a - **b).abs() < 1e-4);
    assert!(together.count() < 40); // 8 of 20,000 by chance
}

// ---- a million steady beats ----

/// The steady beat that makes phi-accrual-failure-detector 0.1 call a live peer dead from beat 17,468 on.
#[test]
fn a_heartbeat_survives_a_million_steady_beats() {
    let mut heart = Heartbeat::new(Config::every(Duration::from_secs(5)).build().unwrap());
    for beat in 0..1_000_000 {
        let interval = heart.next_interval(us(1_000_u32));
        assert_eq!(heart.verdict(), Verdict::Alive, "at {beat}");
        assert!(interval <= Duration::from_secs(5));
    }
    assert_eq!(heart.level(), SuspicionLevel::ZERO);
}

#[test]
fn a_monitor_survives_a_million_steady_beats() {
    let config = Config::every(Duration::from_secs(5))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let (mut now, mut probes) = (Instant::ZERO, 0);
    while probes < 1_000_000 {
        match monitor.poll(now) {
            Output::Send(id) => {
                probes += 1;
                now = now.saturating_add(us(1_000_u32));
                monitor.handle_reply(id, now);
            }
            Output::Event(event) => assert_eq!(event.number, 1, "{event:?}"), // the first answer
            Output::Wait(until) => now = until,
            Output::Idle => unreachable!(),
        }
    }
    let counters = monitor.snapshot(now).counters;
    assert_eq!((counters.answered, counters.lost), (1_000_000, 0));
    assert_eq!(monitor.verdict(), Verdict::Alive);
}

// ---- moments of time ----

#[test]
fn no_arithmetic_on_moments_wraps() {
    for at in [Instant::ZERO, Instant::from_micros(1), Instant::MAX] {
        assert_eq!(at.saturating_add(Duration::MAX), Instant::MAX);
        assert_eq!(at.saturating_sub(Duration::MAX), Instant::ZERO);
        assert_eq!(at.saturating_add(Duration::ZERO), at);
        assert_eq!(at.saturating_duration_since(at), Duration::ZERO);
        assert_eq!(at.saturating_duration_since(Instant::MAX), Duration::ZERO);
    }
    let all = Instant::MAX.saturating_duration_since(Instant::ZERO);
    assert_eq!(all, us(u64::MAX));
    assert_eq!(Instant::from_millis(1), Instant::from_micros(1_000));
    assert_eq!(Instant::from_secs(1), Instant::from_micros(1_000_000));
}

proptest! {
    /// Against a counter that does not wrap, fed at least once per half turn.
    #[test]
    fn an_extended_tick_counter_follows_one_that_does_not_wrap(
        tick_us in 1_u32..100_000, first: u32, steps in prop::collection::vec(0_u32..=1 << 31, 1..100),
    ) {
        let mut clock = TickClock::new(NonZeroU32::new(tick_us).unwrap(), first);
        let mut ticks = 0_u64;
        for step in steps {
            ticks += u64::from(step);
            let counter = first.wrapping_add(ticks as u32);
            prop_assert_eq!(clock.extend(counter).as_micros(), ticks * u64::from(tick_us));
        }
    }

    #[test]
    fn a_tick_counter_that_runs_backwards_stands_still(back in 1_u32..1 << 31, first: u32) {
        let mut clock = TickClock::new(NonZeroU32::MIN, first);
        let now = clock.extend(first.wrapping_add(1_000));
        prop_assert_eq!(clock.extend(first.wrapping_add(1_000).wrapping_sub(back)), now);
        prop_assert_eq!(clock.extend(first.wrapping_add(1_001)).as_micros(), 1_001);
    }
}

#[test]
fn a_tick_counter_saturates_at_the_end_of_time() {
    let mut clock = TickClock::new(NonZeroU32::MAX, 0);
    let mut now = Instant::ZERO;
    for turn in 1..=8_u32 {
        let next = clock.extend(turn.wrapping_mul(1 << 31));
        assert!(next >= now);
        now = next;
    }
    assert_eq!(now, Instant::MAX);
}
