//! The laws of the documentation, both halves where a law has two.

mod laws {
    mod reconfigure;
}

use core::time::Duration;

use proptest::prelude::*;
use systole::pacing::{Fluctuation, Pacing, Target};
use systole::{
    Config, Event, EventKind, Heartbeat, Instant, Monitor, Output, Reason, Retries, Verdict,
    pacing::Statistics, plan::Plan,
};
use systole_testkit::ops::any::any_op;
use systole_testkit::ops::monitor::{Op, World, micros};

/// A policy that wishes for whatever the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Hostile([u64; 3]);

impl Pacing for Hostile {
    type State = ();
    const INITIAL: () = ();

    fn plan(&self, (): &(), path: &Statistics<'_>) -> Plan {
        let [interval, dead, mix] = self.0;
        let interval = interval.rotate_left(path.moments().count().into());
        let retries = [Retries::fixed, Retries::exponential, Retries::closing][(mix % 3) as usize];
        Plan::from_micros(interval, mix as u32)
            .with_retries(retries((mix >> 32) as u8))
            .with_dead_interval(micros(dead))
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(any_op(), 1..120)
}

fn configs() -> impl Strategy<Value = Config> {
    (
        100_u64..100_000_000,
        prop::option::of(2_u64..50),
        0_u8..5,
        1_u8..4,
        any::<bool>(),
        1_u64..,
    )
        .prop_map(|(base_us, bound, retries, rise, max_in_flight, seed)| {
            let base = micros(base_us);
            let config = Config::every(base)
                .retries(Retries::exponential(retries))
                .rise(rise)
                .seed(seed)
                .build()
                .unwrap();
            let config = if max_in_flight {
                config
                    .into_builder()
                    .without_initial_delay()
                    .build()
                    .unwrap()
            } else {
                config
            };
            bound
                .and_then(|times| {
                    config
                        .into_builder()
                        .detect_within(base * times as u32)
                        .build()
                        .ok()
                })
                .unwrap_or(config)
        })
}

fn targets() -> impl Strategy<Value = Config<Target>> {
    (1_000_u64..100_000_000, 10_u32..1_000_000, 1_u64..).prop_map(|(bound_us, times, seed)| {
        let apart = micros(bound_us * u64::from(times));
        Config::target(micros(bound_us))
            .mistakes_at_most_one_per(apart)
            .seed(seed)
            .build()
            .unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4_000 }))]

    /// Laws 1, 2, 6, 7 and 8, after every step of anything that can happen.
    #[test]
    fn laws_hold_whatever_happens(config in configs(), ops in ops()) {
        let mut world = World::new(config);
        for op in &ops {
            world.apply(op);
        }
    }

    /// The same for a policy that wishes for nonsense.
    #[test]
    fn laws_hold_for_a_hostile_policy(
        wishes: [u64; 3], min in 1_u64..1_000_000, span in 0_u64..1 << 30, bound in prop::option::of(1_u64..1 << 32), ops in ops(),
    ) {
        let config = Config::with_policy(Hostile(wishes), micros(min), micros(min + span)).seed(7).build().unwrap();
        let config = bound.and_then(|bound| config.into_builder().detect_within(micros(bound)).build().ok()).unwrap_or(config);
        let mut world = World::new(config);
        for op in &ops {
            world.apply(op);
        }
    }

    /// The same for the planner.
    #[test]
    fn laws_hold_for_the_planner(config in targets(), ops in ops()) {
        let mut world = World::new(config);
        for op in &ops {
            world.apply(op);
        }
    }

    /// Law 3 for the planner: whatever it has learnt, the bound stands.
    #[test]
    fn the_planner_finds_a_dead_peer(
        config in targets(), rtts in prop::collection::vec(prop::option::weighted(0.8, 1_u32..3_000_000), 1..200), late_us in late(),
    ) {
        let mut world = World::new(config);
        for rtt_us in rtts {
            world.rtt_us = rtt_us;
            world.beat(0);
        }
        world.rtt_us = None;
        let (crash, bound) = (world.now, config.stated_bound().unwrap());
        let before = world.monitor.snapshot(crash).counters.lateness_us;
        let heard = world.monitor.snapshot(crash).counters.answered > 0;
        world.beat(late_us);
        while world.verdict() != Verdict::Dead {
            world.beat(0);
        }
        let credited = micros(world.monitor.snapshot(world.now).counters.lateness_us - before);
        let allowed = if heard { bound + credited } else { 2 * bound + credited };
        let took = world.now.saturating_duration_since(crash);
        prop_assert!(took <= allowed, "{took:?} is over {allowed:?}");
    }

    /// Law 3: a dead peer is found within the bound and all lateness, whatever the pattern of polls.
    #[test]
    fn a_dead_peer_is_found(
        config in configs(), rtts in prop::collection::vec(1_u32..3_000_000, 1..40), lateness in prop::collection::vec(late(), 1..40),
    ) {
        let mut world = World::new(config);
        let mut late = lateness.iter().cycle().copied();
        for rtt_us in rtts {
            world.rtt_us = Some(rtt_us);
            world.beat(late.next().unwrap_or(0));
        }
        let crash = world.now;
        world.rtt_us = None;
        let before = world.monitor.snapshot(crash).counters.lateness_us;
        let mut bound = Duration::ZERO;
        while world.verdict() != Verdict::Dead {
            bound = bound.max(world.monitor.snapshot(world.now).path.plan.bound());
            world.beat(late.next().unwrap_or(0));
            prop_assert!(world.probes < 10_000, "the dead peer is never found");
        }
        let credited = micros(world.monitor.snapshot(world.now).counters.lateness_us - before);
        // Answers under way at the crash still arrive and prove life at their probe's send, which was before it;
        // a peer that was never heard counts from the first probe.
        let allowed = bound + credited + config.interval_max();
        let allowed = if world.monitor.snapshot(world.now).counters.answered > 0 { bound + credited } else { allowed };
        let took = world.now.saturating_duration_since(crash);
        prop_assert!(took <= allowed, "{took:?} is over {allowed:?}");
    }

    /// Law 4: a peer that answers is never dead, however late we look, and by whichever moment replies are stamped.
    #[test]
    fn a_live_peer_is_never_dead_for_our_lateness(
        config in configs(), share in 1_u32..100, lateness in prop::collection::vec(late(), 1..60), stamps_late: bool,
    ) {
        let mut world = World::new(config);
        world.stamps_late = stamps_late;
        let timeout = config.timeout_min().as_micros() as u32;
        world.rtt_us = Some(timeout / 100 * share);
        for &late_us in lateness.iter().cycle().take(400) {
            world.beat(late_us);
            prop_assert!(!matches!(world.verdict(), Verdict::Dead), "{:?}", world.monitor);
        }
        prop_assert_eq!(world.verdict(), Verdict::Alive);
    }

    /// Law 4 and 3, each poll later than the timeout.
    #[test]
    fn an_always_late_poller_neither_kills_nor_misses(config in configs(), extra in 1_u64..10_000_000, stamps_late: bool) {
        let mut world = World::new(config);
        world.stamps_late = stamps_late;
        world.rtt_us = Some(config.timeout_min().as_micros() as u32 / 2);
        let late = |world: &World<Fluctuation>| world.monitor.snapshot(world.now).path.plan.timeout().as_micros() as u64 + extra;
        for _ in 0..200 {
            world.beat(late(&world));
            prop_assert_ne!(world.verdict(), Verdict::Dead);
        }
        world.rtt_us = None;
        let mut looks = 0;
        while world.verdict() != Verdict::Dead {
            world.beat(late(&world));
            looks += 1;
            prop_assert!(looks < 100_000, "the dead peer is never found: {:?}", world.monitor.snapshot(world.now));
        }
    }

    /// Law 5: after a lasting step in RTT, false verdicts cease within ceil(log2(new RTT / old timeout)) + 4 probes.
    #[test]
    fn no_step_in_rtt_locks_out(base_ms in 20_u64..20_000, before_us in 100_u32..100_000, after_us in 1_000_u32..20_000_000, seed in 1_u64..) {
        let config = Config::every(Duration::from_millis(base_ms)).seed(seed).build().unwrap();
        let capacity = 8 * u64::from(u32::try_from(base_ms).unwrap()) * 1_000;
        prop_assume!(u64::from(after_us) <= 3 * capacity && after_us > before_us);
        let mut world = World::new(config);
        world.rtt_us = Some(before_us);
        while world.probes < 40 {
            world.beat(0);
        }
        let timeout = world.monitor.snapshot(world.now).path.plan.timeout().as_micros() as f64;
        let allowed = (f64::from(after_us) / timeout).log2().ceil().max(0.0) as u32 + 4;
        let step = world.probes;
        world.rtt_us = Some(after_us);
        let mut last_mistake = step;
        let mut dead = false;
        while world.probes < step + 200 {
            world.beat(0);
            let was = core::mem::replace(&mut dead, world.verdict() == Verdict::Dead);
            if dead && !was {
                last_mistake = world.probes;
            }
        }
        let took = last_mistake - step;
        prop_assert!(took <= allowed.min(16), "{took} probes, {allowed} allowed; from {timeout} us to {after_us} us");
        prop_assert_eq!(world.verdict(), Verdict::Alive);
    }
}

/// How late a poll is: mostly a little, now and then a lot.
fn late() -> impl Strategy<Value = u64> {
    prop_oneof![4 => Just(0_u64), 3 => 0_u64..2_000, 2 => 0_u64..5_000_000, 1 => 0_u64..1 << 40]
}

fn second() -> Config {
    Config::every(Duration::from_secs(1))
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap()
}

fn transitions(world: &mut World<Fluctuation>, until: Instant) -> Vec<(Verdict, Reason)> {
    let mut seen = Vec::new();
    while world.now < until {
        world.beat(0);
        seen.extend(world.events.drain(..).filter_map(|event| match event.kind {
            EventKind::Transition(transition) => Some((transition.to, transition.reason)),
            _ => None,
        }));
    }
    seen
}

#[test]
fn a_life_in_transitions() {
    let mut world = World::new(second());
    assert_eq!(
        transitions(&mut world, Instant::from_secs(30)),
        [(Verdict::Alive, Reason::Answered)]
    );
    world.rtt_us = None;
    assert_eq!(
        transitions(&mut world, Instant::from_secs(60)),
        [
            (Verdict::Suspect, Reason::Overdue),
            (Verdict::Dead, Reason::BoundElapsed)
        ]
    );
    world.rtt_us = Some(20_000);
    assert_eq!(
        transitions(&mut world, Instant::from_secs(90)),
        [(Verdict::Alive, Reason::Recovered)]
    );
}

#[test]
fn a_peer_never_heard_is_dead_after_the_bound() {
    let config = Config::every(Duration::from_secs(1))
        .seed(1)
        .build()
        .unwrap();
    let mut world = World::new(config);
    world.rtt_us = None;
    while world.probes == 0 {
        world.beat(0);
    }
    let bound = world.monitor.snapshot(world.now).path.plan.bound();
    let dead_at = world.now.saturating_add(bound);
    while world.verdict() == Verdict::Unknown {
        world.beat(0);
    }
    let [event] = &world.events[..] else {
        panic!("{:?}", world.events);
    };
    assert_eq!((event.at, world.now), (dead_at, dead_at));
    assert!(matches!(
        event.kind,
        EventKind::Transition(t) if (t.to, t.reason) == (Verdict::Dead, Reason::NeverHeard)
    ));
}

#[test]
fn a_verdict_that_a_slow_answer_proves_wrong_is_refuted() {
    let mut world = World::new(second());
    transitions(&mut world, Instant::from_secs(20));
    world.rtt_us = Some(1_500_000); // three timeouts and more, and inside the bound
    let seen = transitions(&mut world, Instant::from_secs(40));
    assert!(
        seen.contains(&(Verdict::Alive, Reason::Refuted)),
        "{seen:?}"
    );
    assert_eq!(world.verdict(), Verdict::Alive);
}

/// Drives a peer whose replies carry no id, and which loses one probe in `nth`; returns how often it was suspected.
fn suspicions_without_ids(nth: u32) -> usize {
    let mut now = Instant::ZERO;
    let config = second().into_builder().gain_percent(0).build().unwrap();
    let mut monitor = Monitor::<8>::with_window(config, now).unwrap();
    let (mut arrivals, mut probes, mut suspicions) = (Vec::new(), 0, 0);
    while now < Instant::from_secs(600) {
        arrivals.retain(|&at| {
            at > now || {
                monitor.handle_reply_any(at);
                false
            }
        });
        now = loop {
            match monitor.poll(now) {
                Output::Send(_) => {
                    probes += 1;
                    if probes % nth != 0 {
                        arrivals.push(now.saturating_add(micros(20_000)));
                    }
                }
                Output::Event(Event {
                    kind: EventKind::Transition(change),
                    ..
                }) => {
                    suspicions += usize::from(change.to == Verdict::Suspect);
                }
                Output::Event(_) => {}
                Output::Wait(until) => break arrivals.iter().copied().fold(until, Instant::min),
                Output::Idle => return suspicions,
            }
        };
        assert_ne!(monitor.verdict(), Verdict::Dead);
    }
    suspicions
}

#[test]
fn a_lost_probe_of_a_peer_without_ids_is_suspected_once() {
    assert_eq!(suspicions_without_ids(1_000_000), 0);
    let suspicions = suspicions_without_ids(50);
    assert!((10..=14).contains(&suspicions), "{suspicions}");
}

#[test]
fn traffic_puts_off_seven_probes_in_eight() {
    let mut now = Instant::ZERO;
    let mut monitor = Monitor::<8>::with_window(second(), now).unwrap();
    let mut probes = 0;
    while now < Instant::from_secs(160) {
        match monitor.poll(now) {
            Output::Send(id) => {
                probes += 1;
                monitor.handle_reply(id, now);
            }
            Output::Event(_) => {}
            _ => {
                now = now.saturating_add(micros(100_000));
                monitor.handle_traffic(now);
            }
        }
    }
    assert!((20..=23).contains(&probes), "{probes}");
}

#[test]
fn a_stall_of_ours_is_reported_and_kills_nobody() {
    let mut world = World::new(second());
    transitions(&mut world, Instant::from_secs(20));
    world.events.clear();
    world.beat(30_000_000);
    let paused = |event: &Event| matches!(event.kind, EventKind::Paused { lateness } if lateness >= Duration::from_secs(29));
    assert!(world.events.iter().any(paused), "{:?}", world.events);
    assert_eq!(world.verdict(), Verdict::Alive);
}

#[test]
fn a_bound_overrides_politeness() {
    let config = second()
        .into_builder()
        .detect_within(Duration::from_secs(3))
        .build()
        .unwrap();
    let mut heart = Heartbeat::<8>::with_window(config);
    for rtt_ms in [1, 400, 1, 400, 1, 400] {
        heart.next_interval(Duration::from_millis(rtt_ms));
        assert!(heart.snapshot().plan.bound() <= Duration::from_secs(3));
    }
}
