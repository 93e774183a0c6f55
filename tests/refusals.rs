//! What is refused, and what is bad input but harmless: every constructor, every boundary.

use core::time::Duration;

use systole::pacing::{Fixed, LifetimeRange, LifetimeRecord, Pacing};
use systole::{
    Config, ConfigError, Failure, Heartbeat, Instant, Monitor, Output, ProbeId, Retries, Verdict,
    config::Setting, pacing::Statistics, path::RttWindow, plan::Plan,
};

const SPAN_MAX: u64 = 1 << 40;
const RTT_MAX: u64 = u32::MAX as u64;
const SECOND: Duration = Duration::from_secs(1);

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Asserts that `result` is refused for `setting` at `value`, outside `range`, in those words.
#[track_caller]
fn refused<T>(result: Result<T, ConfigError>, setting: Setting, value: u64, range: (u64, u64)) {
    let error = result.err().expect("it should have been refused");
    assert_eq!(error.setting(), setting);
    assert_eq!(error.value(), value);
    assert_eq!(error.range(), range);
    let (name, unit) = words(setting);
    let (least, most) = range;
    let [value, least, most] = [value, least, most].map(|value| quantity(value, unit));
    assert_eq!(
        error.to_string(),
        format!("the {name} of {value} is out of range: {least} to {most}")
    );
}

/// The value in words: spans in the longest unit that is not longer than they are.
fn quantity(value: u64, unit: &str) -> String {
    if unit != " us" {
        return format!("{value}{unit}");
    }
    let whole = |us: u64| value > 0 && value.is_multiple_of(us);
    let decimals = |unit_us: u64, digits: usize| {
        let text = format!("{}.{:0digits$}", value / unit_us, value % unit_us);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match value {
        0 => "0 s".into(),
        _ if whole(86_400_000_000) => format!("{} d", value / 86_400_000_000),
        _ if whole(3_600_000_000) => format!("{} h", value / 3_600_000_000),
        _ if whole(60_000_000) => format!("{} min", value / 60_000_000),
        1..1_000 => format!("{value} us"),
        1_000..1_000_000 => format!("{} ms", decimals(1_000, 3)),
        _ => format!("{} s", decimals(1_000_000, 6)),
    }
}

fn words(setting: Setting) -> (&'static str, &'static str) {
    match setting {
        Setting::Interval => ("interval", " us"),
        Setting::IntervalMin => ("shortest interval", " us"),
        Setting::IntervalMax => ("longest interval", " us"),
        Setting::TimeoutFirst => ("first timeout", " us"),
        Setting::TimeoutMin => ("shortest timeout", " us"),
        Setting::TimeoutMax => ("longest timeout", " us"),
        Setting::DetectWithin => ("bound on detection time", " us"),
        Setting::Retries => ("number of retries", ""),
        Setting::Gain => ("gain", " %"),
        Setting::Jitter => ("jitter", " %"),
        Setting::Seed => ("seed", ""),
        Setting::Rise => ("number of replies to rise", ""),
        Setting::Refusals => ("number of refusals", ""),
        Setting::MistakeRecurrence => ("time between mistakes", " us"),
        Setting::ProbeBudget => ("probe budget", " probes in 1,000 s"),
        Setting::Lifetime => ("lifetime", " us"),
        Setting::LifetimeMin => ("shortest lifetime", " us"),
        Setting::LifetimeDoubts => ("number of doubts", ""),
        other => panic!("{other:?} has no constructor yet"),
    }
}

#[test]
fn targets() {
    let most = 1 << 40;
    refused(
        Config::target(us(999)).build(),
        Setting::DetectWithin,
        999,
        (1_000, most),
    );
    refused(
        Config::target(us(most + 1)).build(),
        Setting::DetectWithin,
        most + 1,
        (1_000, most),
    );
    let target = Config::target(SECOND).build().unwrap();
    let century = 36_525 * 86_400_000_000;
    let short = target
        .into_builder()
        .mistakes_at_most_one_per(us(9_999_999))
        .build();
    refused(
        short,
        Setting::MistakeRecurrence,
        9_999_999,
        (10_000_000, century),
    );
    let long = target
        .into_builder()
        .mistakes_at_most_one_per(us(century + 1))
        .build();
    refused(
        long,
        Setting::MistakeRecurrence,
        century + 1,
        (10_000_000, century),
    );
    refused(
        target.into_builder().probes_at_most(2_000).build(),
        Setting::ProbeBudget,
        2_000,
        (2_001, u64::from(u32::MAX)),
    );
    assert!(target.into_builder().probes_at_most(2_001).build().is_ok());
}

#[test]
fn lifetimes() {
    let floor = 15_000_000;
    let short = LifetimeRange::between(us(floor - 1), 60 * SECOND);
    refused(short, Setting::LifetimeMin, floor - 1, (floor, SPAN_MAX));
    let unfloored = LifetimeRange::below_the_floor(us(999), 60 * SECOND);
    refused(unfloored, Setting::LifetimeMin, 999, (1_000, SPAN_MAX));
    let inverted = LifetimeRange::between(us(floor), us(floor - 1));
    refused(inverted, Setting::Lifetime, floor - 1, (floor, SPAN_MAX));
    let long = LifetimeRange::between(us(floor), us(SPAN_MAX + 1));
    refused(long, Setting::Lifetime, SPAN_MAX + 1, (floor, SPAN_MAX));
    assert!(LifetimeRange::between(us(floor), us(SPAN_MAX)).is_ok());
}

#[test]
fn memories_of_lifetimes() {
    let long = LifetimeRecord::new(us(SPAN_MAX + 1), None, 0);
    refused(long, Setting::Lifetime, SPAN_MAX + 1, (0, SPAN_MAX));
    let inverted = LifetimeRecord::new(us(8), Some(us(8)), 0);
    refused(inverted, Setting::Lifetime, 8, (9, SPAN_MAX + 1));
    let doubtful = LifetimeRecord::new(us(8), Some(us(9)), 4);
    refused(doubtful, Setting::LifetimeDoubts, 4, (0, 3));
    assert_eq!(
        LifetimeRecord::new(us(0), None, 0),
        Ok(LifetimeRecord::default())
    );
}

fn every_second() -> Config {
    Config::every(SECOND).build().unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Idle;

impl Pacing for Idle {
    type State = ();
    const INITIAL: () = ();

    fn plan(&self, (): &(), path: &Statistics<'_>) -> Plan {
        Plan::new(Duration::MAX, path.timeout())
    }
}

#[test]
fn a_base_interval_is_1_us_to_13_days() {
    let range = (1, SPAN_MAX);
    refused(Config::every(us(0)).build(), Setting::Interval, 0, range);
    refused(Config::fixed(us(0)).build(), Setting::Interval, 0, range);
    let over = SPAN_MAX + 1;
    refused(
        Config::every(us(over)).build(),
        Setting::Interval,
        over,
        range,
    );
    refused(
        Config::fixed(us(over)).build(),
        Setting::Interval,
        over,
        range,
    );
    refused(
        Config::every(Duration::MAX).build(),
        Setting::Interval,
        u64::MAX,
        range,
    );
    refused(
        Config::every(Duration::from_nanos(999)).build(),
        Setting::Interval,
        0,
        range,
    );
    for at in [1, SPAN_MAX] {
        assert!(Config::every(us(at)).build().is_ok());
        assert!(Config::fixed(us(at)).build().is_ok());
    }
}

#[test]
fn a_policy_needs_a_range_that_is_not_empty() {
    let policy = |least, most| Config::with_policy(Idle, us(least), us(most)).build();
    refused(policy(1, 0), Setting::IntervalMax, 0, (1, SPAN_MAX));
    refused(policy(0, 1), Setting::IntervalMin, 0, (1, SPAN_MAX));
    refused(policy(8, 7), Setting::IntervalMax, 7, (8, SPAN_MAX));
    let over = SPAN_MAX + 1;
    refused(policy(1, over), Setting::IntervalMax, over, (1, SPAN_MAX));
    assert!(policy(1, SPAN_MAX).is_ok());
    assert!(policy(7, 7).is_ok());
}

#[test]
fn intervals_are_neither_zero_nor_inverted_nor_endless() {
    let between = |least, most| {
        every_second()
            .into_builder()
            .interval_between(us(least), us(most))
            .build()
    };
    refused(between(0, 5), Setting::IntervalMin, 0, (1, SPAN_MAX));
    refused(between(6, 5), Setting::IntervalMax, 5, (6, SPAN_MAX));
    let over = SPAN_MAX + 1;
    refused(
        between(over, over),
        Setting::IntervalMin,
        over,
        (1, SPAN_MAX),
    );
    refused(between(1, over), Setting::IntervalMax, over, (1, SPAN_MAX));
    assert!(between(1, SPAN_MAX).is_ok());
}

#[test]
fn a_shortest_interval_leaves_room_for_the_bound() {
    let bound = every_second()
        .into_builder()
        .detect_within(us(3_000_000))
        .build()
        .unwrap();
    let room = 3_000_000 - 7 * 100_000; // two retries at doubling waits take seven timeouts
    let between = |least| {
        bound
            .into_builder()
            .interval_between(us(least), us(SPAN_MAX))
            .build()
    };
    refused(
        between(room + 1),
        Setting::DetectWithin,
        3_000_000,
        (3_000_001, SPAN_MAX),
    );
    assert!(between(room).is_ok());
}

#[test]
fn timeouts_are_neither_zero_nor_inverted_nor_over_71_minutes() {
    let timeouts = |first, least, most| {
        every_second()
            .into_builder()
            .timeouts(us(first), us(least), us(most))
            .build()
    };
    refused(timeouts(1, 0, 5), Setting::TimeoutMin, 0, (1, RTT_MAX));
    let over = RTT_MAX + 1;
    refused(
        timeouts(1, over, over),
        Setting::TimeoutMin,
        over,
        (1, RTT_MAX),
    );
    refused(timeouts(1, 6, 5), Setting::TimeoutMax, 5, (6, RTT_MAX));
    refused(
        timeouts(1, 1, over),
        Setting::TimeoutMax,
        over,
        (1, RTT_MAX),
    );
    refused(timeouts(1, 2, 5), Setting::TimeoutFirst, 1, (2, 5));
    refused(timeouts(6, 2, 5), Setting::TimeoutFirst, 6, (2, 5));
    assert!(timeouts(1, 1, RTT_MAX).is_ok());
    assert!(timeouts(RTT_MAX, RTT_MAX, RTT_MAX).is_ok());
}

#[test]
fn a_shortest_timeout_leaves_room_for_the_bound() {
    let bound = every_second()
        .into_builder()
        .detect_within(us(3_000_000))
        .build()
        .unwrap();
    let timeouts = |least| {
        bound
            .into_builder()
            .timeouts(us(least), us(least), us(RTT_MAX))
            .build()
    };
    let most = (3_000_000 - 900_000) / 7;
    let least = 900_000 + 7 * (most + 1);
    refused(
        timeouts(most + 1),
        Setting::DetectWithin,
        3_000_000,
        (least, SPAN_MAX),
    );
    assert!(timeouts(most).is_ok());
}

#[test]
fn retries_are_at_most_16_and_fit_the_bound() {
    let most = u64::from(Retries::MAX);
    for retries in [Retries::fixed, Retries::exponential, Retries::closing] {
        refused(
            every_second().into_builder().retries(retries(17)).build(),
            Setting::Retries,
            17,
            (0, most),
        );
        refused(
            every_second().into_builder().retries(retries(255)).build(),
            Setting::Retries,
            63, // which stands for more
            (0, most),
        );
        assert!(
            every_second()
                .into_builder()
                .retries(retries(16))
                .build()
                .is_ok()
        );
    }
    let bound = every_second()
        .into_builder()
        .detect_within(us(3_000_000))
        .build()
        .unwrap();
    let exponential = |count| {
        bound
            .into_builder()
            .retries(Retries::exponential(count))
            .build()
    };
    let least = 900_000 + 31 * 100_000;
    refused(
        exponential(4),
        Setting::DetectWithin,
        3_000_000,
        (least, SPAN_MAX),
    );
    assert!(exponential(3).is_ok());
    assert!(
        bound
            .into_builder()
            .retries(Retries::closing(16))
            .build()
            .is_ok()
    ); // they take what there is
}

#[test]
fn a_bound_holds_an_interval_a_timeout_and_the_retries() {
    let least = 900_000 + 7 * 100_000;
    let within = |bound| {
        every_second()
            .into_builder()
            .detect_within(us(bound))
            .build()
    };
    let range = (least, SPAN_MAX);
    refused(within(0), Setting::DetectWithin, 0, range);
    refused(within(least - 1), Setting::DetectWithin, least - 1, range);
    let over = SPAN_MAX + 1;
    refused(within(over), Setting::DetectWithin, over, range);
    assert_eq!(within(least).unwrap().stated_bound(), Some(us(least)));
}

#[test]
fn shares_counts_and_the_seed_have_their_ranges() {
    let config = every_second();
    refused(
        config.into_builder().gain_percent(1_001).build(),
        Setting::Gain,
        1_001,
        (0, 1_000),
    );
    refused(
        config.into_builder().jitter_percent(51).build(),
        Setting::Jitter,
        51,
        (0, 50),
    );
    refused(
        config.into_builder().seed(0).build(),
        Setting::Seed,
        0,
        (1, u64::MAX),
    );
    refused(
        config.into_builder().rise(0).build(),
        Setting::Rise,
        0,
        (1, 255),
    );
    refused(
        config.into_builder().dead_after_refusals(1).build(),
        Setting::Refusals,
        1,
        (2, 255),
    );
    assert!(config.into_builder().gain_percent(1_000).build().is_ok());
    assert!(config.into_builder().jitter_percent(50).build().is_ok());
    assert!(
        config
            .into_builder()
            .seed(u64::MAX)
            .build()
            .unwrap()
            .is_seeded()
    );
    assert!(config.into_builder().rise(255).build().is_ok());
    assert_eq!(config.dead_after_refusals(), None);
    let config = config
        .into_builder()
        .dead_after_refusals(255)
        .build()
        .unwrap();
    assert_eq!(config.dead_after_refusals(), Some(255));
}

#[test]
fn a_monitor_refuses_to_be_without_a_seed() {
    let monitor = Monitor::<4>::with_window(every_second(), Instant::ZERO);
    refused(monitor, Setting::Seed, 0, (1, u64::MAX));
}

#[test]
fn a_refused_setting_leaves_the_configuration_as_it_was() {
    let config = every_second();
    assert!(config.into_builder().detect_within(us(1)).build().is_err());
    assert_eq!(config, every_second());
}

/// What a plan would add up to is asked of plans that no machine has fitted yet.
#[test]
fn a_plan_of_too_many_retries_adds_up_without_overflow() {
    for retries in [Retries::fixed, Retries::exponential, Retries::closing] {
        let plan = Plan::new(Duration::MAX, Duration::MAX).with_retries(retries(255));
        assert!(plan.bound() >= plan.timeout());
    }
}

// ---- bad input that is harmless ----

fn heart() -> Heartbeat<4> {
    Heartbeat::with_window(
        every_second()
            .into_builder()
            .jitter_percent(0)
            .build()
            .unwrap(),
    )
}

#[test]
fn a_round_trip_of_zero_is_a_round_trip() {
    let mut heart = heart();
    for _ in 0..100 {
        assert_eq!(heart.next_interval(Duration::ZERO), SECOND);
        assert!(heart.timeout() > Duration::ZERO);
    }
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert_eq!(heart.snapshot().fluctuation.to_bits(), 0.0_f64.to_bits());
    heart.missed();
    assert_eq!(heart.verdict(), Verdict::Suspect);
}

#[test]
fn a_giant_round_trip_counts_as_71_minutes() {
    let mut window = RttWindow::<4>::new();
    window.push(Duration::MAX);
    assert_eq!(window.moments().mean(), us(RTT_MAX));
    let mut heart = heart();
    heart.next_interval(Duration::from_millis(1));
    for _ in 0..8 {
        let interval = heart.next_interval(Duration::MAX);
        assert!((us(900_000)..=us(4_000_000)).contains(&interval));
        assert!(heart.is_valid());
    }
    assert_eq!(heart.snapshot().mean, us(RTT_MAX));
}

/// The answer came in time for somebody, if not for us: it is a sample, and the peer lives.
#[test]
fn a_round_trip_above_the_timeout_teaches_a_longer_one() {
    let mut heart = heart();
    for _ in 0..50 {
        heart.next_interval(Duration::from_millis(1));
    }
    let before = heart.timeout();
    heart.next_interval(before * 3);
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert!(heart.timeout() >= before * 3);
}

#[test]
fn missing_for_ever_saturates() {
    let mut heart = heart();
    for _ in 0..10_000 {
        let interval = heart.missed();
        assert!(interval <= us(4_000_000) && interval > Duration::ZERO);
        assert!(heart.timeout() > Duration::ZERO);
    }
    assert_eq!(heart.verdict(), Verdict::Dead);
    heart.late(Duration::MAX);
    heart.late(Duration::ZERO);
    assert!(heart.is_valid());
}

const SEEDED: Config = match Config::every(SECOND)
    .seed(7)
    .without_initial_delay()
    .build()
{
    Ok(config) => config,
    Err(_) => panic!("a setting is out of range"),
};

fn monitor_at(start: Instant) -> Monitor<4> {
    Monitor::with_window(SEEDED, start).unwrap()
}

/// Drains at `now`: the probes handed out, and the deadline.
#[track_caller]
fn drain(monitor: &mut Monitor<4>, now: Instant) -> (Vec<ProbeId>, Instant) {
    let mut probes = Vec::new();
    for _ in 0..Monitor::<4>::MAX_DRAIN {
        let output = monitor.poll(now);
        assert!(monitor.is_valid());
        match output {
            Output::Send(id) => probes.push(id),
            Output::Event(_) => (),
            Output::Wait(until) => {
                assert!(until > now, "a busy loop at {now}");
                return (probes, until);
            }
            Output::Idle => {
                assert_eq!(now, Instant::MAX);
                return (probes, Instant::MAX);
            }
        }
    }
    panic!("the drain does not end");
}

/// A monitor of a peer that has answered one probe after 20 ms, and that probe.
fn answered() -> (Monitor<4>, ProbeId, Instant) {
    let mut monitor = monitor_at(Instant::from_secs(100));
    let (probes, _) = drain(&mut monitor, Instant::from_secs(100));
    let now = Instant::from_millis(100_020);
    monitor.handle_reply(probes[0], now);
    drain(&mut monitor, now);
    (monitor, probes[0], now)
}

#[test]
fn replies_that_answer_nothing_change_nothing_but_a_counter() {
    let (mut monitor, answered, now) = answered();
    let (before, deadline) = (monitor.snapshot(now), drain(&mut monitor, now).1);
    let ids = [answered, ProbeId::from(0), ProbeId::from(u64::MAX)];
    for id in ids {
        monitor.handle_reply(id, now);
        monitor.handle_reply_with(id, now, Duration::MAX);
        monitor.handle_failure(id, Failure::Refused, now);
        monitor.handle_unsent(id, now);
    }
    monitor.handle_reply_any(now);
    let after = monitor.snapshot(now);
    assert_eq!(after.counters.ignored, 13);
    assert_eq!(after.path, before.path);
    assert_eq!(after.events, before.events);
    assert_eq!(drain(&mut monitor, now), (Vec::new(), deadline));
}

#[test]
fn time_that_runs_backwards_is_no_time() {
    let (mut monitor, _, now) = answered();
    let before = monitor.clone();
    for back in [now.saturating_sub(SECOND), Instant::ZERO] {
        let mut monitor = before.clone();
        let (probes, until) = drain(&mut monitor, back);
        assert_eq!((probes, until), drain(&mut before.clone(), now));
        monitor.handle_traffic(back);
        monitor.probe_now(back);
        assert_eq!(monitor.verdict(), Verdict::Alive);
        assert!(monitor.is_valid());
    }
    let (probes, _) = drain(&mut monitor, now.saturating_add(SECOND));
    monitor.handle_reply(probes[0], Instant::ZERO); // before it was sent
    assert_eq!(monitor.verdict(), Verdict::Alive);
    assert!(monitor.is_valid());
}

#[test]
fn what_a_peer_sends_before_it_was_asked_is_life() {
    let config = Config::every(SECOND).seed(3).build().unwrap();
    let mut monitor = Monitor::<4>::with_window(config, Instant::ZERO).unwrap();
    monitor.handle_traffic(Instant::from_millis(1));
    drain(&mut monitor, Instant::from_millis(1));
    assert_eq!(monitor.verdict(), Verdict::Alive);
    let dead_at = monitor.snapshot(Instant::from_millis(1)).dead_at.unwrap();
    assert!(dead_at > Instant::from_secs(1), "{dead_at}");
}

#[test]
fn the_end_of_time_is_idle() {
    let (mut monitor, id, _) = answered();
    for _ in 0..3 {
        let (_, until) = drain(&mut monitor, Instant::MAX);
        assert_eq!(until, Instant::MAX);
        monitor.handle_reply(id, Instant::MAX);
        monitor.handle_reply_any(Instant::MAX);
        monitor.handle_traffic(Instant::MAX);
        monitor.handle_failure(id, Failure::Reset, Instant::MAX);
        monitor.handle_unsent(id, Instant::MAX);
        monitor.probe_now(Instant::MAX);
        monitor.handle_pushback(Instant::MAX);
        monitor.restarted(Instant::MAX);
        monitor.resumed(Instant::MAX);
        assert!(monitor.is_valid());
    }
    monitor.resync(Instant::from_secs(200));
    let (_, until) = drain(&mut monitor, Instant::from_secs(200));
    assert!(until < Instant::MAX, "it goes on after a correction");
}

#[test]
fn a_monitor_may_start_at_either_end_of_time() {
    for start in [
        Instant::ZERO,
        Instant::MAX,
        Instant::from_micros(u64::MAX - 1),
    ] {
        let mut monitor = monitor_at(start);
        let mut now = start;
        for _ in 0..20 {
            now = drain(&mut monitor, now).1;
        }
        assert!(monitor.is_valid());
    }
}

#[test]
fn a_server_that_held_the_probe_longer_than_it_was_away_leaves_a_round_trip_of_zero() {
    let mut monitor = monitor_at(Instant::ZERO);
    let (probes, _) = drain(&mut monitor, Instant::ZERO);
    monitor.handle_reply_with(probes[0], Instant::from_millis(5), Duration::MAX);
    assert_eq!(
        monitor.snapshot(Instant::from_millis(5)).path.mean,
        Duration::ZERO
    );
    assert_eq!(monitor.verdict(), Verdict::Alive);
}

#[test]
fn fixed_intervals_take_the_same_bad_input() {
    let mut heart = Heartbeat::<1, Fixed>::with_window(Config::fixed(us(1)).build().unwrap());
    for rtt in [Duration::ZERO, Duration::MAX, us(1)] {
        assert_eq!(heart.next_interval(rtt), us(1));
        assert!(heart.missed() >= us(1));
        assert!(heart.is_valid());
    }
}

/// An id says its probe's send time modulo 12.7 days. A duplicate that much later is still one.
#[test]
fn a_duplicate_from_two_weeks_ago_is_no_answer() {
    let config = Config::every(Duration::from_secs(86_400))
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::<4>::with_window(config, Instant::ZERO).unwrap();
    let (mut now, mut first) = (Instant::ZERO, None);
    let wrapped = us(SPAN_MAX + 5_000_000); // just after the id's own moment, one turn later
    while now < Instant::ZERO.saturating_add(wrapped) {
        let (probes, until) = drain(&mut monitor, now);
        for id in probes {
            first.get_or_insert(id);
            monitor.handle_reply(id, now.saturating_add(us(20)));
        }
        now = until.min(Instant::ZERO.saturating_add(wrapped));
    }
    drain(&mut monitor, now);
    let before = monitor.snapshot(now);
    monitor.handle_reply(first.unwrap(), now);
    assert_eq!(monitor.snapshot(now).path, before.path);
    assert_eq!(monitor.snapshot(now).counters.ignored, 1);
}
