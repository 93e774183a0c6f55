//! The corners of what can be asked and said: the end of time, the least that can be configured, how refusals and failures read.

extern crate alloc;

use alloc::collections::BTreeSet;
use alloc::string::ToString;
use core::convert::Infallible;
use core::time::Duration;

use systole::pacing::{Fixed, Lifetime, LifetimeRecord, Pacing, Target};
use systole::wire::{self, Mac, WireError};
use systole::{
    Beat, Config, ConfigError, Failover, Failure, Heartbeat, Instant, Listener, Monitor, Output,
    Reason, Retries, RetryBudget, Verdict,
    config::Setting,
    failover::{self, Condition, Endpoint, EndpointMode},
    listener,
    pacing::Statistics,
    path::{EarlyWarning, Health},
    plan::Plan,
};

const SECOND: Duration = Duration::from_secs(1);

fn group(endpoints: usize) -> Failover<4, 8, Fixed> {
    let config = failover::Config::builder().seed(7).build().unwrap();
    let endpoints = vec![Endpoint::new(); endpoints];
    Failover::with_window(config, &endpoints, Instant::ZERO).unwrap()
}

// ---- the end of time ----

/// Nothing is waited for at [`Instant::MAX`], and the machine is as valid as before.
#[test]
fn at_the_end_of_time_everything_is_idle() {
    let mut group = group(2);
    while !matches!(group.poll(Instant::MAX), Output::Idle) {}
    assert_eq!(group.poll(Instant::MAX), Output::Idle);
    assert!(group.is_valid());

    let mut listener =
        Listener::<8>::with_window(listener::Config::builder().build().unwrap(), Instant::ZERO);
    while !matches!(listener.poll(Instant::MAX), Output::Idle) {}
    assert_eq!(listener.poll(Instant::MAX), Output::Idle);
    assert!(listener.is_valid());
}

#[cfg(feature = "alloc")]
#[test]
fn at_the_end_of_time_a_fleet_is_idle() {
    use systole::{Fleet, Output};

    let config = Config::every(SECOND).seed(7).build().unwrap();
    let mut fleet = Fleet::<4>::with_window(config, Instant::ZERO).unwrap();
    let peer = fleet.add(Instant::ZERO);
    while fleet.poll(Instant::MAX) != Output::Idle {}
    assert!(fleet.status(peer, Instant::MAX).is_some());
    assert_eq!(fleet.census().peers(), 1);
    assert_eq!(fleet.poll(Instant::MAX), Output::Idle);
}

// ---- configurations ----

#[test]
fn the_shortest_interval_there_is_is_a_microsecond() {
    let config = Config::every(Duration::from_micros(1)).build().unwrap();
    assert_eq!(config.interval_min(), Duration::from_micros(1));
}

#[test]
fn a_bound_names_the_shortest_that_has_room_for_the_retries() {
    let with = |retries, bound| {
        Config::every(10 * SECOND)
            .timeouts(SECOND, SECOND, SECOND)
            .retries(Retries::fixed(retries))
            .detect_within(bound * SECOND)
            .build()
    };
    assert!(with(0, 10).is_ok()); // 9 s, and a timeout
    assert!(with(2, 12).is_ok()); // 9 s, and three timeouts
    for (retries, bound, least) in [(3, 10, 13), (5, 12, 15)] {
        let refusal = with(retries, bound).unwrap_err();
        assert_eq!(refusal.setting(), Setting::DetectWithin);
        let [bound, least] = [bound, least].map(|seconds| u64::from(seconds) * 1_000_000);
        assert_eq!((refusal.value(), refusal.range().0), (bound, least));
    }
}

/// The same seed, the same moment: on every machine, and in every version that keeps its promises.
#[test]
fn the_first_probe_is_where_its_seed_says() {
    let first = |seed| {
        let config = Config::every(10 * SECOND).seed(seed).build().unwrap();
        let mut monitor = Monitor::<8>::with_window(config, Instant::ZERO).unwrap();
        monitor.poll(Instant::ZERO)
    };
    let at = |us| Output::Wait(Instant::from_micros(us));
    assert_eq!([1, 2].map(first), [at(8_491_592), at(826_506)]);
}

#[test]
fn a_listeners_settings_can_be_asked_for() {
    let config = listener::Config::default();
    assert_eq!(config, listener::Config::builder().build().unwrap());
    assert_eq!(config.stated_bound(), None);
    let stated = config
        .into_builder()
        .detect_within(3 * SECOND)
        .build()
        .unwrap();
    assert_eq!(stated.stated_bound(), Some(3 * SECOND));
    let refusal = config
        .into_builder()
        .first_within(Duration::ZERO)
        .build()
        .unwrap_err();
    assert_eq!(refusal.setting(), Setting::DetectWithin);
}

#[test]
fn a_target_of_no_time_is_refused_with_a_budget_too() {
    for probes in [0, 1, u32::MAX] {
        let builder = Config::target(Duration::ZERO).probes_at_most(probes);
        assert_eq!(
            builder.build().unwrap_err().setting(),
            Setting::DetectWithin
        );
    }
}

/// The first beat is waited for as long as is said, whatever the bound.
#[test]
fn the_first_beat_has_its_own_time() {
    let config = listener::Config::builder()
        .detect_within(3 * SECOND)
        .first_within(20 * SECOND)
        .build()
        .unwrap();
    let mut listener = Listener::<8>::with_window(config, Instant::ZERO);
    let until = Instant::from_secs(20);
    assert_eq!(listener.poll(Instant::ZERO), Output::Wait(until));
    assert!(matches!(listener.poll(until), Output::Event(_)));
    assert_eq!(listener.verdict(), Verdict::Dead);
}

#[test]
fn a_listener_reports_pauses_from_where_it_is_told() {
    let pauses = |over: Duration| {
        let config = listener::Config::builder()
            .report_pauses_over(over)
            .build()
            .unwrap();
        let mut listener = Listener::<8>::with_window(config, Instant::ZERO);
        listener.handle_beat(&Beat::new(1, SECOND), Instant::ZERO);
        let mut told = 0;
        let Output::Wait(until) = settled(&mut listener, Instant::ZERO) else {
            panic!("something is waited for");
        };
        let late = until.saturating_add(2 * SECOND);
        while let Output::Event(event) = listener.poll(late) {
            told += usize::from(matches!(event.kind, systole::EventKind::Paused { .. }));
        }
        told
    };
    assert_eq!(pauses(SECOND), 1);
    assert_eq!(pauses(3 * SECOND), 0);
}

fn settled(listener: &mut Listener<8>, now: Instant) -> Output<Infallible> {
    loop {
        match listener.poll(now) {
            Output::Event(_) => {}
            other => return other,
        }
    }
}

/// The settings of groups and listeners are named in their refusals, too, with their units.
#[test]
fn refusals_name_every_setting() {
    let groups = failover::Config::builder().seed(7).build().unwrap();
    let one = Endpoint::new();
    let name = |error: ConfigError| error.to_string();
    let fails = |endpoints: &[Endpoint]| {
        let group = Failover::<4, 8, Fixed>::with_window(groups, endpoints, Instant::ZERO);
        name(group.unwrap_err())
    };
    let named = [
        fails(&[]),
        fails(&[one.mode(EndpointMode::Disabled)]),
        fails(&[one.weight(0)]),
        fails(&[one.name(7), one.name(7)]),
        name(listener::Config::builder().losses(101).build().unwrap_err()),
        name(listener::Config::builder().rise(0).build().unwrap_err()),
        name(
            groups
                .into_builder()
                .request_timeout(Duration::ZERO)
                .build()
                .unwrap_err(),
        ),
        name(
            groups
                .into_builder()
                .quarantine(Duration::ZERO, SECOND)
                .build()
                .unwrap_err(),
        ),
        name(
            groups
                .into_builder()
                .quarantine(2 * SECOND, SECOND)
                .build()
                .unwrap_err(),
        ),
        name(
            groups
                .into_builder()
                .hold_down(Duration::MAX)
                .build()
                .unwrap_err(),
        ),
    ];
    let begin = [
        "the number of endpoints of 0 ",
        "the number of endpoints not disabled of 0 ",
        "the sum of the weights of 0 ",
        "the number of endpoints of one name of 2 ",
        "the number of losses in a row of 101 ",
        "the number of replies to rise of 0 ",
        "the request timeout of 0 s ",
        "the first quarantine of 0 s ",
        "the longest quarantine of 1 s ",
        "the hold-down of ",
    ];
    for (named, begin) in named.iter().zip(begin) {
        assert!(named.starts_with(begin), "{named}");
        assert!(named.contains("is out of range"), "{named}");
    }
}

#[test]
fn budgets_and_retries_read_as_what_they_are() {
    assert_eq!(format!("{:?}", Retries::closing(3)), "Closing(3)");
    assert_eq!(format!("{:?}", Retries::fixed(0)), "Fixed(0)");
    let budget = RetryBudget::new(10, 5);
    let words = "RetryBudget { tokens: 500, income: 10, most: 500 }";
    assert_eq!(format!("{budget:?}"), words);
}

#[test]
fn every_reason_and_failure_reads_as_itself() {
    let words = [Reason::Left, Reason::Failed(Failure::Unhealthy)];
    let words: BTreeSet<_> = words.iter().map(ToString::to_string).collect();
    assert_eq!(words.into_iter().collect::<Vec<_>>(), ["left", "unhealthy"]);
}

#[test]
fn of_nothing_nothing_is_known() {
    assert_eq!(LifetimeRecord::default(), LifetimeRecord::NOTHING);
    assert_eq!(EarlyWarning::default(), EarlyWarning::new());
    assert_eq!(EarlyWarning::new().health(), Health::Good);
}

/// Four times the usual is two octaves above it.
#[test]
fn a_warning_says_how_far_out_of_the_ordinary_it_is() {
    let mut warning = EarlyWarning::new().warn_above(1_000);
    for _ in 0..1_000 {
        warning.answered(SECOND / 25);
    }
    assert!(warning.score() < 20, "{}", warning.score());
    assert_eq!(warning.waiting(SECOND * 4 / 25), warning.health());
    assert_eq!(warning.health(), Health::Degraded);
    assert!(
        (1_950..=2_050).contains(&warning.score()),
        "{}",
        warning.score()
    );
}

// ---- policies ----

/// Remembers what time was said to have passed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Clockwatcher;

impl Pacing for Clockwatcher {
    type State = u64;
    const INITIAL: u64 = 0;

    fn on_lapse(&self, state: &mut u64, span_us: u64) {
        *state += span_us;
    }

    /// 1 s, and 1 us for each that lapsed. The timeout is the one that was measured.
    fn plan(&self, state: &u64, path: &Statistics<'_>) -> Plan {
        assert!(path.timeout_us() <= 2_000_000, "{}", path.timeout_us());
        assert_eq!(path.bound(), None);
        assert!(path.moments().mean() <= 50 * SECOND && path.smoothed() <= 50 * SECOND);
        Plan::from_micros(1_000_000 + state, path.timeout_us())
    }
}

#[test]
fn a_ceiling_hands_on_the_time_that_nobody_looked() {
    let policy = Lifetime::at_most(Clockwatcher, 3_600 * SECOND);
    let config = Config::with_policy(policy, SECOND, 3_600 * SECOND)
        .jitter_percent(0)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::<8, _>::with_window(config, Instant::ZERO).unwrap();
    let mut now = Instant::ZERO;
    let mut turn = |late: Duration| loop {
        match monitor.poll(now) {
            Output::Send(id) => {
                monitor.handle_reply(id, now);
            }
            Output::Event(_) => {}
            Output::Wait(until) => {
                now = until.saturating_add(late);
                let plan = monitor.snapshot(now).path.plan;
                return plan.interval();
            }
            Output::Idle => panic!("time has not ended"),
        }
    };
    let before = turn(7 * SECOND);
    turn(Duration::ZERO);
    let after = turn(Duration::ZERO);
    assert!(after >= before + 7 * SECOND, "{before:?}, then {after:?}");
}

/// Promises nothing to miss, and has broken that once it did.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Unfailing;

impl Pacing for Unfailing {
    type State = bool;
    const INITIAL: bool = false;

    fn on_miss(&self, missed: &mut bool, _: Instant, _: Instant) {
        *missed = true;
    }

    fn plan(&self, _: &bool, path: &Statistics<'_>) -> Plan {
        Plan::from_micros(1_000_000, path.timeout_us())
    }

    fn is_broken(&self, missed: &bool) -> bool {
        *missed
    }
}

#[test]
fn what_a_policy_promises_it_promises_under_a_ceiling() {
    let hour = 3_600 * SECOND;
    let policy = Lifetime::at_most(Unfailing, hour);
    let mut state = Lifetime::<Unfailing>::INITIAL;
    assert!(!policy.is_broken(&state));
    policy.on_miss(&mut state, Instant::ZERO, Instant::ZERO);
    assert!(policy.is_broken(&state));

    let config = Config::target(10 * SECOND).build().unwrap();
    let policy = Lifetime::at_most(*config.policy(), hour);
    let promise = policy.promise(&Lifetime::<Target>::INITIAL);
    assert_eq!(promise.map(|kept| kept.detect_within), Some(10 * SECOND));
}

/// A policy is never told of a longer timeout than the longest, however slow the path.
#[test]
fn a_policy_sees_timeouts_within_their_limits() {
    let config = Config::with_policy(Clockwatcher, SECOND, 60 * SECOND)
        .timeouts(SECOND, SECOND, 2 * SECOND)
        .build()
        .unwrap();
    let mut heart = Heartbeat::<8, _>::with_window(config);
    for _ in 0..20 {
        heart.next_interval(50 * SECOND);
    }
    assert_eq!(heart.snapshot().plan.timeout(), 2 * SECOND);
}

/// Two mistakes within a minute are not one a day.
#[test]
fn a_promise_that_is_broken_is_told() {
    let config = Config::target(10 * SECOND)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::<8, _>::with_window(config, Instant::ZERO).unwrap();
    let (mut now, mut last, mut hears, mut broken) = (Instant::ZERO, None, 0, 0);
    while now < Instant::from_secs(300) {
        match monitor.poll(now) {
            Output::Send(id) if hears < 5 => {
                hears += 1;
                monitor.handle_reply(id, now);
            }
            Output::Send(id) => last = Some(id), // delayed from the sixth on, until it is too late
            Output::Event(systole::Event {
                kind: systole::EventKind::PromiseBroken,
                ..
            }) => broken += 1,
            Output::Event(_) => {}
            Output::Wait(until) => now = until,
            Output::Idle => panic!("time has not ended"),
        }
        if let Some(id) = last.take_if(|_| monitor.verdict() == Verdict::Dead) {
            hears = 0;
            monitor.handle_reply(id, now); // the next one confirms it
        }
    }
    assert!(broken > 0);
    let promise = monitor.snapshot(now).path.promise.unwrap();
    assert_eq!(promise.detect_within, 10 * SECOND);
}

/// A probe that failed at once will never be answered: it weighs as if it had been silent for ever.
#[test]
fn a_failure_is_stronger_evidence_than_a_silence() {
    let level = |fails: bool| {
        let mut monitor = steady(SECOND);
        let mut now = Instant::ZERO;
        for _ in 0..50 {
            now = drained(&mut monitor, now, true).0;
        }
        let Output::Send(id) = monitor.poll(now) else {
            panic!("one is due");
        };
        if fails {
            monitor.handle_failure(id, Failure::Refused, now);
        }
        monitor.level(now)
    };
    assert!(level(true) > level(false));
}

// ---- groups ----

#[test]
fn a_group_begins_with_the_best_that_is_in_service() {
    let one = Endpoint::new();
    let disabled = one.mode(EndpointMode::Disabled);
    let active = |endpoints: &[Endpoint]| {
        let config = failover::Config::builder().seed(7).build().unwrap();
        Failover::<4, 8, Fixed>::with_window(config, endpoints, Instant::ZERO)
            .map(|group| group.active())
    };
    assert_eq!(active(&[one, one]), Ok(0));
    assert_eq!(active(&[disabled, one]), Ok(1));
    assert_eq!(active(&[disabled, disabled, one]), Ok(2));
}

#[test]
fn a_groups_retries_are_held_to_its_budget() {
    let probes = |budget: &RetryBudget| {
        let mut group = group(2);
        let (mut now, mut probes) = (Instant::ZERO, 0);
        while now < Instant::from_secs(60) {
            match group.poll_with_budget(now, budget) {
                Output::Send(failover::Probe { .. }) => probes += 1, // nobody answers
                Output::Event(_) => {}
                Output::Wait(until) => now = until,
                Output::Idle => panic!("time has not ended"),
            }
        }
        probes
    };
    let (stingy, generous) = (
        probes(&RetryBudget::new(0, 1)),
        probes(&RetryBudget::new(255, 1_000)),
    );
    assert!(stingy < generous, "{stingy} and {generous}");
}

#[test]
fn an_endpoint_says_that_it_is_barred() {
    let mut group = group(2);
    assert!(group.set_mode(1, EndpointMode::Disabled, Instant::ZERO));
    assert_eq!(group.condition(0), Some(Condition::Unknown));
    assert_eq!(group.condition(1), Some(Condition::Disabled));
    assert_eq!(group.condition(2), None);
}

// ---- the wire ----

struct Sum;

impl Mac for Sum {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; wire::TAGGED - wire::PLAIN] {
        core::array::from_fn(|place| message[place] ^ message[place + 16])
    }
}

#[test]
fn a_key_may_be_borrowed() {
    let beat = Beat::new(3, SECOND).with_deadline(5 * SECOND);
    let (owned, borrowed) = (wire::seal(&beat, 7, &Sum), wire::seal(&beat, 7, &&Sum));
    assert_eq!(owned, borrowed);
    let opened = wire::open(&owned, 7, &&Sum).unwrap();
    assert!(opened.is_authentic() && opened.authentic().is_authentic());
    assert!(!opened.is_goodbye() && opened.goodbye().is_goodbye());
    assert_eq!(opened.with_incarnation(9).incarnation(), 9);
    assert!(!wire::decode(&wire::encode(&beat)).unwrap().is_authentic());
    let spans = [opened.interval(), opened.deadline()];
    assert!(spans[0] <= SECOND && spans[0] > Duration::from_micros(999_996));
    assert!(spans[1] >= 5 * SECOND && spans[1] < 5 * SECOND + Duration::from_micros(16));
}

#[test]
fn what_is_no_beat_says_why() {
    let mut bytes = wire::encode(&Beat::new(3, SECOND));
    let [_, load, ..] = &mut bytes;
    *load = 9; // not said to be there
    let unsaid = wire::decode(&bytes).unwrap_err();
    assert_eq!(unsaid, WireError::Malformed);
    let errors = [
        wire::decode(&[0; 3]).unwrap_err(),
        wire::decode(&[0xf0; wire::PLAIN]).unwrap_err(),
        unsaid,
        wire::open(&wire::seal(&Beat::new(3, SECOND), 7, &Sum), 7, &Zero).unwrap_err(),
    ];
    let words = [
        "3 bytes are no beat",
        "version 15 is not known",
        "malformed",
        "the tag is not that of the key",
    ];
    assert_eq!(errors.map(|error| error.to_string()), words);
}

struct Zero;

impl Mac for Zero {
    fn tag(&self, _: &[u8; wire::SIGNED]) -> [u8; wire::TAGGED - wire::PLAIN] {
        [0; wire::TAGGED - wire::PLAIN]
    }
}

/// An echo answers neither itself nor a service.
#[test]
fn an_echo_chooses_whom_it_answers() {
    let own = "192.0.2.1:7007".parse().unwrap();
    let answers = |from: &str| wire::may_answer(from.parse().unwrap(), own);
    assert!(answers("192.0.2.9:40000"));
    assert!(answers("192.0.2.9:1024"));
    assert!(!answers("192.0.2.9:1023"));
    assert!(!answers("192.0.2.9:7007"));
}

/// From the last answered probe to the verdict, our own lateness included; of a peer never heard nothing is told.
#[test]
fn the_worst_detection_is_counted() {
    let worst = |late: Duration, answered: u32| {
        let config = Config::fixed(SECOND)
            .jitter_percent(0)
            .detect_within(5 * SECOND)
            .seed(7)
            .build()
            .unwrap();
        let mut monitor = Monitor::<8, _>::with_window(
            config
                .into_builder()
                .without_initial_delay()
                .build()
                .unwrap(),
            Instant::ZERO,
        )
        .unwrap();
        let (mut now, mut left) = (Instant::ZERO, answered);
        while monitor.verdict() != Verdict::Dead {
            match monitor.poll(now) {
                Output::Send(id) if left > 0 => {
                    left -= 1;
                    monitor.handle_reply(id, now);
                }
                Output::Wait(until) if left == 0 && monitor.verdict() == Verdict::Suspect => {
                    now = until.saturating_add(late);
                }
                Output::Wait(until) => now = until,
                _ => {}
            }
        }
        monitor.snapshot(now).counters.worst_detection_ms
    };
    assert_eq!(worst(Duration::ZERO, 3), 5_000);
    assert!(worst(SECOND / 2, 3) > 5_400);
    assert_eq!(worst(Duration::ZERO, 0), 0);
}

fn steady(timeout: Duration) -> Monitor<8, Fixed> {
    let config = Config::fixed(SECOND)
        .jitter_percent(0)
        .timeouts(timeout, timeout, timeout)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    Monitor::with_window(config, Instant::ZERO).unwrap()
}

/// Drains; returns the deadline and how many probes went out, each answered at once if `answers`.
fn drained(monitor: &mut Monitor<8, Fixed>, now: Instant, answers: bool) -> (Instant, u32) {
    let mut probes = 0;
    loop {
        match monitor.poll(now) {
            Output::Send(id) => {
                probes += 1;
                if answers {
                    monitor.handle_reply(id, now);
                }
            }
            Output::Event(_) => {}
            Output::Wait(until) => return (until, probes),
            Output::Idle => panic!("time has not ended"),
        }
    }
}

/// Each look is 50 ms late, and no probe later than that.
#[test]
fn lateness_does_not_add_up() {
    let mut monitor = steady(SECOND);
    let (mut now, mut sent) = (Instant::ZERO, 0);
    while sent < 100 {
        let (until, probes) = drained(&mut monitor, now, true);
        sent += probes;
        if sent < 100 {
            now = until.saturating_add(SECOND / 20);
        }
    }
    let place = Instant::from_secs(99);
    assert!(
        now >= place && now <= place.saturating_add(SECOND / 10),
        "{now}"
    );
}

/// Of three probes under way one is answered, and nobody knows which: it is taken for the first, and the others are waited for.
#[test]
fn a_reply_that_may_be_to_any_of_three_probes_leaves_the_next_one_in_its_place() {
    let mut monitor = steady(3 * SECOND);
    let mut now = Instant::ZERO;
    for _ in 0..3 {
        let (until, probes) = drained(&mut monitor, now, false);
        assert_eq!((until, probes), (now.saturating_add(SECOND), 1));
        now = until;
    }
    let now = now.saturating_sub(SECOND / 2);
    monitor.handle_reply_any(now);
    let next = monitor.snapshot(now).next_probe_at;
    assert_eq!(next, Instant::from_millis(3_000));
}

/// What is refused counts at once: the group leaves, and says so in its counters.
#[test]
fn a_group_leaves_who_refuses() {
    let mut group = group(2);
    let mut now = Instant::ZERO;
    let mut refused = 0;
    while now < Instant::from_secs(70) {
        match group.poll(now) {
            Output::Send(failover::Probe { endpoint: 0, id }) if now >= Instant::from_secs(20) => {
                group.handle_failure(0, id, Failure::Refused, now);
                refused += 1;
                if refused == 1 {
                    assert_eq!(group.condition(0), Some(Condition::Suspected));
                }
            }
            Output::Send(failover::Probe { endpoint, id }) => {
                group.handle_reply(endpoint, id, now);
            }
            Output::Event(_) => {}
            Output::Wait(until) => now = until,
            Output::Idle => panic!("time has not ended"),
        }
    }
    assert!(refused > 0);
    assert_eq!(group.active(), 1);
    assert_eq!((group.switches(), group.quarantines()), (1, 2)); // and again when it was released
}
