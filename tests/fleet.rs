//! What a fleet promises beyond what its monitors do, in virtual time.
#![cfg(feature = "alloc")]

use core::time::Duration;
use systole_testkit::spent;

use systole::{
    Config, Event, EventKind, Fleet, Instant, Output, ProbeId, Verdict,
    fleet::{self, PeerKey},
};

use systole_testkit::swarm::Swarm;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config::every(SECOND)
        .detect_within(3 * SECOND)
        .seed(0xd1ce)
        .build()
        .unwrap()
}

const fn everybody(_: PeerKey, _: Instant) -> bool {
    true
}

fn changes(events: &[Event<fleet::PeerEvent>], to: Verdict) -> Vec<(PeerKey, Instant)> {
    let of = |told: &Event<fleet::PeerEvent>| match told.kind.kind {
        EventKind::Transition(change) if change.to == to => Some((told.kind.peer?, told.at)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn without_a_seed_it_is_refused() {
    let unseeded = Config::every(SECOND).build().unwrap();
    assert!(Fleet::<4>::with_window(unseeded, Instant::ZERO).is_err());
}

#[test]
fn first_probes_are_spread_over_an_interval() {
    let mut swarm = Swarm::new(Config::every(10 * SECOND).seed(7).build().unwrap(), 2_000);
    swarm.run(10 * SECOND, everybody);
    for second in &swarm.rates[..9] {
        assert!((150..250).contains(second), "{:?}", swarm.rates);
    }
}

/// The bound holds for each, nobody else is suspected, and on time is on time.
#[test]
fn whoever_is_killed_is_found_within_the_bound() {
    let mut swarm = Swarm::new(config(), 500);
    swarm.run(10 * SECOND, everybody);
    let killed: Vec<_> = swarm.peers.iter().copied().step_by(97).collect();
    let crash = swarm.now;
    swarm.run(10 * SECOND, |peer, _| !killed.contains(&peer));
    let dead = changes(&swarm.events, Verdict::Dead);
    assert_eq!(dead.len(), killed.len());
    for (peer, at) in dead {
        assert!(killed.contains(&peer));
        assert!(at <= crash.saturating_add(3 * SECOND), "{at}");
    }
    assert_eq!(changes(&swarm.events, Verdict::Suspect).len(), killed.len());
    assert_eq!(swarm.fleet.census().dead, killed.len());
    assert_eq!(swarm.fleet.lateness().quantile(1.0), Duration::ZERO);
}

#[test]
fn a_stall_of_ours_suspects_nobody_and_is_told_once() {
    let mut swarm = Swarm::new(config(), 500);
    swarm.run(10 * SECOND, everybody);
    swarm.events.clear();
    for stall in [3 * SECOND, 30 * SECOND] {
        swarm.sleep(stall);
        swarm.run(5 * SECOND, everybody);
    }
    let pauses = swarm
        .events
        .iter()
        .map(|told| (told.kind.peer, told.kind.kind));
    let pauses: Vec<_> = pauses.collect();
    assert!(
        matches!(
            pauses[..],
            [
                (None, EventKind::Paused { .. }),
                (None, EventKind::Paused { .. })
            ]
        ),
        "{pauses:?}"
    );
    assert_eq!(swarm.fleet.census().alive, 500);
}

/// Answers that our socket lost are no evidence, however often that happens; a peer that answers nothing in between is found all the same.
#[test]
fn what_was_lost_on_our_side_is_no_evidence() {
    let mut swarm = Swarm::new(config(), 200);
    swarm.run(5 * SECOND, everybody);
    swarm.events.clear();
    let dead = swarm.peers[17];
    for _ in 0..40 {
        swarm.run(Duration::from_millis(250), |peer, _| peer != dead);
        swarm.sleep(Duration::from_millis(50)); // for which the buffer of the socket is too small
        swarm.overflow();
    }
    assert_eq!(swarm.fleet.counters().overflows, 40);
    assert!(swarm.fleet.counters().probes > swarm.fleet.counters().answered + 100);
    for to in [Verdict::Suspect, Verdict::Dead] {
        assert!(changes(&swarm.events, to).iter().all(|told| told.0 == dead));
    }
    assert_eq!(swarm.fleet.verdict(dead), Some(Verdict::Dead));
}

/// One probe in twenty is lost within a moment: more than the budget has retries for at once, not more than it has in time.
#[test]
fn who_loses_one_probe_together_with_many_is_not_dead() {
    let unbounded = Config::every(SECOND).seed(0xd1ce).build().unwrap();
    let mut swarm = Swarm::new(unbounded, 10_000);
    swarm.run(5 * SECOND, everybody);
    swarm.run(SECOND / 20, |_, _| false);
    swarm.run(5 * SECOND, everybody);
    assert!(swarm.fleet.counters().suspect > 400);
    assert_eq!(swarm.fleet.counters().dead, 0);
}

/// All silent for half a minute, then back: at no time twice the steady rate.
#[test]
fn an_outage_of_everything_is_no_flood() {
    for (peers, every) in [(500, 1), (3_000, 10)] {
        let config = Config::every(every * SECOND).seed(3).build().unwrap();
        let mut swarm = Swarm::new(config, peers);
        swarm.run(60 * SECOND, everybody);
        let steady = f64::from(swarm.rates[20..60].iter().sum::<u32>()) / 40.0;
        let from = swarm.now;
        let back = from.saturating_add(30 * SECOND);
        swarm.run(90 * SECOND, |_, at| at >= back);
        let peak = f64::from(*swarm.rates[60..].iter().max().unwrap());
        assert!(
            peak < 2.0 * steady,
            "{peak} after {steady}: {:?}",
            &swarm.rates[60..]
        );
        assert_eq!(swarm.fleet.census().alive, peers);
    }
}

/// Everything is due at once: what arrives has its turn after a bounded number of polls.
#[test]
fn a_drain_ends_though_more_is_due() {
    let now = Instant::ZERO;
    let mut fleet = Fleet::<4>::with_window(
        config()
            .into_builder()
            .without_initial_delay()
            .build()
            .unwrap(),
        now,
    )
    .unwrap();
    for _ in 0..5_000 {
        fleet.add(now);
    }
    let (mut probes, mut drains, mut at, mut longest) = (0, 0, now, 0);
    while probes < 5_000 {
        drains += 1;
        let drain = (1..).find_map(|polls| match fleet.poll(at) {
            Output::Wait(until) => Some((polls, until)),
            Output::Send(fleet::Probe { .. }) => {
                probes += 1;
                None
            }
            Output::Idle => unreachable!("time is up"),
        });
        let (polls, until) = drain.unwrap();
        assert!(until > at);
        longest = polls.max(longest);
        at = until;
    }
    assert_eq!((drains, longest), (20, Fleet::<4>::MAX_DRAIN));
}

#[test]
fn a_key_is_its_peers_for_ever() {
    let mut swarm = Swarm::new(config(), 10);
    swarm.run(5 * SECOND, everybody);
    let gone = swarm.peers[3];
    assert_eq!(PeerKey::from_be_bytes(gone.to_be_bytes()), gone);
    assert!(swarm.fleet.remove(gone));
    assert!(!swarm.fleet.remove(gone));
    let heir = swarm.fleet.add(swarm.now);
    assert_eq!(heir.index(), gone.index());
    assert_ne!(heir, gone);
    let ignored = swarm.fleet.counters().ignored;
    swarm.fleet.handle_reply(gone, 7.into(), swarm.now);
    assert_eq!(swarm.fleet.counters().ignored, ignored + 1);
    assert_eq!(
        (swarm.fleet.verdict(gone), swarm.fleet.verdict(heir)),
        (None, Some(Verdict::Unknown))
    );
    swarm.run(5 * SECOND, everybody);
    assert_eq!(swarm.fleet.census().alive, 10);
    assert_eq!(swarm.fleet.census().peers(), 10);
}

#[test]
fn the_worst_come_first() {
    let mut swarm = Swarm::new(config(), 100);
    swarm.run(5 * SECOND, everybody);
    assert!(swarm.fleet.worst(10, swarm.now).is_empty());
    let (first, second, third) = (swarm.peers[5], swarm.peers[50], swarm.peers[95]);
    swarm.run(10 * SECOND, |peer, _| peer != first);
    swarm.run(10 * SECOND, |peer, _| peer != first && peer != second);
    swarm.run(2 * SECOND, |peer, _| {
        peer != first && peer != second && peer != third
    });
    let worst = swarm.fleet.worst(10, swarm.now);
    let order: Vec<_> = worst
        .iter()
        .map(|status| (status.peer, status.path.verdict))
        .collect();
    assert_eq!(
        order,
        [
            (first, Verdict::Dead),
            (second, Verdict::Dead),
            (third, Verdict::Suspect)
        ]
    );
    assert!(worst[0].silent > 15 * SECOND && worst[2].silent < 3 * SECOND);
    for count in 0..=3 {
        let worst = swarm.fleet.worst(count, swarm.now);
        let peers = worst.iter().map(|status| status.peer);
        assert!(peers.eq([first, second, third].into_iter().take(count)));
    }
    let census = swarm.fleet.census();
    assert_eq!((census.dead, census.suspect, census.peers()), (2, 1, 100));
    swarm.run(10 * SECOND, everybody);
    assert!(swarm.fleet.worst(10, swarm.now).is_empty());
    assert_eq!(swarm.fleet.census().alive, 100);
}

/// Numbers rise by one; who reads too seldom finds a gap and the latest.
#[test]
fn events_are_bounded_and_numbered() {
    let mut swarm = Swarm::new(config(), 100);
    swarm.run(5 * SECOND, everybody);
    let numbers = swarm.events.iter().map(|told| told.number);
    assert!(numbers.eq(1..=100));
    let mut fleet = swarm.fleet;
    let mut now = swarm.now;
    for _ in 0..5_000 {
        if let Output::Wait(until) = fleet.poll(now) {
            now = until; // all die, and nobody takes the events
        }
    }
    assert_eq!(fleet.census().dead, 100);
    let left: Vec<_> = fleet.events().map(|told| told.number).collect();
    // 100 were suspected and 100 died, and the fleet is isolated; 64 more are kept than there are
    // peers, so that what is told of the fleet displaces nobody's death
    assert_eq!(left, (138..=301).collect::<Vec<_>>());
}

/// A key reads as what tells its peer from those that had its place before.
#[test]
fn a_key_reads_as_place_and_generation() {
    let mut swarm = Swarm::new(config(), 2);
    let first = swarm.peers[1];
    assert!(swarm.fleet.remove(first));
    let second = swarm.fleet.add(swarm.now);
    assert_eq!(first.to_string().split_once('.').unwrap().0, "1");
    assert_eq!(second.to_string().split_once('.').unwrap().0, "1");
    assert_ne!(first.to_string(), second.to_string());
}

#[test]
fn whoever_is_asked_at_once_is_asked_before_the_others() {
    let mut swarm = Swarm::new(config(), 3);
    swarm.run(10 * SECOND, everybody);
    let Output::Wait(until) = swarm.fleet.poll(swarm.now) else {
        unreachable!("nothing is due");
    };
    let peer = swarm.peers[0];
    swarm.fleet.probe_now(peer, swarm.now);
    let Output::Wait(sooner) = swarm.fleet.poll(swarm.now) else {
        return; // at once
    };
    assert!(sooner <= until);
    assert!(
        matches!(swarm.fleet.poll(sooner), Output::Send(fleet::Probe { peer: asked, .. }) if asked == peer)
    );
}

/// A reply stamped before the last look is taken for what it was then, and told of when it was handed in.
#[test]
fn a_reply_may_be_of_the_past() {
    let mut fleet = Fleet::<4>::with_window(config(), Instant::ZERO).unwrap();
    let peer = fleet.add(Instant::ZERO);
    let (mut now, mut sent) = (Instant::ZERO, None);
    while sent.is_none() {
        match fleet.poll(now) {
            Output::Send(fleet::Probe { id, .. }) => sent = Some(id),
            Output::Wait(until) => now = until,
            Output::Idle => unreachable!("time has not ended"),
        }
    }
    let arrived = now.saturating_add(SECOND / 50);
    let read = now.saturating_add(SECOND / 2);
    while !matches!(fleet.poll(read), Output::Wait(_)) {}
    fleet.handle_reply(peer, sent.unwrap(), arrived);
    assert!(fleet.status(peer, read).is_some());
    assert_eq!(fleet.verdict(peer), Some(Verdict::Alive));
    assert_eq!(fleet.counters().ignored, 0);
    let told: Vec<_> = fleet.events().collect();
    assert_eq!(changes(&told, Verdict::Alive), [(peer, read)]);
}

/// One that is gone is struck off the list of the troubled, though it never recovered.
#[test]
fn whoever_is_removed_in_trouble_is_not_among_the_worst() {
    let mut swarm = Swarm::new(config(), 3);
    swarm.run(10 * SECOND, everybody);
    let gone = swarm.peers[1];
    swarm.run(10 * SECOND, |peer, _| peer != gone);
    assert_eq!(swarm.fleet.worst(9, swarm.now).len(), 1);
    assert!(swarm.fleet.remove(gone));
    assert_eq!(swarm.fleet.worst(9, swarm.now).len(), 0);
}

/// Whoever takes the place of a peer that died there is among the worst once, not twice.
#[test]
fn a_place_in_trouble_is_listed_once() {
    let mut fleet = Fleet::<4>::with_window(config(), Instant::ZERO).unwrap();
    let mut now = Instant::ZERO;
    let mut die = |fleet: &mut Fleet<4>, peer| {
        while fleet.verdict(peer) != Some(Verdict::Dead) {
            if let Output::Wait(until) = fleet.poll(now) {
                now = until;
            }
        }
        now
    };
    let first = fleet.add(Instant::ZERO);
    let at = die(&mut fleet, first);
    assert!(fleet.remove(first));
    let second = fleet.add(at);
    let at = die(&mut fleet, second);
    let worst: Vec<_> = fleet.worst(10, at).iter().map(|one| one.peer).collect();
    assert_eq!(worst, [second]);
    assert!(!fleet.remove(first), "an old key is nobody's");
    assert_eq!(fleet.census().peers(), 1);
}

/// Who looks early, and then on time, was never late.
#[test]
fn lateness_is_told_and_counted_where_there_is_some() {
    let config = config()
        .into_builder()
        .report_pauses_over(Duration::ZERO)
        .build()
        .unwrap();
    let mut fleet = Fleet::<4>::with_window(config, Instant::ZERO).unwrap();
    let peer = fleet.add(Instant::ZERO);
    let wait = |fleet: &mut Fleet<4>, now| loop {
        if let Output::Wait(until) = fleet.poll(now) {
            return until;
        }
    };
    let until = wait(&mut fleet, Instant::ZERO);
    let half = until.saturating_sub(until.saturating_duration_since(Instant::ZERO) / 2);
    fleet.handle_failure(peer, 7.into(), systole::Failure::Reset, half); // answers nothing
    let until = wait(&mut fleet, until);
    assert_eq!(fleet.counters().pauses, 0);
    wait(&mut fleet, until.saturating_add(SECOND));
    assert_eq!(fleet.counters().pauses, 1);
    let told = |told: Event<fleet::PeerEvent>| matches!(told.kind.kind, EventKind::Paused { lateness, .. } if lateness == SECOND);
    assert_eq!(fleet.events().filter(|&event| told(event)).count(), 1);
}

/// Peers have seeds of their own, that follow from the fleet's.
#[test]
fn probe_ids_follow_from_the_seed_and_the_key() {
    let first = |seed: u64| {
        let config = config()
            .into_builder()
            .seed(seed)
            .without_initial_delay()
            .build()
            .unwrap();
        let mut fleet = Fleet::<4>::with_window(config, Instant::ZERO).unwrap();
        for _ in 0..2 {
            fleet.add(Instant::ZERO);
        }
        [(); 2].map(|()| match fleet.poll(Instant::ZERO) {
            Output::Send(fleet::Probe { id, .. }) => u64::from(id),
            _ => 0,
        })
    };
    let ids = [18_376_509_633_639_784_258, 14_580_585_062_732_746_209];
    assert_eq!(first(7), ids);
}

/// A million replies of strangers, a tenth of it without optimisation: answered before, guessed, meant for another peer, to keys that nobody has. One peer
/// answers nothing, and is found and stays dead; nobody else is doubted.
#[test]
fn a_million_forged_and_replayed_replies_change_no_verdict() {
    let mut fleet = Fleet::<4>::with_window(config(), Instant::ZERO).unwrap();
    let peers: Vec<_> = (0..8).map(|_| fleet.add(Instant::ZERO)).collect();
    let silent = peers[3];
    let (mut now, mut random) = (Instant::ZERO, 0x9e37_79b9_7f4a_7c15_u64);
    let (mut known, mut told) = (Vec::new(), Vec::new());
    let packets = if cfg!(debug_assertions) { 100 } else { 1_000 };
    for _ in 0..1_000 {
        now = loop {
            match fleet.poll(now) {
                Output::Send(fleet::Probe { peer, .. }) if peer == silent => {}
                Output::Send(fleet::Probe { peer, id, .. }) => {
                    fleet.handle_reply(peer, id, now);
                    known.push((peer, id));
                }
                Output::Wait(until) => break until,
                Output::Idle => unreachable!("time has not ended"),
            }
        };
        let packets = if known.is_empty() { 0 } else { packets };
        for _ in 0..packets {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let any = |count: usize| usize::try_from(random >> 33).unwrap() % count;
            let (peer, id) = known[any(known.len())];
            let other = peers[any(peers.len())];
            match random >> 62 {
                0 => {
                    fleet.handle_reply(peer, id, now);
                }
                1 => {
                    fleet.handle_reply(other, ProbeId::from(random.rotate_left(32)), now);
                }
                2 if other != peer => {
                    fleet.handle_reply(other, id, now);
                }
                _ => {
                    fleet.handle_reply(PeerKey::from_be_bytes(random.to_be_bytes()), id, now);
                }
            }
        }
        told.extend(fleet.events());
    }
    assert!(now > Instant::from_secs(10));
    let dead = changes(&told, Verdict::Dead);
    assert!(
        matches!(dead[..], [(peer, _)] if peer == silent),
        "{dead:?}"
    );
    assert_eq!(changes(&told, Verdict::Suspect).len(), 0);
    assert_eq!((fleet.census().alive, fleet.census().dead), (7, 1));
}

/// A fleet in which a hundred peers are asked once a second and all others have nothing to do for days.
#[cfg(target_os = "linux")]
fn mostly_idle(idle: usize) -> Swarm {
    let config = Config::every(Duration::from_secs(2 * 86_400))
        .seed(0x1d1e)
        .build()
        .unwrap();
    Swarm::new(config, idle + BUSY)
}

#[cfg(target_os = "linux")]
const BUSY: usize = 100;

/// What a probe and its answer cost.
#[cfg(target_os = "linux")]
fn cost_of_the_busy(swarm: &mut Swarm) -> Duration {
    let (count, began) = (swarm.count, spent::spent());
    for _ in 0..200 {
        for peer in 0..BUSY {
            swarm.fleet.probe_now(swarm.peers[peer], swarm.now);
        }
        swarm.run(Duration::from_secs(1), |_, _| true);
    }
    let answered = u32::try_from((swarm.count - count) / 2).unwrap();
    assert!(answered >= 190 * 100, "{answered}");
    spent::spent().saturating_sub(began) / answered
}

/// Those that have nothing to do cost nothing: a probe and its answer take about as long beside a thousand times as many. Caches are shared, with whoever else
/// is on this machine, too.
#[cfg(target_os = "linux")]
#[test]
fn the_idle_cost_nothing() {
    let (few, many) = (1_000, 1_000_000);
    let (mut small, mut large) = (mostly_idle(few), mostly_idle(many));
    let costs = (0..7).map(|_| [&mut small, &mut large].map(cost_of_the_busy));
    let [small, large] = costs.fold([Duration::MAX; 2], |[a, b], [c, d]| [a.min(c), b.min(d)]);
    println!("a probe and its answer: {small:?} beside {few} idle peers, {large:?} beside {many}");
    assert!(large < 3 * small, "{large:?}, {small:?}");
}

#[test]
fn what_failed_and_what_could_not_be_sent_is_counted() {
    let config = config()
        .into_builder()
        .without_initial_delay()
        .build()
        .unwrap();
    let mut fleet = Fleet::<4>::with_window(config, Instant::ZERO).unwrap();
    for _ in 0..2 {
        fleet.add(Instant::ZERO);
    }
    let probes = [(); 2].map(|()| match fleet.poll(Instant::ZERO) {
        Output::Send(fleet::Probe { peer, id, .. }) => (peer, id),
        _ => unreachable!("two are due"),
    });
    let [(refused, id), (unsent, other)] = probes;
    fleet.handle_failure(refused, id, systole::Failure::Refused, Instant::ZERO);
    fleet.handle_unsent(unsent, other, Instant::ZERO);
    let counters = fleet.counters();
    assert_eq!(
        (counters.failed, counters.unsent, counters.probes),
        (1, 1, 2)
    );
}
