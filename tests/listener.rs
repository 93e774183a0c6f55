//! A listener through what pushed heartbeats go through, in virtual time.

use core::time::Duration;
use systole_testkit::ops::listener as beats;

use systole::{
    Beat, Event, EventKind, Instant, Listener, Output, Reason, Transition, Verdict, listener,
    path::SuspicionLevel, peer::RelaxedBy, wire,
};
use systole_testkit::ops::listener::{KEY, Key, World};

const SECOND: Duration = Duration::from_secs(1);

/// In release; a debug build does a tenth, since it checks every law after every step.
const MILLION: u32 = 1_000_000;

fn plain(interval: Duration) -> World {
    World::new(
        listener::Config::builder().build().unwrap(),
        interval,
        false,
    )
}

fn run(world: &mut World, span: Duration) {
    let end = world.now.saturating_add(span);
    while world.now < end {
        world.beat(0);
    }
}

/// The transitions since last asked.
fn transitions(world: &mut World) -> Vec<(Verdict, Reason)> {
    let told = world.events.drain(..).filter_map(|event| match event.kind {
        EventKind::Transition(Transition { to, reason, .. }) => Some((to, reason)),
        _ => None,
    });
    told.collect()
}

/// Kills the sender; returns how long it takes to notice.
fn time_to_detect(world: &mut World) -> Duration {
    let crash = world.now;
    world.stopped = Instant::MAX;
    while world.verdict() != Verdict::Dead {
        world.beat(0);
    }
    world.now.saturating_duration_since(crash)
}

fn next_crash_is_found_within_the_bound(world: &mut World) {
    let (bound, delay) = (world.listener.bound(), SECOND / 50);
    let took = time_to_detect(world);
    assert!(
        took <= bound + delay,
        "{took:?} is over {bound:?} and {delay:?}"
    );
}

/// phi-accrual-failure-detector 0.1 calls a steady peer dead after 17,468 beats, and for good.
#[test]
fn a_steady_beat_of_five_seconds_for_a_million_beats() {
    let beats = if cfg!(debug_assertions) {
        100_000
    } else {
        MILLION
    };
    let mut listener = Listener::new(listener::Config::builder().build().unwrap(), Instant::ZERO);
    let delays = [20_000, 21_000, 40_000, 19_000, 23_000];
    for (sequence, delay_us) in (0..beats).zip(delays.into_iter().cycle()) {
        let slot = Instant::from_secs(5 * u64::from(sequence));
        let at = slot.saturating_add(Duration::from_micros(delay_us));
        assert!(matches!(listener.poll(at), Output::Wait(_)) || sequence == 0);
        listener.handle_beat(&Beat::new(sequence, 5 * SECOND), at);
        while let Output::Event(_) = listener.poll(at) {}
        assert_eq!(listener.verdict(), Verdict::Alive, "beat {sequence}");
    }
    let snapshot = listener.snapshot(Instant::from_secs(5 * u64::from(beats)));
    assert_eq!(
        (snapshot.counters.beats, snapshot.counters.lost),
        (beats, 0)
    );
    assert_eq!(snapshot.events, 1, "nothing but the first beat was told");
    let deviation = snapshot.standard_deviation.as_micros();
    assert!((7_500..8_500).contains(&deviation), "{deviation}");
}

#[test]
fn a_step_of_cadence_by_ten_either_way() {
    let mut world = plain(5 * SECOND);
    for interval in [SECOND / 2, 5 * SECOND, 50 * SECOND, 5 * SECOND] {
        run(&mut world, 500 * SECOND);
        world.sender.set_interval(interval, world.now).unwrap();
        run(&mut world, 500 * SECOND);
        let losses = [(Verdict::Alive, Reason::Answered)];
        assert!(
            transitions(&mut world)
                .iter()
                .all(|told| losses.contains(told))
        );
        assert_eq!(world.listener.snapshot(world.now).interval, interval);
    }
    next_crash_is_found_within_the_bound(&mut world);
}

/// atomr-remote records the gap of an outage, and takes 1,912 s to notice the next crash.
#[test]
fn an_hour_of_outage_locks_nobody_out() {
    let mut world = plain(5 * SECOND);
    run(&mut world, 600 * SECOND);
    world.delay_us = None;
    run(&mut world, 3_600 * SECOND);
    world.delay_us = Some(20_000);
    transitions(&mut world);
    run(&mut world, 10 * SECOND);
    assert_eq!(
        transitions(&mut world),
        [(Verdict::Alive, Reason::Recovered)]
    );
    run(&mut world, 600 * SECOND);
    assert_eq!(transitions(&mut world), []);
    next_crash_is_found_within_the_bound(&mut world);
}

/// The detectors that drop the gaps of a silent peer never learn a cadence of 5.4 s where 5 s were said.
#[test]
fn a_sender_slower_than_it_says_is_understood() {
    let mut listener = Listener::new(listener::Config::builder().build().unwrap(), Instant::ZERO);
    for sequence in 0..2_000 {
        let at = |slot: u32| Instant::from_millis(5_400 * u64::from(slot));
        listener.handle_beat(&Beat::new(sequence, 5 * SECOND), at(sequence));
        for now in [at(sequence), at(sequence + 1)] {
            while let Output::Event(_) = listener.poll(now) {}
            assert_eq!(listener.verdict(), Verdict::Alive, "beat {sequence}");
        }
    }
}

/// A path that is slower by ten bounds from one beat to the next: whether the peer was away cannot be told.
#[test]
fn after_a_lasting_step_in_delay_the_return_is_undecided() {
    let mut world = plain(SECOND);
    run(&mut world, 60 * SECOND);
    transitions(&mut world);
    world.delay_us = Some(40_000_000);
    run(&mut world, 120 * SECOND);
    let told = transitions(&mut world);
    assert_eq!(
        told,
        [
            (Verdict::Suspect, Reason::Overdue),
            (Verdict::Dead, Reason::BoundElapsed),
            (Verdict::Alive, Reason::Undecided),
        ]
    );
    let counters = world.listener.snapshot(world.now).counters;
    let counted = [counters.refuted, counters.recovered, counters.undecided];
    assert_eq!(counted, [0, 0, 1]);
}

/// Of a cluster that moved to direct echo: 20 beats, each delayed by 15 s, kept a dead node alive for 300 s.
#[test]
fn a_queue_that_releases_twenty_stale_beats_is_no_life() {
    let config = listener::Config::builder()
        .detect_within(5 * SECOND)
        .build()
        .unwrap();
    let mut world = World::new(config, SECOND, false);
    run(&mut world, 60 * SECOND);
    world.delay_us = Some(25_000_000); // a queue that stands
    run(&mut world, 20 * SECOND);
    world.stopped = Instant::MAX;
    world.now = world.now.saturating_add(6 * SECOND); // since the peer died
    world.drain();
    assert_eq!(world.verdict(), Verdict::Dead);
    let before = world.listener.snapshot(world.now).counters;
    world.apply(&beats::Op::Release(false));
    let after = world.listener.snapshot(world.now).counters;
    assert_eq!(world.verdict(), Verdict::Dead);
    assert!(after.stale - before.stale >= 19, "{after:?}");
}

#[test]
fn a_goodbye_is_no_death_and_a_return_is_an_answer() {
    let mut world = plain(SECOND);
    run(&mut world, 20 * SECOND);
    transitions(&mut world);
    let goodbye = world.sender.goodbye();
    world.listener.handle_beat(&goodbye, world.now);
    world.drain();
    assert_eq!(transitions(&mut world), [(Verdict::Left, Reason::Left)]);
    assert_eq!(world.wait, Instant::MAX, "nothing is waited for");
    let later = world.now.saturating_add(3_600 * SECOND);
    let back = Beat::new(goodbye.sequence() + 3_600, SECOND).with_incarnation(1);
    world.listener.handle_beat(&back, later);
    assert_eq!(world.verdict(), Verdict::Alive);
}

#[test]
fn a_restart_is_told_plain_or_tagged() {
    for tagged in [false, true] {
        let mut world = World::new(listener::Config::builder().build().unwrap(), SECOND, tagged);
        run(&mut world, 20 * SECOND);
        transitions(&mut world);
        world.apply(&beats::Op::Restart);
        world.beat(0);
        run(&mut world, 5 * SECOND);
        let told = transitions(&mut world);
        assert_eq!(
            told.last(),
            Some(&(Verdict::Alive, Reason::Restarted)),
            "tagged: {tagged}"
        );
        assert!(told.iter().all(|&(to, _)| to != Verdict::Dead));
        assert_eq!(world.listener.snapshot(world.now).counters.restarts, 1);
    }
}

#[test]
fn losses_are_counted_by_their_numbers_and_reordered_beats_are_none() {
    let mut listener =
        Listener::<8>::with_window(listener::Config::builder().build().unwrap(), Instant::ZERO);
    for sequence in [0, 1, 3, 2, 7, 7, 4, 1] {
        let at = Instant::from_secs(u64::from(sequence).max(1));
        listener.handle_beat(&Beat::new(sequence, SECOND), at);
    }
    let counters = listener.snapshot(Instant::from_secs(7)).counters;
    let told = (
        counters.beats,
        counters.lost,
        counters.reordered,
        counters.repeated,
    );
    assert_eq!(told, (4, 2, 2, 2));
}

#[test]
fn a_deadline_over_the_bound_relaxes_it_and_is_held_to_the_limits() {
    let config = listener::Config::builder()
        .detect_within(3 * SECOND)
        .intervals_between(SECOND / 10, 60 * SECOND)
        .build()
        .unwrap();
    let mut listener = Listener::<8>::with_window(config, Instant::ZERO);
    listener.handle_beat(&Beat::new(0, SECOND), Instant::ZERO);
    assert_eq!(listener.bound(), 3 * SECOND);
    let sleepy = Beat::new(1, SECOND).with_deadline(18 * 3_600 * SECOND);
    listener.handle_beat(&sleepy, Instant::from_secs(1));
    assert_eq!(
        listener.bound(),
        61 * SECOND,
        "a minute, and an interval for the delay"
    );
    let mut relaxed = None;
    while let Output::Event(event) = listener.poll(Instant::from_secs(1)) {
        if let EventKind::BoundRelaxed { from, to, by, .. } = event.kind {
            relaxed = Some((from, to, by));
        }
    }
    assert_eq!(
        relaxed,
        Some((3 * SECOND, 61 * SECOND, RelaxedBy::Advertised))
    );
}

#[test]
fn phi_is_finite_at_any_age_and_three_tenths_when_expected() {
    let mut world = plain(SECOND);
    run(&mut world, 60 * SECOND);
    let snapshot = world.listener.snapshot(world.now);
    let expected = snapshot.expected_at.unwrap();
    assert!((world.listener.phi(expected) - 0.301).abs() < 2e-3);
    assert!(world.listener.phi(world.now) < 1e-9);
    world.stopped = Instant::MAX;
    let mut last = 0.0;
    for us in (0..64).map(|shift| 1_u64 << shift) {
        world.now = world.now.max(Instant::from_micros(us));
        world.drain();
        let phi = world.listener.phi(world.now);
        assert!(phi.is_finite() && phi >= last);
        last = phi;
    }
    assert_eq!(world.verdict(), Verdict::Dead);
}

/// A live peer and a million packets of strangers between its beats: all that is told is the first beat.
fn under_attack(tagged: bool, mut forge: impl FnMut(u64, &World) -> Vec<u8>) {
    let mut world = World::new(listener::Config::builder().build().unwrap(), SECOND, tagged);
    run(&mut world, 10 * SECOND);
    let told = world.listener.snapshot(world.now).events;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let packets = if cfg!(debug_assertions) { 100 } else { 1_000 };
    for _ in 0..MILLION / 1_000 {
        for _ in 0..packets {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let packet = forge(random, &world);
            let beat = if tagged {
                wire::open(&packet, 0, &KEY)
            } else {
                wire::decode(&packet)
            };
            if let Ok(beat) = beat {
                world.listener.handle_beat(&beat, world.now);
            }
        }
        world.beat(0);
    }
    assert_eq!(world.verdict(), Verdict::Alive);
    assert_eq!(world.listener.snapshot(world.now).events, told);
    next_crash_is_found_within_the_bound(&mut world);
}

/// 24 bytes of which the first eight are valid as often as not, cut or lengthened now and then.
fn noise(random: u64, _: &World) -> Vec<u8> {
    let beat = Beat::new((random >> 20) as u32, Duration::from_micros(random >> 40))
        .with_incarnation((random >> 32) as u32 | 2)
        .with_deadline(Duration::from_micros(random >> 10));
    let mut bytes = wire::encode(&beat).to_vec();
    match random >> 61 {
        0 => bytes.truncate((random % 24) as usize),
        1 => bytes.resize(25 + (random % 1_000) as usize, 7),
        2 => bytes.fill_with(|| (random >> 33) as u8),
        _ => {}
    }
    bytes
}

#[test]
fn a_million_forged_truncated_and_oversized_packets_change_no_verdict() {
    under_attack(false, noise);
}

#[test]
fn a_million_forged_and_replayed_packets_change_nothing_with_a_tag() {
    let old: Vec<_> = (0..64_u32)
        .map(|sequence| wire::seal(&Beat::new(sequence, SECOND).goodbye(), 0, &KEY).to_vec())
        .collect(); // of incarnation 0, the life before
    under_attack(true, |random, world| {
        let snapshot = world.listener.snapshot(world.now);
        let next = Beat::new(snapshot.sequence + 1, SECOND).with_incarnation(1);
        match random >> 62 {
            0 => wire::seal(&next.goodbye(), 0, &Key(random)).to_vec(),
            1 => old[(random % 64) as usize].clone(),
            2 => wire::encode(&next).to_vec(),
            _ => noise(random, world),
        }
    });
}

/// A listener that wants tags does not take a beat without, whoever decoded it.
#[test]
fn an_authenticated_listener_takes_no_plain_beat() {
    let config = listener::Config::builder()
        .authenticated()
        .incarnations_from(7)
        .build()
        .unwrap();
    let mut listener = Listener::<8>::with_window(config, Instant::ZERO);
    listener.handle_beat(&Beat::new(0, SECOND).with_incarnation(7), Instant::ZERO);
    listener.handle_beat(
        &Beat::new(0, SECOND).with_incarnation(6).authentic(),
        Instant::ZERO,
    );
    assert_eq!(listener.verdict(), Verdict::Unknown);
    listener.handle_beat(
        &Beat::new(0, SECOND).with_incarnation(7).authentic(),
        Instant::ZERO,
    );
    assert_eq!(listener.verdict(), Verdict::Alive);
}

// ---- one beat at a time ----

/// Every deadline up to `until` is looked at.
fn look_on(listener: &mut Listener<8>, until: Instant) {
    let mut now = Instant::ZERO;
    loop {
        match listener.poll(now) {
            Output::Event(_) => {}
            Output::Wait(next) if next <= until => now = next,
            Output::Wait(_) | Output::Idle => return,
        }
    }
}

/// A listener that heard beat 0 at time 0.
fn heard_once(config: listener::Config, interval: Duration) -> Listener<8> {
    let mut listener = Listener::with_window(config, Instant::ZERO);
    listener.handle_beat(&Beat::new(0, interval), Instant::ZERO);
    listener
}

#[test]
fn without_a_stated_bound_so_many_losses_are_waited_for() {
    for losses in [0, 3] {
        let config = listener::Config::builder().losses(losses).build().unwrap();
        let bound = heard_once(config, SECOND).bound();
        let overdue = SECOND * 9 / 8;
        assert_eq!(bound, overdue + u32::from(losses) * SECOND);
    }
}

#[test]
fn a_bound_that_is_kept_is_not_called_relaxed() {
    let config = listener::Config::builder()
        .detect_within(3 * SECOND)
        .build()
        .unwrap();
    let mut listener = heard_once(config, SECOND);
    for sequence in 1..4 {
        let at = Instant::from_secs(u64::from(sequence));
        listener.handle_beat(&Beat::new(sequence, SECOND), at);
    }
    let events = listener.snapshot(Instant::from_secs(3)).events;
    assert_eq!(events, 1, "the first beat alone");
}

/// Of a sender that is a quarter faster than it says, and sixteen more.
#[test]
fn a_jump_of_as_many_slots_as_have_passed_is_believed() {
    let counted = |sequence: u32, seconds: u64| {
        let mut listener = heard_once(listener::Config::builder().build().unwrap(), SECOND);
        let at = Instant::from_secs(seconds);
        listener.handle_beat(&Beat::new(sequence, SECOND), at);
        let counters = listener.snapshot(at).counters;
        (counters.beats, counters.ignored)
    };
    assert_eq!([counted(16, 0), counted(17, 0)], [(2, 0), (1, 1)]);
    assert_eq!([counted(20, 3), counted(21, 3)], [(2, 0), (1, 1)]);
}

#[test]
fn a_new_life_is_believed_once_the_known_one_is_overdue_or_has_left() {
    let believed = |mut listener: Listener<8>, from: Instant| {
        let interval = SECOND / 10;
        for (sequence, at) in [(0, from), (1, from.saturating_add(interval))] {
            let beat = Beat::new(sequence, interval).with_incarnation(9);
            listener.handle_beat(&beat, at);
        }
        let snapshot = listener.snapshot(from);
        (snapshot.incarnation == Some(9), snapshot.counters.ignored)
    };
    let mut listener = heard_once(listener::Config::builder().build().unwrap(), SECOND);
    let at = Instant::from_millis;
    assert_eq!(believed(listener.clone(), at(500)), (false, 2));
    assert_eq!(believed(listener.clone(), at(1_100)), (true, 1)); // overdue at 1.125 s, though nobody has looked
    listener.handle_beat(&Beat::new(1, SECOND).goodbye(), at(200));
    assert_eq!(believed(listener, at(300)), (true, 1));
}

const SLOT: Duration = Duration::from_millis(4_096);

#[test]
fn a_beat_as_old_as_the_bound_is_not_stale_yet() {
    let config = listener::Config::builder()
        .detect_within(3 * SLOT)
        .build()
        .unwrap();
    for (older_us, stale) in [(0, 0), (1, 1)] {
        let mut listener = heard_once(config, SLOT);
        let age = 3 * SLOT + Duration::from_micros(older_us);
        let at = Instant::from_millis(4_096).saturating_add(age);
        look_on(&mut listener, at);
        listener.handle_beat(&Beat::new(1, SLOT), at);
        assert_eq!(listener.snapshot(at).counters.stale, stale, "{age:?}");
    }
}

#[test]
fn a_death_is_refuted_by_a_beat_sent_before_it() {
    let sent = Duration::from_millis(2 * 4_096);
    let at = Instant::from_millis(8_200);
    for (bound, told) in [
        (sent, (0, 1)), // at the moment of the verdict
        (sent + Duration::from_micros(1), (1, 0)),
    ] {
        let config = listener::Config::builder()
            .detect_within(bound)
            .build()
            .unwrap();
        let mut listener = heard_once(config, SLOT);
        look_on(&mut listener, at);
        assert_eq!(listener.verdict(), Verdict::Dead);
        listener.handle_beat(&Beat::new(2, SLOT), at);
        let counters = listener.snapshot(at).counters;
        assert_eq!((counters.refuted, counters.recovered), told, "{bound:?}");
    }
}

#[test]
fn phi_is_eight_tenths_a_deviation_after_what_was_expected() {
    let mut listener = heard_once(listener::Config::builder().build().unwrap(), SECOND);
    for sequence in 1..40 {
        let late = 100 * u64::from(sequence % 2);
        let at = Instant::from_millis(1_000 * u64::from(sequence) + late);
        listener.handle_beat(&Beat::new(sequence, SECOND), at);
    }
    let snapshot = listener.snapshot(Instant::from_secs(40));
    let (expected, deviation) = (snapshot.expected_at.unwrap(), snapshot.standard_deviation);
    assert!(deviation > SECOND / 25);
    let phi = listener.phi(expected.saturating_add(deviation));
    assert!((phi - 0.799_5).abs() < 1e-3, "{phi}"); // of one in 6.3
}

#[test]
fn the_load_is_reported() {
    let mut world = plain(SECOND);
    world.sender.set_load(Some(200));
    run(&mut world, 5 * SECOND);
    assert_eq!(world.listener.load(), Some(200));
    world.sender.set_load(None);
    run(&mut world, 5 * SECOND);
    assert_eq!(world.listener.load(), None);
}

/// What a verdict turned out to be is counted by its kind; and the level rises in silence.
#[test]
fn deaths_are_counted_by_what_they_were() {
    let mut world = plain(SECOND);
    run(&mut world, 30 * SECOND);
    let calm = world.listener.level(world.now);
    time_to_detect(&mut world);
    assert!(world.listener.level(world.now) > calm);
    world.stopped = Instant::ZERO;
    let counters = world.listener.snapshot(world.now).counters;
    assert_eq!(
        (counters.refuted, counters.recovered, counters.undecided),
        (0, 0, 0)
    );

    let incarnation = world.listener.snapshot(world.now).incarnation.unwrap();
    let sent = |world: &World, sequence: u32, now: Instant| {
        let mut listener = world.listener.clone();
        let beat = Beat::new(sequence, SECOND).with_incarnation(incarnation);
        listener.handle_beat(&beat, now);
        let counters = listener.snapshot(now).counters;
        (counters.refuted, counters.recovered)
    };
    let (snapshot, now) = (world.listener.snapshot(world.now), world.now);
    let silent = now.saturating_duration_since(snapshot.heard_at.unwrap());
    let before = snapshot.sequence + 1; // sent before the verdict
    let after = snapshot.sequence + u32::try_from(silent.as_secs()).unwrap() + 2;
    assert_eq!(sent(&world, before, now), (1, 0));
    let later = now.saturating_add(2 * SECOND);
    assert_eq!(sent(&world, after, later), (0, 1));
}

/// What ends a silence is told with the level that it had reached, and that of a punctual peer is zero.
#[test]
fn a_return_is_told_with_the_level_of_the_silence_before() {
    let mut world = plain(SECOND);
    run(&mut world, 30 * SECOND);
    let snapshot = world.listener.snapshot(world.now);
    let next = Beat::new(snapshot.sequence + 1, SECOND);
    let next = next.with_incarnation(snapshot.incarnation.unwrap());
    let told = |listener: &mut Listener<8>, beat: &Beat, at: Instant| {
        while let Output::Event(_) = listener.poll(at) {}
        let before = listener.level(at);
        listener.handle_beat(beat, at);
        let Output::Event(Event {
            kind: EventKind::Transition(told),
            ..
        }) = listener.poll(at)
        else {
            return None;
        };
        Some((told.from, told.to, before, told.level))
    };

    let mut silent = world.listener.clone();
    let overdue = world.wait;
    while let Output::Event(_) = silent.poll(overdue) {}
    assert_eq!(silent.verdict(), Verdict::Suspect);
    let overdue = overdue.saturating_add(SECOND / 10);
    let (from, to, before, level) = told(&mut silent, &next, overdue).unwrap();
    assert_eq!((from, to), (Verdict::Suspect, Verdict::Alive));
    assert!(level == before && level > SuspicionLevel::ZERO);

    let late = snapshot.expected_at.unwrap().saturating_add(SECOND / 20);
    let (from, to, before, level) = told(&mut world.listener, &next.goodbye(), late).unwrap();
    assert_eq!((from, to), (Verdict::Alive, Verdict::Left));
    assert!(level == SuspicionLevel::ZERO && before > level);
}

/// After a suspend that no clock saw, the peer has a whole bound from now on.
#[test]
fn after_a_suspend_a_whole_bound_is_left() {
    let mut world = plain(SECOND);
    run(&mut world, 30 * SECOND);
    let now = world.listener.snapshot(world.now).dead_at.unwrap();
    let now = now.saturating_sub(SECOND / 10);
    while let Output::Event(_) = world.listener.poll(now) {}
    assert_eq!(world.listener.verdict(), Verdict::Suspect);
    world.listener.resumed(now);
    let dead_at = world.listener.snapshot(now).dead_at.unwrap();
    assert_eq!(dead_at, now.saturating_add(world.listener.bound()));
    while let Output::Event(_) = world.listener.poll(dead_at) {}
    assert_eq!(world.listener.verdict(), Verdict::Dead);
    world.listener.resumed(dead_at);
    assert_eq!(world.listener.snapshot(dead_at).dead_at, None);
}

/// A device that is awake for a while, sleeps while its clock stands still, and says `resumed` at each wake.
#[test]
fn whoever_says_resumed_at_every_wake_finds_a_dead_sender_after_four_bounds_awake() {
    for awake in [SECOND / 10, SECOND, 3 * SECOND, 20 * SECOND] {
        let mut world = plain(SECOND);
        run(&mut world, 30 * SECOND);
        world.stopped = Instant::MAX;
        let (crash, bound) = (world.now, world.listener.bound());
        let before = world.listener.snapshot(crash).counters.lateness_us;
        while world.verdict() != Verdict::Dead {
            world.listener.resumed(world.now);
            let sleeps = world.now.saturating_add(awake);
            while world.drain() <= sleeps {
                world.now = world.wait;
            }
            world.now = sleeps;
        }
        let credited_us = world.listener.snapshot(world.now).counters.lateness_us - before;
        let credited = Duration::from_micros(credited_us);
        assert!(credited <= 3 * bound, "{credited:?} of {bound:?}");
        let took = world.now.saturating_duration_since(crash);
        let least = SECOND / 50;
        assert!(
            took <= bound + credited + least + awake,
            "{took:?} at wakes of {awake:?}"
        );
    }
}

/// Its beats arrive whenever it is awake for an interval.
#[test]
fn whoever_says_resumed_at_every_wake_hears_a_live_sender() {
    let mut listener =
        Listener::<8>::with_window(listener::Config::builder().build().unwrap(), Instant::ZERO);
    let mut now = Instant::ZERO;
    for wake in 0..500 {
        listener.resumed(now);
        let next = now.saturating_add(SECOND / 100 * (wake % 100)); // the clocks' phases differ at each wake
        look_on(&mut listener, next);
        assert_ne!(listener.verdict(), Verdict::Dead, "wake {wake}");
        listener.handle_beat(&Beat::new(wake * 60, SECOND), next);
        now = now.saturating_add(SECOND);
    }
    assert_eq!(listener.verdict(), Verdict::Alive);
}

/// A stamp before the last arrival is none: or else all later beats would seem late beside it.
#[test]
fn a_beat_that_is_stamped_before_the_last_one_counts_as_of_now() {
    let config = listener::Config::builder()
        .detect_within(3 * SECOND)
        .build()
        .unwrap();
    let mut listener = Listener::<8>::with_window(config, Instant::ZERO);
    for sequence in 0..40 {
        let at = Instant::from_secs(u64::from(sequence));
        look_on(&mut listener, at);
        assert_ne!(listener.verdict(), Verdict::Dead, "beat {sequence}");
        let stamp = if sequence == 20 { Instant::ZERO } else { at };
        listener.handle_beat(&Beat::new(sequence, SECOND), stamp);
    }
    assert_eq!(listener.verdict(), Verdict::Alive);
}

/// The bound is not even an interval and an eighth, when a beat is overdue at the earliest.
#[test]
fn nobody_is_dead_who_was_not_suspect() {
    for bound in [SECOND, SECOND * 11 / 10] {
        let config = listener::Config::builder()
            .detect_within(bound)
            .build()
            .unwrap();
        let mut listener = heard_once(config, SECOND);
        let mut told = Vec::new();
        let mut now = Instant::ZERO;
        while listener.verdict() != Verdict::Dead || told.len() < 3 {
            match listener.poll(now) {
                Output::Event(Event {
                    kind: EventKind::Transition(change),
                    ..
                }) => {
                    told.push((change.from, change.to));
                    assert!(change.to != Verdict::Dead || change.level > SuspicionLevel::ZERO);
                }
                Output::Wait(next) => now = next.saturating_add(bound / 3), // late
                _ => {}
            }
        }
        let steps = [
            Verdict::Unknown,
            Verdict::Alive,
            Verdict::Suspect,
            Verdict::Dead,
        ];
        assert!(
            told.iter()
                .copied()
                .eq(steps.windows(2).map(|step| (step[0], step[1])))
        );
    }
}

/// A clock that leapt by an hour and was put right: what was heard was heard when it was, and the next beat is expected when it was.
#[test]
fn a_leap_that_is_put_right_moves_nothing() {
    let mut world = plain(SECOND);
    run(&mut world, 30 * SECOND);
    let (now, before) = (world.now, world.listener.snapshot(world.now));
    let leapt = now.saturating_add(3_600 * SECOND);
    let beat = Beat::new(before.sequence + 1, SECOND);
    let beat = beat.with_incarnation(before.incarnation.unwrap());
    world.listener.handle_beat(&beat, leapt);
    world.listener.resync(now);
    let after = world.listener.snapshot(now);
    assert_eq!(after.heard_at, Some(now));
    assert!(after.expected_at.unwrap() <= now.saturating_add(2 * SECOND));
    assert_eq!(after.verdict, Verdict::Alive);
}

/// The sender keeps its pace, so that only the fluctuation of the path is allowed for: one interval at most.
#[test]
fn a_held_beat_lengthens_the_bound_by_less_than_an_interval_and_for_a_window() {
    const SECOND: Duration = Duration::from_secs(1);
    let config = listener::Config::builder().authenticated().build().unwrap();
    let mut listener = Listener::new(config, Instant::ZERO);
    let (mut now, mut bounds) = (Instant::ZERO, Vec::new());
    let first = (0..20).map(|slot| (1, slot, 1 + u64::from(slot)));
    let held = [(1, 20, 31)];
    let second = (0..40).map(|slot| (2, slot, 40 + u64::from(slot)));
    for (incarnation, slot, at_s) in first.chain(held).chain(second) {
        let at = Instant::from_secs(at_s);
        while now < at {
            match listener.poll(now) {
                Output::Wait(until) => now = until.min(at),
                Output::Event(_) => {}
                Output::Idle => panic!("it ended"),
            }
        }
        let beat = Beat::new(slot, SECOND).with_deadline(SECOND * 9 / 8);
        listener.handle_beat(&beat.with_incarnation(incarnation).authentic(), at);
        bounds.push(listener.bound());
    }
    let usual = Duration::from_millis(4_250);
    assert!(bounds[..21].iter().all(|&bound| bound == usual));
    let most = usual + SECOND * 7 / 8;
    assert!(bounds[21..52].iter().all(|&bound| bound <= most));
    assert!(
        bounds[52..].iter().all(|&bound| bound == usual),
        "{bounds:?}"
    );
}

#[test]
fn what_became_of_a_heartbeat_is_returned() {
    use systole::listener::BeatOutcome::{
        Fresh, Goodbye, Ignored, NewLife, Reordered, Repeated, Stale,
    };
    let config = listener::Config::builder()
        .detect_within(3 * SECOND)
        .build()
        .unwrap();
    let mut listener = Listener::new(config, Instant::ZERO);
    let beat = |sequence| Beat::new(sequence, SECOND);
    let stranger = beat(9).with_incarnation(3);
    for (at, beat, outcome) in [
        (0, beat(0), NewLife),
        (1, beat(1), Fresh),
        (2, beat(1), Repeated),
        (3, beat(3), Fresh),
        (3, beat(2), Reordered),
        (4, beat(4), Fresh),
        (4, stranger, Ignored),
        (10, beat(5), Stale), // its slot was at 5 s
        (11, beat(6).goodbye(), Goodbye),
    ] {
        let at = Instant::from_secs(at);
        assert_eq!(listener.handle_beat(&beat, at), outcome, "{beat:?}");
        while let Output::Event(_) = listener.poll(at) {}
    }
}
