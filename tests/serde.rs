//! Configurations and snapshots, written and read: what comes back is what went out, and nothing invalid comes in.
#![cfg(feature = "serde")]

use core::fmt::Debug;
use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use systole::pacing::{Fixed, Lifetime, LifetimeRange, LifetimeRecord, Pacing, PathRecord, Target};
use systole::{
    Beat, Config, Failover, Heartbeat, Instant, Listener, Monitor, Output, Retries,
    failover::{self, Endpoint, Failback, Preference, SwitchOn},
    lease, listener, monitor,
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

#[track_caller]
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
}

#[test]
fn configurations_survive_the_way_out_and_in() {
    let config = Config::every(5 * SECOND).build().unwrap();
    survives(&config);
    for preset in [
        Config::lan().build().unwrap(),
        Config::wan().build().unwrap(),
        Config::cellular().build().unwrap(),
        Config::satellite().build().unwrap(),
        Config::battery().build().unwrap(),
    ] {
        survives(&preset);
    }
    for percent in 0..=1_000 {
        survives(&config.into_builder().gain_percent(percent).build().unwrap());
    }
    let all = config
        .into_builder()
        .interval_between(SECOND, 7 * SECOND)
        .timeouts(3 * SECOND, SECOND / 2, 4 * SECOND)
        .retries(Retries::closing(3))
        .detect_within(20 * SECOND)
        .jitter_percent(0)
        .seed(u64::MAX)
        .rise(3)
        .dead_after_refusals(4)
        .build()
        .unwrap();
    survives(
        &all.into_builder()
            .report_pauses_over(Duration::ZERO)
            .without_initial_delay()
            .build()
            .unwrap(),
    );
    survives(&Config::fixed(SECOND).build().unwrap());
    let limited = Lifetime::at_most(
        Fixed::clone(Config::fixed(SECOND).build().unwrap().policy()),
        DAY,
    );
    let limited = Config::with_policy(limited, SECOND, DAY).build().unwrap();
    survives(&limited);
    let form = serde_json::to_value(limited).unwrap();
    assert!(form["policy"]["at_least"].is_null(), "{form}"); // nothing is looked for
    let reach = LifetimeRange::below_the_floor(2 * SECOND, DAY).unwrap();
    survives(&Config::lifetime(reach).build().unwrap());
    let all = reach.with_second_flow().refreshed_by_traffic();
    survives(&Config::lifetime(all).build().unwrap());
}

#[test]
fn memories_of_lifetimes_survive_and_are_checked() {
    survives(&LifetimeRecord::NOTHING);
    survives(&LifetimeRecord::new(SECOND, Some(2 * SECOND), 3).unwrap());
    let read = serde_json::from_str::<LifetimeRecord>;
    let memory = read(r#"{ "survived": "1s" }"#).unwrap();
    assert_eq!(memory, LifetimeRecord::new(SECOND, None, 0).unwrap());
    let error = read(r#"{ "survived": "5us", "lost": "5us" }"#).unwrap_err();
    let words = "the lifetime of 5 us is out of range: 6 us to 1099511.627777 s";
    assert!(error.to_string().starts_with(words), "{error}");
    assert!(read(r#"{ "survived": "5us", "doubts": 4 }"#).is_err());
    assert!(read(r#"{ "survived": "5us", "age": "4us" }"#).is_err());
}

#[test]
fn what_was_learnt_of_a_path_survives_and_is_checked() {
    survives(&PathRecord::NOTHING);
    let config = Config::target(10 * SECOND).seed(7).without_initial_delay();
    let mut heart = Heartbeat::new(config.build().unwrap());
    for _ in 0..300 {
        heart.next_interval(SECOND / 25);
    }
    let record = heart.path_record();
    assert!(record.probes() > 200);
    survives(&record);
    let form = serde_json::to_value(&record).unwrap();
    assert_eq!(
        (&form["bound"], &form["version"]),
        (&"10s".into(), &1.into())
    );
    let refused = |field: &str, value: serde_json::Value, words: &str| {
        let mut form = form.clone();
        form[field] = value;
        let error = serde_json::from_value::<PathRecord>(form).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(
        "version",
        2.into(),
        "the version of a path record must be 1",
    );
    refused("bound", "0us".into(), "the bound of a path record");
    refused("lost", 10_000.into(), "more losses than probes");
    refused("rtt", "0us".into(), "a round-trip time");
    refused("age", 1.into(), "unknown field");
}

/// A change to a configuration that a builder may refuse; then it stays as it is.
#[derive(Clone, Copy, Debug)]
enum Change {
    Intervals(u64, u64),
    Timeouts([u64; 3]),
    Retries(Retries),
    DetectWithin(u64),
    Jitter(u8),
    Seed(u64),
    Rise(u8),
    Pauses(u64),
    AtOnce,
}

/// Spans of every magnitude, in microseconds.
fn span() -> impl Strategy<Value = u64> {
    (0_u32..42, any::<u64>()).prop_map(|(bits, draw)| draw & ((1 << bits) - 1))
}

fn change() -> impl Strategy<Value = Change> {
    let retries = (0_u8..20, 0..3).prop_map(|(count, spacing)| match spacing {
        0 => Retries::fixed(count),
        1 => Retries::exponential(count),
        _ => Retries::closing(count),
    });
    prop_oneof![
        (span(), span()).prop_map(|(min, max)| Change::Intervals(min, max)),
        [span(), span(), span()].prop_map(Change::Timeouts),
        retries.prop_map(Change::Retries),
        span().prop_map(Change::DetectWithin),
        (0_u8..60).prop_map(Change::Jitter),
        any::<u64>().prop_map(Change::Seed),
        any::<u8>().prop_map(Change::Rise),
        span().prop_map(Change::Pauses),
        Just(Change::AtOnce),
    ]
}

/// After the changes that are not refused, in their order.
fn changed<P: Pacing>(config: Config<P>, changes: &[Change]) -> Config<P> {
    let us = Duration::from_micros;
    changes.iter().fold(config, |config, &change| {
        let next = match change {
            Change::Intervals(min, max) => config
                .into_builder()
                .interval_between(us(min), us(max))
                .build(),
            Change::Timeouts([first, min, max]) => config
                .into_builder()
                .timeouts(us(first), us(min), us(max))
                .build(),
            Change::Retries(retries) => config.into_builder().retries(retries).build(),
            Change::DetectWithin(bound) => config.into_builder().detect_within(us(bound)).build(),
            Change::Jitter(percent) => config.into_builder().jitter_percent(percent).build(),
            Change::Seed(seed) => config.into_builder().seed(seed).build(),
            Change::Rise(answers) => config.into_builder().rise(answers).build(),
            Change::Pauses(lateness) => Ok(config
                .into_builder()
                .report_pauses_over(us(lateness))
                .build()
                .unwrap()),
            Change::AtOnce => Ok(config
                .into_builder()
                .without_initial_delay()
                .build()
                .unwrap()),
        };
        next.unwrap_or(config)
    })
}

proptest! {
    #[test]
    fn every_configuration_that_is_accepted_can_be_read_back(
        pace in span(), apart in span(), probes: u32, gain in 0_u16..1_100, changes in vec(change(), 0..8),
    ) {
        let us = Duration::from_micros;
        if let Ok(config) = Config::every(us(pace)).build() {
            survives(&changed(config.into_builder().gain_percent(gain).build().unwrap_or(config), &changes));
        }
        if let Ok(config) = Config::fixed(us(pace)).build() {
            survives(&changed(config, &changes));
        }
        if let Ok(config) = Config::target(us(pace)).build() {
            let config = config.into_builder().mistakes_at_most_one_per(us(apart * 1_000)).build().unwrap_or(config);
            survives(&changed(config.into_builder().probes_at_most(probes).build().unwrap_or(config), &changes));
        }
        for reach in [LifetimeRange::between(us(pace), us(apart)), LifetimeRange::below_the_floor(us(pace), us(apart))] {
            if let Ok(config) = reach.and_then(|reach| Config::lifetime(reach).build()) {
                survives(&changed(config, &changes));
            }
        }
    }
}

/// The builders check each setting against those before it; reading does not depend on their order.
#[test]
fn a_target_with_little_room_survives() {
    let tight = Config::target(10 * SECOND)
        .mistakes_at_most_one_per(7 * DAY)
        .probes_at_most(500)
        .timeouts(SECOND, SECOND / 1_000, SECOND)
        .interval_between(9_950 * SECOND / 1_000, 10 * SECOND)
        .build()
        .unwrap();
    survives(&tight);
    survives(&Config::<Target>::target(SECOND).build().unwrap());
}

#[test]
fn groups_survive() {
    survives(&failover::Config::builder().build().unwrap());
    let other = failover::Config::builder()
        .preference(Preference::Rtt)
        .failback(Failback::Prefer)
        .switch_on(SwitchOn::Warning)
        .warn_above(9_000)
        .enabled(false)
        .quarantine(SECOND, DAY)
        .hold_down(DAY)
        .seed(7)
        .build()
        .unwrap();
    survives(&other);
    survives(&Endpoint::new().weight(3).name(9));
}

#[test]
fn the_shortest_configuration_is_that_of_the_constructor() {
    let read = |text| serde_json::from_str::<Config>(text).unwrap();
    let every = r#"{ "policy": { "every": "5s" } }"#;
    assert_eq!(read(every), Config::every(5 * SECOND).build().unwrap());
    let target: Config<Target> =
        serde_json::from_str(r#"{ "policy": { "target": "10s" } }"#).unwrap();
    assert_eq!(target, Config::target(10 * SECOND).build().unwrap());
}

#[test]
fn what_a_builder_refuses_is_an_error_with_setting_value_and_range() {
    let refused = |rest: &str| {
        let text = format!(r#"{{ "policy": {{ "every": "1s" }}, {rest} }}"#);
        serde_json::from_str::<Config>(&text)
            .unwrap_err()
            .to_string()
    };
    for (rest, words) in [
        (
            r#""interval_min": "0s""#,
            "the shortest interval of 0 s is out of range: 1 us to 1099511.627776 s",
        ),
        (
            r#""interval_max": "899ms 999us""#,
            "the longest interval of 899.999 ms is out of range: 900 ms to",
        ),
        (
            r#""timeout_min": "5s""#,
            "the first timeout of 2 s is out of range: 5 s to 1 min",
        ),
        (
            r#""timeout_max": "1h 11m 34s 967ms 296us""#,
            "the longest timeout of 4294.967296 s is out of range: 100 ms to 4294.967295 s",
        ),
        (
            r#""retries": { "count": 17, "spacing": "fixed" }"#,
            "the number of retries of 17 is out of range: 0 to 16",
        ),
        (
            r#""detect_within": "0s""#,
            "the bound on detection time of 0 s is out of range: 1.6 s to",
        ),
        (
            r#""jitter_percent": 51"#,
            "the jitter of 51 % is out of range: 0 % to 50 %",
        ),
        (r#""seed": 0"#, "the seed of 0 is out of range: 1 to"),
        (
            r#""rise": 0"#,
            "the number of replies to rise of 0 is out of range: 1 to 255",
        ),
        (r#""intervall": "1us""#, "unknown field `intervall`"),
        (r#""jitter_percent": 256"#, "invalid value: integer `256`"),
    ] {
        let said = refused(rest);
        assert!(said.contains(words), "{rest}: {said}");
    }
    let of_policy = |text| {
        serde_json::from_str::<Config>(text)
            .unwrap_err()
            .to_string()
    };
    assert!(of_policy(r#"{ "policy": { "every": "0s" } }"#).contains("the interval of 0 s is out"));
    assert!(of_policy(r#"{ "policy": { "fixed": "5us" } }"#).contains("unknown field `fixed`"));
    assert!(of_policy("{}").contains("missing field `policy`"));
}

#[test]
fn a_group_that_is_refused_says_so() {
    let mut group = serde_json::to_value(failover::Config::builder().build().unwrap()).unwrap();
    group["quarantine_max"] = "1us".into();
    let error = serde_json::from_value::<failover::Config>(group).unwrap_err();
    let words = "the longest quarantine of 1 us is out of range: 30 s to";
    assert!(error.to_string().contains(words), "{error}");
}

/// Answers after 20 ms for a minute, then dies.
fn watched<P: Pacing>(config: Config<P>) -> (Monitor<8, P>, Instant) {
    let mut now = Instant::ZERO;
    let mut monitor =
        Monitor::with_window(config.into_builder().seed(7).build().unwrap(), now).unwrap();
    while now < Instant::from_secs(100) {
        match monitor.poll(now) {
            Output::Send(id) if now < Instant::from_secs(60) => {
                now = now.saturating_add(SECOND / 50);
                monitor.handle_reply(id, now);
            }
            Output::Event(event) => survives(&event),
            Output::Wait(until) => now = until,
            Output::Send(_) | Output::Idle => {}
        }
    }
    (monitor, now)
}

#[test]
fn snapshots_survive_and_read_well() {
    let (monitor, now) = watched(Config::target(10 * SECOND).build().unwrap());
    survives(&monitor.snapshot(now));
    let (monitor, now) = watched(Config::every(SECOND).build().unwrap());
    let known = monitor.snapshot(now);
    survives(&known);
    let written = serde_json::to_value(known).unwrap();
    assert_eq!(written["path"]["verdict"], "dead");
    assert_eq!(written["path"]["mean"], "20ms");
    assert_eq!(written["counters"]["dead"], 1);
    let read: monitor::Snapshot = serde_json::from_value(written).unwrap();
    assert_eq!(read, known);
}

#[test]
fn the_status_of_a_group_survives() {
    let config = failover::Config::builder().seed(7).build().unwrap();
    let endpoints = [Endpoint::new(); 2];
    let group = Failover::<2, 8>::with_window(config, &endpoints, Instant::ZERO).unwrap();
    survives(&group.status(0, Instant::ZERO).unwrap());
    survives(&group.state());
}

#[test]
fn listeners_survive() {
    survives(&listener::Config::builder().build().unwrap());
    let all = listener::Config::builder()
        .intervals_between(SECOND, DAY)
        .detect_within(7 * SECOND)
        .first_within(DAY)
        .losses(0)
        .rise(3)
        .build()
        .unwrap();
    survives(&all);
    let all = all
        .into_builder()
        .authenticated()
        .incarnations_from(u32::MAX)
        .build()
        .unwrap();
    survives(
        &all.into_builder()
            .report_pauses_over(Duration::ZERO)
            .build()
            .unwrap(),
    );
    let read = serde_json::from_str::<listener::Config>;
    assert_eq!(
        read("{}").unwrap(),
        listener::Config::builder().build().unwrap()
    );

    let mut listener = Listener::<8>::with_window(all, Instant::ZERO);
    survives(&listener.snapshot(Instant::ZERO));
    for sequence in 0..4 {
        let beat = Beat::new(sequence, SECOND).with_incarnation(u32::MAX);
        let at = Instant::from_millis(1_000 * u64::from(sequence) + 7 * u64::from(sequence % 2));
        listener.handle_beat(&beat.authentic().with_load(9), at);
    }
    let known = listener.snapshot(Instant::from_secs(4));
    survives(&known);
    let written = serde_json::to_value(known).unwrap();
    assert_eq!(written["bound"], "7s");
    assert_eq!(written["counters"]["beats"], 4);
}

#[test]
fn a_listener_that_is_refused_says_so() {
    for (text, words) in [
        (
            r#"{ "losses": 101 }"#,
            "the number of losses in a row of 101 is out of range: 0 to 100",
        ),
        (
            r#"{ "rise": 0 }"#,
            "the number of replies to rise of 0 is out of range: 1 to 255",
        ),
        (
            r#"{ "interval_max": "999us" }"#,
            "the longest interval of 999 us is out of range",
        ),
        (
            r#"{ "detect_within": "0s" }"#,
            "the bound on detection time of 0 s is out of range",
        ),
        (r#"{ "bound": "1us" }"#, "unknown field `bound`"),
    ] {
        let error = serde_json::from_str::<listener::Config>(text).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

/// A group's fail-over is on unless it is said to be off.
#[test]
fn what_a_group_leaves_out_is_as_new() {
    let config = failover::Config::builder().build().unwrap();
    let text = serde_json::to_string(&config).unwrap();
    let mut form: serde_json::Value = serde_json::from_str(&text).unwrap();
    let fields = form.as_object_mut().unwrap();
    fields.retain(|name, _| name == "active" || name == "standby");
    let read: failover::Config<Fixed> = serde_json::from_value(form).unwrap();
    assert_eq!(read, config);
    let off = config.into_builder().enabled(false).build().unwrap();
    survives(&off);
    assert_ne!(read, off);
}

#[test]
fn leases_survive_the_way_out_and_in() {
    let plain = lease::Config::renewed(10 * SECOND).build().unwrap();
    let all = lease::Config::keep_alive(60 * SECOND)
        .lapses_at_most_one_per(30 * DAY)
        .drift_ppm(0)
        .resolution(SECOND)
        .stop_within(2 * SECOND)
        .jitter_percent(0)
        .seed(u64::MAX)
        .build()
        .unwrap();
    survives(&plain);
    survives(&all);
    let read = serde_json::from_str::<lease::Config>;
    assert_eq!(read(r#"{ "ttl": "10s" }"#).unwrap(), plain);
    let error = read(r#"{ "ttl": "0s" }"#).unwrap_err().to_string();
    assert!(
        error.starts_with("the TTL of 0 s is out of range"),
        "{error}"
    );
    assert!(read(r#"{ "ttl": "10s", "ttI": "1s" }"#).is_err());

    let mut machine = lease::Lease::new(all, Instant::ZERO);
    let Output::Send(request) = machine.poll(Instant::ZERO) else {
        panic!("an acquisition")
    };
    machine.handle_granted(request.id, 90 * SECOND, 7, Instant::from_millis(20));
    survives(&machine.snapshot(Instant::from_millis(20)));
    let Output::Event(event) = machine.poll(Instant::from_millis(20)) else {
        panic!("an event")
    };
    survives(&event);
}
