//! Fail-over in virtual time: what is switched, when, and what is left alone.

use core::time::Duration;

use systole::pacing::Fixed;
use systole::{
    Config, ConfigError, Event, Instant, Output, RetryBudget,
    config::Setting,
    failover::{
        self, Condition, Endpoint, EndpointMode, Failback, GroupState, Outage, Preference,
        SwitchOn, SwitchReason,
    },
    path::Health,
};
use systole_testkit::ops::group::{Drawn, Group, M, Path, SLOW, UP, World, micros, secs};

const ONE: Endpoint = Endpoint::new();

fn config() -> failover::Config {
    failover::Config::builder().seed(0x5eed).build().unwrap()
}

fn world(endpoints: usize) -> World {
    started(config(), &[ONE; M][..endpoints])
}

fn started(config: failover::Config, endpoints: &[Endpoint]) -> World {
    let mut world = World::new(config, endpoints);
    world.run(secs(60));
    assert_eq!(
        (world.events.as_slice(), world.group.active()),
        (&[][..], 0)
    );
    world
}

fn until(world: &mut World, done: impl Fn(&World) -> bool) {
    let end = world.now.saturating_add(secs(1_000));
    while !done(world) {
        assert!(world.now < end, "it does not come to that");
        world.beat(0, end);
    }
}

/// Goes on until the active endpoint is not answering in time any more.
fn until_suspected(world: &mut World) {
    until(world, |world| world.group.state() != GroupState::Serving);
}

/// Breaks endpoint 0 at `phase`; returns how long the switch took.
fn time_to_switch(endpoints: usize, path: Path, phase: Duration) -> Duration {
    let mut world = world(endpoints);
    world.run(phase);
    let broken = world.now;
    world.paths[0] = path;
    world.run(secs(20));
    let switches = world.switches();
    assert_eq!(switches.len(), 1, "{path:?}: {switches:?}");
    assert_eq!((switches[0].0, switches[0].1), (0, 1));
    assert_eq!(world.quarantines().len(), 1);
    assert_eq!(world.downs(), []);
    switches[0].3.saturating_duration_since(broken)
}

/// Kill (refused), stall and black hole (silent), slow path: switched below the bound, wherever in the interval it happens.
#[test]
fn a_failure_is_switched_below_the_bound() {
    for path in [Path::Silent, Path::Refuses, SLOW] {
        for endpoints in 2..=M {
            let phases = (0..20).map(|n| micros(n * 97_003));
            let times = phases.map(|phase| time_to_switch(endpoints, path, phase));
            let times = times.collect::<Vec<_>>();
            let (max, sum) = (times.iter().max().unwrap(), times.iter().sum::<Duration>());
            println!(
                "{endpoints} endpoints, {path:?}: mean {:?}, max {max:?}",
                sum / 20
            );
            assert!(*max <= config().bound(), "{path:?}: {max:?}");
        }
    }
}

#[test]
fn suspicion_is_enough_where_the_user_says_so() {
    let hasty = config()
        .into_builder()
        .switch_on(SwitchOn::Suspicion)
        .build()
        .unwrap();
    let mut world = started(hasty, &[ONE; 3]);
    let broken = world.now;
    world.paths[0] = Path::Silent;
    world.run(secs(10));
    let (from, to, reason, at) = world.switches()[0];
    assert!(to > 0, "to whichever answers first");
    assert_eq!((from, reason), (0, SwitchReason::Suspected));
    let took = at.saturating_duration_since(broken);
    assert!(
        took <= Duration::from_millis(1_000 + 800 + 20 + 1),
        "{took:?}"
    );
}

#[test]
fn the_others_are_probed_at_once_when_the_active_one_is_suspected() {
    let mut world = world(4);
    world.paths[0] = Path::Silent;
    until_suspected(&mut world);
    let suspected = world.now;
    world.run(Duration::from_millis(801)); // at most: one that was just probed is not pestered
    for endpoint in 1..4 {
        let asked = |&(to, at): &(usize, Instant)| {
            to == endpoint && at >= suspected.saturating_sub(micros(800_000))
        };
        assert!(world.probes.iter().any(asked), "{endpoint}");
    }
    let max_in_flight = world
        .probes
        .iter()
        .filter(|&&(to, at)| to > 0 && at == suspected);
    assert!(max_in_flight.count() >= 1);
}

/// Endpoint 0 is up for 5 s and down for 5 s for 2 minutes: one switch while it does, and one back after it is well for the hold-down.
#[test]
fn a_flapping_endpoint_causes_one_switch_and_one_return() {
    for endpoints in 2..=M {
        for (returning, returns) in [(Failback::Stay, 0), (Failback::Prefer, 1)] {
            let mut world = started(
                config().into_builder().failback(returning).build().unwrap(),
                &[ONE; M][..endpoints],
            );
            world.flapping = Some((0, secs(5)));
            world.run(secs(120));
            let during = world.switches().len();
            assert_eq!(during, 1, "{:?}", world.events);
            world.flapping = None;
            world.run(secs(400));
            assert_eq!(
                world.switches().len() - during,
                returns,
                "{:?}",
                world.events
            );
            assert_eq!(world.downs(), []);
            println!(
                "{endpoints} endpoints, {returning:?}: {:?}",
                world.quarantines()
            );
        }
    }
}

/// Our own links are cut for 20 s, at any phase: nobody is quarantined, at most one switch, one event, and one that it is over.
#[test]
fn a_cut_of_all_links_blames_nobody() {
    for endpoints in 2..=M {
        for path in [Path::Silent, Path::Refuses, SLOW] {
            let mut most = 0;
            for phase in (0..40).map(|n| micros(n * 137_003)) {
                let mut world = world(endpoints);
                world.run(phase);
                world.paths = [path; M];
                world.run(secs(20));
                assert_eq!(world.downs(), [Outage::Isolated], "{:?}", world.events);
                assert_eq!(world.group.state() == GroupState::AllDead, path != SLOW);
                world.paths = [UP; M];
                world.run(secs(120));
                assert_eq!(world.quarantines(), []);
                assert_eq!(world.downs().len(), 1, "{:?}", world.events);
                assert_eq!(world.group.state(), GroupState::Serving);
                most = most.max(world.switches().len());
                let over = world.events.iter();
                let over = over.filter(|event| matches!(event.kind, failover::EventKind::Restored));
                assert_eq!(over.count(), 1);
            }
            println!("{endpoints} endpoints cut, {path:?}: at most {most} switches");
            assert!(most <= 1);
        }
    }
}

#[test]
fn a_quarantine_is_silent_doubles_and_is_bounded() {
    let config = config()
        .into_builder()
        .quarantine(secs(30), secs(100))
        .build()
        .unwrap();
    let mut world = started(config, &[ONE; 3]);
    world.paths[0] = Path::Silent;
    world.run(secs(600));
    let quarantines = world.quarantines();
    let spans = quarantines.iter().map(|&(_, span, _)| span.as_secs());
    assert_eq!(spans.take(4).collect::<Vec<_>>(), [30, 60, 100, 100]);
    for (endpoint, span, at) in quarantines {
        let inside = |&&(to, sent): &&(usize, Instant)| {
            to == endpoint && sent > at && sent < at.saturating_add(span)
        };
        assert_eq!(world.probes.iter().find(inside), None);
        let end = at.saturating_add(span);
        let again = |&(to, sent): &(usize, Instant)| to == endpoint && sent == end;
        assert!(end > world.now || world.probes.iter().any(again));
    }
}

#[test]
fn returns_by_policy() {
    let prefer = config()
        .into_builder()
        .failback(Failback::Prefer)
        .build()
        .unwrap();
    for (config, expected) in [(config(), 1), (prefer, 0)] {
        let mut world = started(config, &[ONE; 3]);
        world.paths[0] = Path::Silent;
        world.run(secs(10));
        world.paths[0] = UP;
        world.run(secs(50)); // the quarantine, less than a hold-down of health
        assert_eq!(world.group.active(), 1);
        world.run(secs(30));
        assert_eq!(world.group.active(), expected);
    }
}

#[test]
fn the_best_is_chosen_by_order_weight_or_round_trip_time() {
    let endpoints = [ONE.weight(9), ONE.weight(1), ONE.weight(3), ONE.weight(2)];
    for (preference, best) in [
        (Preference::Order, 1),
        (Preference::Weight, 2),
        (Preference::Rtt, 3),
    ] {
        let mut world = started(
            config()
                .into_builder()
                .preference(preference)
                .build()
                .unwrap(),
            &endpoints,
        );
        world.paths[3] = Path::Answers(5_000);
        world.run(secs(100));
        world.paths[0] = Path::Silent;
        world.run(secs(10));
        assert_eq!(world.group.active(), best, "{preference:?}");
    }
}

#[test]
fn all_dead_is_told_once_and_does_not_spin() {
    let mut world = world(2);
    world.paths[0] = Path::Silent;
    world.run(secs(300));
    world.paths[1] = Path::Silent;
    let (probes, before) = (world.probes.len(), world.now);
    world.run(secs(600));
    assert_eq!(world.downs(), [Outage::AllDead], "{:?}", world.events);
    assert_eq!(world.group.state(), GroupState::AllDead);
    let spent = world.probes.len() - probes;
    println!("all dead: {spent} probes in 600 s");
    assert!(spent <= (600 + 120) * 10 / 9 + 20, "{spent} probes");
    world.paths[0] = UP;
    world.run(secs(10));
    assert_eq!(
        (world.group.active(), world.group.state()),
        (0, GroupState::Serving)
    );
    assert!(world.now > before);
}

/// The other is still in quarantine when the active one dies: it gets its chance at once.
#[test]
fn nothing_else_left_ends_a_quarantine() {
    let mut world = world(2);
    world.paths[0] = Path::Silent;
    world.run(secs(10));
    world.paths = [UP, Path::Silent, UP, UP];
    world.run(secs(10));
    assert_eq!(world.group.active(), 0, "{:?}", world.events);
    assert_eq!(world.downs(), []);
}

/// Half of the endpoints really die at once: taken for our fault first, switched all the same, and theirs after the hold-down.
#[test]
fn half_dead_at_once_is_switched_below_the_bound_and_charged_later() {
    let mut world = world(4);
    let broken = world.now;
    world.paths = [Path::Silent, Path::Silent, UP, UP];
    world.run(secs(20));
    let (from, to, _, at) = world.switches()[0];
    assert_eq!((from, to), (0, 2));
    assert!(at.saturating_duration_since(broken) <= config().bound());
    assert_eq!(world.quarantines(), []);
    world.run(secs(60));
    let quarantines = world.quarantines();
    let charged = quarantines.iter().map(|&(which, span, _)| (which, span));
    let charged = charged.collect::<Vec<_>>();
    let twice = [(0, secs(30)), (1, secs(30)), (0, secs(60)), (1, secs(60))];
    assert_eq!(charged, twice, "{:?}", world.events);
    world.paths[2] = Path::Silent;
    world.run(secs(10));
    assert_eq!(world.group.active(), 3);
}

#[test]
fn pinned_endpoints_are_never_quarantined_and_barred_ones_never_probed() {
    let endpoints = [
        ONE.mode(EndpointMode::Pinned),
        ONE.mode(EndpointMode::Disabled),
        ONE,
        ONE,
    ];
    let mut world = started(config(), &endpoints);
    world.paths[0] = Path::Silent;
    world.run(secs(120));
    assert_eq!((world.group.active(), world.quarantines().len()), (2, 0));
    assert_eq!(world.group.condition(0), Some(Condition::Dead));
    assert!(world.probes.iter().all(|&(to, _)| to != 1));
    let now = world.now;
    assert!(world.group.set_mode(1, EndpointMode::Normal, now));
    assert!(world.group.set_mode(2, EndpointMode::Disabled, now));
    world.run(secs(20));
    assert_eq!(
        (world.group.active(), world.group.condition(1)),
        (3, Some(Condition::Healthy))
    );
    assert!(
        world.group.set_mode(0, EndpointMode::Disabled, now)
            && world.group.set_mode(1, EndpointMode::Disabled, now)
    );
    assert!(
        !world.group.set_mode(3, EndpointMode::Disabled, now),
        "the last one"
    );
    assert!(!world.group.switch_to(2, now) && world.group.switch_to(3, now));
}

#[test]
fn switched_off_it_watches_only() {
    let mut world = started(
        config().into_builder().enabled(false).build().unwrap(),
        &[ONE; 3],
    );
    world.paths[0] = Path::Silent;
    world.run(secs(120));
    assert_eq!(
        (world.group.active(), world.events.as_slice()),
        (0, &[][..])
    );
    assert!(world.group.switch_to(1, world.now));
    world.run(secs(1));
    assert_eq!(
        (world.switches()[0].2, world.group.active()),
        (SwitchReason::Requested, 1)
    );
}

/// A stall of ours of any length, at any phase, switches nothing.
#[test]
fn our_own_stall_switches_nothing() {
    for late in [900_000, 5_000_000, 100_000_000] {
        let mut world = world(3);
        for _ in 0..300 {
            world.beat(late, Instant::MAX);
        }
        assert_eq!(world.events, []);
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let refused = |endpoints: &[Endpoint]| {
        let error: ConfigError =
            Group::with_window(config(), endpoints, Instant::ZERO).unwrap_err();
        (error.setting(), error.value(), error.range())
    };
    assert_eq!(refused(&[]), (Setting::Endpoints, 0, (1, 4)));
    assert_eq!(refused(&[ONE; 5]), (Setting::Endpoints, 5, (1, 4)));
    let disabled = ONE.mode(EndpointMode::Disabled);
    assert_eq!(refused(&[disabled; 2]), (Setting::Enabled, 0, (1, 2)));
    assert_eq!(refused(&[ONE.weight(0), disabled]).0, Setting::Weights);
    assert_eq!(
        refused(&[ONE.name(7), ONE, ONE.name(7)]),
        (Setting::DuplicateNames, 2, (1, 1))
    );
    let unseeded = Group::with_window(
        failover::Config::builder().build().unwrap(),
        &[ONE],
        Instant::ZERO,
    );
    assert_eq!(unseeded.unwrap_err().setting(), Setting::Seed);
    let refused = |config: Result<failover::Config, ConfigError>| config.unwrap_err().setting();
    assert_eq!(
        refused(config().into_builder().quarantine(secs(0), secs(1)).build()),
        Setting::Quarantine
    );
    assert_eq!(
        refused(config().into_builder().quarantine(secs(2), secs(1)).build()),
        Setting::QuarantineMax
    );
    assert_eq!(
        refused(config().into_builder().hold_down(secs(0)).build()),
        Setting::HoldDown
    );
    assert_eq!(
        refused(config().into_builder().request_timeout(secs(0)).build()),
        Setting::RequestTimeout
    );
    assert_eq!(
        refused(config().into_builder().retries(17).build()),
        Setting::Retries
    );
}

#[test]
fn a_loaded_endpoint_is_returned_to_when_it_has_a_third_more_to_spare() {
    let config = config()
        .into_builder()
        .preference(Preference::Weight)
        .failback(Failback::Prefer)
        .build()
        .unwrap();
    let mut world = World::new(config, &[Endpoint::new().weight(3); 3]);
    world.run(Duration::from_secs(60));
    for (load, active) in [(10, 0), (60, 0), (120, 1), (255, 1)] {
        world.group.handle_load(0, Some(load), world.now);
        world.run(Duration::from_secs(120));
        assert_eq!(world.group.active(), active, "at a load of {load}");
    }
    assert_eq!(world.group.quarantines(), 0);
    assert_eq!(world.group.status(0, world.now).unwrap().load, Some(255));
}

// ---- early warning ----

/// In time, at twenty-five times the usual.
const DEGRADED: Path = Path::Answers(500_000);

fn health(world: &World, endpoint: usize) -> Health {
    world.group.status(endpoint, world.now).unwrap().health
}

#[test]
fn a_worse_path_is_left_for_one_that_is_as_usual_where_the_user_says_so() {
    for (switch_on, switches) in [(SwitchOn::Failure, 0), (SwitchOn::Warning, 1)] {
        let mut world = started(
            config()
                .into_builder()
                .switch_on(switch_on)
                .build()
                .unwrap(),
            &[ONE; 3],
        );
        let worse = world.now;
        world.paths[0] = DEGRADED;
        world.run(secs(20));
        assert_eq!(health(&world, 0), Health::Degraded);
        assert_eq!(health(&world, 1), Health::Good);
        assert_eq!(
            (world.switches().len(), world.quarantines().len()),
            (switches, 0)
        );
        if let Some(&(from, to, reason, at)) = world.switches().first() {
            assert_eq!((from, to, reason), (0, 1, SwitchReason::Degraded));
            let took = at.saturating_duration_since(worse);
            assert!(took < secs(10), "{took:?}");
        }
    }
}

/// What degrades all paths is ours, and one that has no better one to go to stays.
#[test]
fn nothing_is_switched_where_all_paths_are_worse() {
    let mut world = started(
        config()
            .into_builder()
            .switch_on(SwitchOn::Warning)
            .build()
            .unwrap(),
        &[ONE; 3],
    );
    world.paths[1..3].fill(DEGRADED); // known first: the others are probed seldom
    world.run(secs(60));
    world.paths[0] = DEGRADED;
    world.run(secs(60));
    assert_eq!(
        [0, 1, 2].map(|one| health(&world, one)),
        [Health::Degraded; 3]
    );
    assert_eq!(world.switches(), []);
}

#[test]
fn warnings_cause_one_switch_in_a_hold_down() {
    let wary = config()
        .into_builder()
        .switch_on(SwitchOn::Warning)
        .warn_above(15_500)
        .build()
        .unwrap();
    let mut world = started(wary, &[ONE; 2]);
    for turn in 0..40 {
        let worse = turn % 2;
        (world.paths[worse], world.paths[1 - worse]) = (DEGRADED, UP);
        world.run(secs(60));
    }
    let switches = world.switches();
    assert!(switches.len() > 2, "{switches:?}");
    for pair in switches.windows(2) {
        assert!(pair[1].3.saturating_duration_since(pair[0].3) >= secs(30));
    }
    assert_eq!(world.quarantines(), []);
}

/// Answers of a path that stays as it is: one in ten at 25 times the median.
fn one_in_ten_slow([slow, spread, _]: [f64; 3]) -> Path {
    let us = 4_000.0 * (0.9 + 0.2 * spread);
    Path::Answers((if slow < 0.1 { 25.0 * us } else { us }) as u64)
}

/// One in five is lost.
fn lossy([lost, ..]: [f64; 3]) -> Path {
    if lost < 0.2 { Path::Silent } else { UP }
}

/// A standard deviation of 1 in the logarithm.
fn lognormal([radius, angle, _]: [f64; 3]) -> Path {
    let radius = (-2.0 * (1.0 - radius).ln()).sqrt();
    let normal = radius * (core::f64::consts::TAU * angle).cos();
    Path::Answers((20_000.0 * normal.exp()) as u64)
}

/// Two paths that are alike and stay as they are: after 1,000 answers there is hardly a reason to leave one for the other in a day, where a hold-down
/// would allow for 2,880.
#[test]
fn a_group_does_not_flap_between_two_paths_that_are_equally_rough() {
    let paths: [(&str, Drawn); 3] = [
        ("one in ten slow", one_in_ten_slow),
        ("lossy", lossy),
        ("lognormal", lognormal),
    ];
    for (name, path) in paths {
        let config = config()
            .into_builder()
            .switch_on(SwitchOn::Warning)
            .build()
            .unwrap();
        let mut world = World::new(config, &[ONE; 2]);
        world.drawn = Some(path);
        world.run(secs(6_000)); // the other one is asked every 5 s
        let degraded = |world: &World| {
            let switches = world.switches().into_iter();
            switches
                .filter(|&(_, _, reason, _)| reason == SwitchReason::Degraded)
                .count()
        };
        let before = degraded(&world);
        world.run(secs(86_400));
        let switches = degraded(&world) - before;
        println!("{name}: {before} in the first 6,000 s, then {switches} in a day");
        assert!(switches <= 72, "{name}: {switches} switches in a day");
    }
}

#[test]
fn a_group_returns_once_the_better_path_is_as_usual_again() {
    let config = config()
        .into_builder()
        .failback(Failback::Prefer)
        .switch_on(SwitchOn::Warning)
        .build()
        .unwrap();
    let mut world = started(config, &[ONE; 2]);
    world.paths[0] = DEGRADED;
    world.run(secs(10));
    assert_eq!(world.group.active(), 1);
    world.paths[0] = UP;
    world.run(secs(200));
    let [
        (0, 1, SwitchReason::Degraded, _),
        (1, 0, SwitchReason::Preferred, back),
    ] = world.switches()[..]
    else {
        panic!("{:?}", world.switches());
    };
    assert!(back > world.now.saturating_sub(secs(200)));
    assert_eq!(health(&world, 0), Health::Good);
}

/// By order it would be 1.
#[test]
fn a_failed_endpoint_is_left_for_one_whose_path_is_as_usual() {
    let mut world = started(config(), &[ONE; 3]);
    world.paths[1] = DEGRADED;
    world.run(secs(60));
    world.paths[0] = Path::Refuses;
    world.run(secs(5));
    assert_eq!(world.group.active(), 2);
    // but a bad path is better than none
    world.paths[2] = Path::Refuses;
    world.run(secs(5));
    assert_eq!(world.group.active(), 1);
}

#[test]
fn the_threshold_of_warnings_is_the_users() {
    let deaf = config()
        .into_builder()
        .switch_on(SwitchOn::Warning)
        .warn_above(u16::MAX)
        .build()
        .unwrap();
    let mut world = started(deaf, &[ONE; 2]);
    world.paths[0] = DEGRADED;
    world.run(secs(60));
    assert_eq!((health(&world, 0), world.group.active()), (Health::Good, 0));
}

/// A probe that is overdue counts as four times the usual.
#[test]
fn what_is_overdue_is_a_warning_before_it_is_answered() {
    let mut world = started(
        config().into_builder().warn_above(1_500).build().unwrap(),
        &[ONE; 2],
    );
    world.paths[0] = Path::Silent;
    until_suspected(&mut world);
    let healths = [0, 1].map(|one| health(&world, one));
    assert_eq!(healths, [Health::Degraded, Health::Good]);
}

/// A refusal needs no patience: what is refused is suspected at the moment of its probe.
#[test]
fn a_refusal_is_evidence_at_once() {
    let mut world = world(3);
    world.paths[0] = Path::Refuses;
    until_suspected(&mut world);
    let asked = world.probes.iter().rev().find(|&&(to, _)| to == 0);
    assert_eq!(asked, Some(&(0, world.now)));
}

/// What an endpoint may be used for is changed while it runs; what stays as it was is not renewed.
#[test]
fn a_duty_is_changed_and_what_is_known_of_the_endpoint_stays() {
    let mut world = world(3);
    let set = |world: &mut World, endpoint, duty| {
        let done = world.group.set_mode(endpoint, duty, world.now);
        world.drain();
        done
    };
    for duty in [
        EndpointMode::Normal,
        EndpointMode::Pinned,
        EndpointMode::Normal,
    ] {
        assert!(set(&mut world, 1, duty));
        assert_eq!(world.group.condition(1), Some(Condition::Healthy));
    }
    for _ in 0..2 {
        assert!(set(&mut world, 1, EndpointMode::Disabled));
        assert_eq!(world.group.condition(1), Some(Condition::Disabled));
    }
    assert!(set(&mut world, 1, EndpointMode::Pinned));
    assert_eq!(world.group.condition(1), Some(Condition::Unknown));
    assert!(!set(&mut world, 3, EndpointMode::Pinned), "there is none");
    assert_eq!((world.events.len(), world.group.active()), (0, 0));
    for _ in 0..2 {
        assert!(set(&mut world, 0, EndpointMode::Disabled));
    }
    let [(from, to, reason, _)] = world.switches()[..] else {
        panic!("{:?}", world.events);
    };
    assert_eq!((from, to, reason), (0, 2, SwitchReason::Disabled));
}

/// To pin an endpoint ends its quarantine, and nobody else's; to bar the last one in service gives the quarantined their chance.
#[test]
fn pins_and_bars_end_quarantines() {
    let quarantined = |world: &World, endpoint| {
        let condition = world.group.condition(endpoint);
        matches!(condition, Some(Condition::Quarantined(_)))
    };
    let mut world = world(3);
    for endpoint in 0..2 {
        world.paths[endpoint] = Path::Refuses;
        world.run(secs(10));
    }
    assert_eq!(world.group.active(), 2, "{:?}", world.events);
    assert!(quarantined(&world, 0) && quarantined(&world, 1));
    assert!(world.group.set_mode(0, EndpointMode::Pinned, world.now));
    world.drain();
    assert!(!quarantined(&world, 0) && quarantined(&world, 1));
    assert!(world.group.set_mode(0, EndpointMode::Disabled, world.now));
    assert!(world.group.set_mode(2, EndpointMode::Disabled, world.now));
    world.drain();
    assert!(!quarantined(&world, 1));
    assert_eq!(world.group.active(), 1);
}

/// Every endpoint of every group has probe ids of its own.
#[test]
fn ids_follow_from_the_seed_and_the_endpoint() {
    let mut ids = Vec::new();
    for seed in 1..=3 {
        let config = failover::Config::builder().seed(seed).build().unwrap();
        let mut group = Group::with_window(config, &[ONE; M], Instant::ZERO).unwrap();
        let mut now = Instant::ZERO;
        let mut asked = [false; M];
        while asked != [true; M] {
            match group.poll(now) {
                Output::Send(failover::Probe { endpoint, id }) if !asked[endpoint] => {
                    asked[endpoint] = true;
                    ids.push(u64::from(id));
                }
                Output::Wait(until) => now = until,
                _ => {}
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3 * M);
}

// ---- what a group waits for ----

fn is_healthy(world: &World, endpoint: usize) -> bool {
    world.group.condition(endpoint) == Some(Condition::Healthy)
}

/// How many probes `endpoint` was sent from `from` on, for `span`.
fn asked(world: &World, endpoint: usize, from: Instant, span: Duration) -> usize {
    let end = from.saturating_add(span);
    let asked = |&&(to, at): &&(usize, Instant)| to == endpoint && at >= from && at < end;
    world.probes.iter().filter(asked).count()
}

fn last_asked(world: &World, endpoint: usize) -> Instant {
    let mut last = world.probes.iter().rev();
    last.find(|&&(to, _)| to == endpoint).unwrap().1
}

/// Intervals of which every one is as long as the other.
fn steady(interval: Duration) -> Config<Fixed> {
    Config::fixed(interval).jitter_percent(0).build().unwrap()
}

fn group_of(active: Config<Fixed>, standby: Config<Fixed>) -> failover::Config {
    failover::Config::probing(active, standby)
        .request_timeout(Duration::from_millis(800))
        .retries(2)
        .seed(0x5eed)
        .build()
        .unwrap()
}

#[test]
fn the_others_are_asked_once_in_a_suspicion() {
    let mut world = world(4);
    world.paths[0] = Path::Refuses;
    until_suspected(&mut world);
    let suspected = world.now;
    world.run(Duration::from_millis(1_500));
    for endpoint in 1..4 {
        assert_eq!(asked(&world, endpoint, suspected, secs(2)), 1, "{endpoint}");
    }
}

#[test]
fn a_suspicion_does_not_hurry_the_active_endpoint() {
    let mut world = started(
        config().into_builder().retries(0).build().unwrap(),
        &[ONE; 2],
    );
    world.paths[0] = Path::Silent;
    until_suspected(&mut world);
    assert_eq!(world.group.condition(0), Some(Condition::Suspected));
    let before = last_asked(&world, 0);
    assert_eq!(before.saturating_add(micros(800_000)), world.now);
    until(&mut world, |world| last_asked(world, 0) > before);
    assert!(last_asked(&world, 0) >= before.saturating_add(micros(900_000)));
}

#[test]
fn answers_that_come_late_now_and_then_are_no_failure() {
    let mut world = world(3);
    world.paths[0] = Path::Answers(900_000);
    until_suspected(&mut world);
    world.paths[0] = UP; // after two probes
    world.run(secs(60));
    assert_eq!(world.events, []);
}

#[test]
fn a_switch_waits_for_an_answer_to_a_probe_sent_since_the_suspicion() {
    let mut world = started(
        config()
            .into_builder()
            .switch_on(SwitchOn::Suspicion)
            .build()
            .unwrap(),
        &[ONE; 2],
    );
    world.paths[0] = Path::Silent;
    world.run(secs(10));
    let (_, to, _, at) = world.switches()[0];
    let before = |&&(endpoint, sent): &&(usize, Instant)| endpoint == to && sent < at;
    let (_, sent) = *world.probes.iter().rfind(before).unwrap();
    assert_eq!(
        at.saturating_duration_since(sent),
        Duration::from_millis(20)
    );
}

#[test]
fn other_traffic_shows_that_an_endpoint_may_be_switched_to() {
    let mut world = started(
        config()
            .into_builder()
            .switch_on(SwitchOn::Suspicion)
            .build()
            .unwrap(),
        &[ONE; 2],
    );
    world.paths = [Path::Silent; M];
    until_suspected(&mut world);
    world.run(Duration::from_millis(100));
    assert_eq!(world.group.active(), 0);
    world.group.handle_traffic(1, world.now);
    world.drain();
    assert_eq!(world.group.active(), 1);
}

/// It is charged for its failure once, and in the way of nobody.
#[test]
fn a_pinned_endpoint_that_failed_does_not_hide_another_one() {
    let endpoints = [ONE, ONE.mode(EndpointMode::Pinned), ONE, ONE];
    let mut world = started(config(), &endpoints);
    for endpoint in 1..3 {
        world.paths[endpoint] = Path::Silent;
        world.run(secs(60));
    }
    assert_eq!(world.quarantines()[0].0, 2);
    assert_eq!(world.downs(), []);
}

#[test]
fn twice_its_last_quarantine_in_health_clears_an_endpoints_record() {
    for (health, span) in [(50, 60), (80, 30)] {
        let mut world = world(2);
        world.paths[0] = Path::Silent;
        world.run(secs(10));
        world.paths[0] = UP;
        until(&mut world, |world| is_healthy(world, 0));
        world.run(secs(health));
        world.paths[0] = Path::Silent;
        world.run(secs(60));
        assert_eq!(world.quarantines()[1].1, secs(span));
    }
}

// ---- outages ----

/// All links are cut; later only that of endpoint 1 works.
fn first_back(world: &mut World) -> Instant {
    world.paths = [Path::Silent; M];
    world.run(secs(60));
    assert_eq!(world.downs(), [Outage::Isolated]);
    world.paths[1] = UP;
    until(world, |world| is_healthy(world, 1));
    world.now
}

#[test]
fn in_an_outage_the_first_that_is_back_waits_for_the_active_one() {
    let mut world = world(3);
    first_back(&mut world);
    world.paths[0] = UP; // asked again within a second
    world.run(secs(20));
    assert_eq!((world.switches(), world.group.active()), (vec![], 0));
}

#[test]
fn in_an_outage_the_first_that_is_back_is_switched_to_after_two_request_timeouts() {
    let mut world = world(3);
    let back = first_back(&mut world);
    world.run(secs(20));
    let switch = (
        0,
        1,
        SwitchReason::Dead,
        back.saturating_add(2 * micros(800_000)),
    );
    assert_eq!(world.switches(), [switch]);
}

#[test]
fn in_an_outage_the_active_endpoint_is_asked_once_when_another_is_back() {
    let mut world = started(group_of(steady(secs(20)), steady(secs(5))), &[ONE; 3]);
    let back = first_back(&mut world);
    assert!(asked(&world, 0, back.saturating_sub(secs(2)), secs(2)) == 0);
    world.run(Duration::from_millis(1_500));
    assert_eq!(last_asked(&world, 0), back);
    assert_eq!(asked(&world, 0, back, secs(2)), 1);
}

/// The one that it went to fails in the same outage.
#[test]
fn an_outage_has_one_switch_in_a_hold_down() {
    let mut world = world(4);
    first_back(&mut world);
    until(&mut world, |world| world.group.active() == 1);
    let first = world.now;
    (world.paths[1], world.paths[2]) = (Path::Silent, UP);
    world.run(secs(20));
    assert!(is_healthy(&world, 2));
    assert_eq!(world.group.state(), GroupState::Isolated);
    world.run(secs(20));
    let [_, (from, to, _, second)] = world.switches()[..] else {
        panic!("{:?}", world.events);
    };
    assert_eq!((from, to, second), (1, 2, first.saturating_add(secs(30))));
}

#[test]
fn the_end_of_an_outage_asks_the_others_at_once_and_nobody_else() {
    let mut world = started(group_of(steady(secs(1)), steady(secs(20))), &[ONE; 2]);
    world.paths = [Path::Silent; M];
    world.run(secs(60));
    world.paths[0] = UP;
    until(&mut world, |world| {
        world.group.state() == GroupState::Serving
    });
    let (over, last) = (world.now, last_asked(&world, 0));
    world.run(secs(2));
    assert_eq!(asked(&world, 1, over, micros(800_000)), 1);
    assert_eq!(asked(&world, 0, over, secs(1)), 1);
    assert_eq!(asked(&world, 0, last.saturating_add(secs(1)), micros(1)), 1);
}

/// Half being suspected then does not make it our fault; here nobody is switched to, so that it goes on until the active one is back.
#[test]
fn an_outage_of_dead_endpoints_is_over_as_soon_as_the_active_one_is_healthy() {
    let mut world = started(
        config().into_builder().enabled(false).build().unwrap(),
        &[ONE; 3],
    );
    for endpoint in [1, 2, 0] {
        world.paths[endpoint] = Path::Silent;
        world.run(secs(60));
    }
    assert_eq!(world.downs(), [Outage::AllDead]);
    for path in [UP, Path::Silent] {
        world.paths[1..3].fill(path); // they are innocent since, and suspected again
        world.run(secs(20));
    }
    world.paths[0] = UP;
    until(&mut world, |world| is_healthy(world, 0));
    assert!(
        matches!(world.events[..], [_, Event { at, kind: failover::EventKind::Restored, .. }] if at == world.now)
    );
}

#[test]
fn an_endpoint_that_was_barred_counts_like_any_other_in_an_outage() {
    let mut world = started(config(), &[ONE, ONE, ONE.mode(EndpointMode::Disabled)]);
    world.group.set_mode(2, EndpointMode::Normal, world.now);
    (world.paths[0], world.paths[2]) = (Path::Silent, Path::Silent);
    world.run(secs(3));
    assert_eq!(world.downs(), [Outage::Isolated]);
}

// ---- the best ----

#[test]
fn a_group_returns_to_a_greater_weight_and_where_loads_are_said_to_a_third_more() {
    let config = config()
        .into_builder()
        .preference(Preference::Weight)
        .failback(Failback::Prefer)
        .build()
        .unwrap();
    for (weight, load, active) in [(3, None, 0), (4, None, 1), (2, Some(0), 0), (3, Some(0), 1)] {
        let mut world = started(config, &[ONE.weight(4), ONE.weight(weight)]);
        world.paths[0] = Path::Silent;
        world.run(secs(10));
        assert_eq!(world.group.active(), 1);
        world.paths[0] = UP;
        world.group.handle_load(1, load, world.now);
        world.run(secs(100));
        assert_eq!(world.group.active(), active, "{weight}, {load:?}");
    }
}

#[test]
fn a_group_returns_to_less_than_three_quarters_of_the_round_trip_time() {
    let config = config()
        .into_builder()
        .preference(Preference::Rtt)
        .failback(Failback::Prefer)
        .build()
        .unwrap();
    for (us, active) in [(14_999, 1), (15_000, 0), (16_000, 0)] {
        let mut world = World::new(config, &[ONE; 2]);
        world.paths[1] = Path::Answers(us);
        world.run(secs(100));
        assert_eq!(world.group.active(), active, "{us}");
    }
}

#[test]
fn a_group_returns_no_sooner_than_a_hold_down_after_the_last_switch() {
    let mut world = started(
        config()
            .into_builder()
            .failback(Failback::Prefer)
            .build()
            .unwrap(),
        &[ONE; 2],
    );
    let asked = world.now;
    world.group.switch_to(1, asked);
    world.run(secs(60));
    let back = asked.saturating_add(secs(30));
    assert_eq!(
        world.switches()[1..],
        [(1, 0, SwitchReason::Preferred, back)]
    );
}

/// Half of the endpoints fail; those that matter are well.
#[test]
fn a_group_returns_to_nothing_in_an_outage() {
    let mut world = started(
        config()
            .into_builder()
            .failback(Failback::Prefer)
            .build()
            .unwrap(),
        &[ONE; 4],
    );
    world.group.switch_to(1, world.now);
    world.run(secs(20));
    world.paths[2..].fill(Path::Silent);
    until(&mut world, |world| !world.downs().is_empty());
    let over = world.now.saturating_add(secs(30)); // so that the fault was theirs
    world.run(secs(60));
    assert_eq!(
        world.switches()[1..],
        [(1, 0, SwitchReason::Preferred, over)]
    );
}

#[test]
fn the_load_counts_as_a_share_of_the_weight() {
    let config = config()
        .into_builder()
        .preference(Preference::Weight)
        .build()
        .unwrap();
    let endpoints = [ONE.weight(1_000), ONE, ONE.weight(100)];
    let mut world = started(config, &endpoints);
    world.group.handle_load(2, Some(128), world.now);
    world.paths[0] = Path::Silent;
    world.run(secs(10));
    assert_eq!(world.group.active(), 2);
}

#[test]
fn an_endpoint_without_weight_is_taken_where_there_is_no_other() {
    let config = config()
        .into_builder()
        .preference(Preference::Weight)
        .build()
        .unwrap();
    let mut world = started(config, &[ONE, ONE.weight(0)]);
    world.paths[0] = Path::Silent;
    world.run(secs(10));
    assert_eq!(world.group.active(), 1);
}

#[test]
fn all_may_be_of_the_greatest_weight() {
    let endpoints = [ONE.weight(u16::MAX); M];
    assert!(Group::with_window(config(), &endpoints, Instant::ZERO).is_ok());
}

// ---- what the caller knows ----

#[test]
fn what_cannot_be_sent_is_no_evidence() {
    let mut world = world(3);
    world.paths = [Path::Unsent; M];
    world.run(secs(60));
    assert_eq!(world.events, []);
    let condition = |endpoint| world.group.condition(endpoint);
    let unknown = |endpoint| condition(endpoint) == Some(Condition::Unknown);
    assert!((0..3).all(unknown), "nothing could be sent for a bound");
}

#[test]
fn an_endpoint_that_is_heard_otherwise_is_alive() {
    let mut world = world(2);
    world.paths[0] = Path::Silent;
    for _ in 0..60 {
        world.group.handle_traffic(0, world.now);
        world.drain();
        // whatever is overdue by now was sent a timeout ago, and it was alive then
        assert!(is_healthy(&world, 0), "at {:?}", world.now);
        world.run(Duration::from_millis(500));
    }
    assert_eq!(world.events, []);
}

#[test]
fn an_endpoint_that_answers_and_is_heard_otherwise_is_never_suspected() {
    for rtt_us in [0, 20_000, 400_000, 799_999] {
        for every_us in [1_000, 90_000, 500_000, 810_000, 1_100_000, 3_700_000] {
            let mut world = started(config(), &[ONE; 2]);
            world.paths = [Path::Answers(rtt_us); M];
            for _ in 0..100 {
                let next = world.now.saturating_add(micros(every_us));
                for endpoint in 0..2 {
                    world.group.handle_traffic(endpoint, world.now);
                }
                world.drain();
                while world.now < next {
                    world.beat(0, next);
                    let fine = is_healthy(&world, 0) && is_healthy(&world, 1);
                    assert!(fine, "{rtt_us} us, traffic every {every_us} us");
                }
            }
        }
    }
}

/// Those in doubt are asked for again and again while the active one is suspected.
#[test]
fn what_a_budget_refuses_puts_off_no_verdict() {
    let mut world = world(3);
    world.budget = Some(RetryBudget::new(0, 0));
    world.paths = [Path::Silent; M];
    world.run(secs(5) + micros(3 * 800_000)); // the bound of the others
    let dead = |endpoint| world.group.condition(endpoint) == Some(Condition::Dead);
    assert!((0..3).all(dead), "{:?}", world.group);
}

#[test]
fn an_endpoint_is_asked_less_often_where_it_wants_to_be() {
    let standby = steady(secs(5))
        .into_builder()
        .interval_between(secs(5), secs(60))
        .build()
        .unwrap();
    let mut world = started(group_of(steady(secs(1)), standby), &[ONE; 2]);
    for expected in [20, 10, 5] {
        world.run(secs(100)); // the interval under way
        let start = world.now;
        world.run(secs(100));
        assert_eq!(asked(&world, 1, start, secs(100)), expected);
        world.group.handle_pushback(1, world.now);
    }
}

#[test]
fn an_endpoint_is_asked_at_once_when_the_caller_knows_a_reason() {
    let reasons: [fn(&mut Group, Instant); 4] = [
        |group, now| group.probe_now(1, now),
        |group, now| group.handle_flow_lost(1, now),
        |group, now| group.restarted(1, now),
        Group::resumed,
    ];
    for reason in reasons {
        let mut world = world(2);
        let second_ago = |world: &World| world.now.saturating_sub(secs(1));
        until(&mut world, |world| last_asked(world, 1) < second_ago(world));
        reason(&mut world.group, world.now);
        world.drain();
        assert_eq!(last_asked(&world, 1), world.now);
    }
}

/// Those of a group that begins are spread over an interval.
#[test]
fn an_endpoint_that_was_barred_is_asked_at_once() {
    let mut world = World::new(config(), &[ONE, ONE.mode(EndpointMode::Disabled)]);
    world.run(Duration::from_millis(100));
    world.group.set_mode(1, EndpointMode::Normal, world.now);
    world.drain();
    assert_eq!(last_asked(&world, 1), world.now);
}

/// The clock leaps by an hour, and is put right.
#[test]
fn a_group_goes_on_when_the_clock_is_right_again() {
    let mut world = world(2);
    let right = world.now;
    world.paths = [Path::Unsent; M];
    world.look_at(right.saturating_add(secs(3_600)));
    world.group.resync(right);
    world.paths = [UP; M];
    world.look_at(right);
    world.run(secs(60));
    assert_eq!(world.events, []);
    assert!(asked(&world, 0, right, secs(60)) >= 60);
    assert!(asked(&world, 1, right, secs(60)) >= 12);
    let healthy_since = |endpoint| {
        world
            .group
            .status(endpoint, world.now)
            .unwrap()
            .healthy_since
    };
    assert!(
        [0, 1]
            .map(healthy_since)
            .iter()
            .all(|since| *since < Some(right))
    );
}
