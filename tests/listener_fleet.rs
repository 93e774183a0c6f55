//! A fleet of listeners: membership, laws over many senders, and its size.
#![cfg(feature = "alloc")]

use core::time::Duration;
use std::collections::BTreeSet;

use systole::fleet::ListenerFleet;
use systole::listener::{self, BeatOutcome};
use systole::{Beat, EventKind, Instant, Output, Reason, Verdict};
use systole_testkit::world::Random;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> listener::Config {
    listener::Config::builder()
        .detect_within(4 * SECOND)
        .build()
        .unwrap()
}

fn fleet() -> ListenerFleet {
    ListenerFleet::new(config(), 7, Instant::ZERO).unwrap()
}

fn beat(id: u64, sequence: u32) -> Beat {
    Beat::new(sequence, SECOND).with_id(id)
}

fn at(second: u64) -> Instant {
    Instant::from_secs(second)
}

/// Polls until nothing more is due, and returns who became what, and why.
fn changes(fleet: &mut ListenerFleet, now: Instant) -> Vec<(u64, Verdict, Reason)> {
    drain(fleet, now);
    assert!(fleet.is_valid());
    let told = fleet.events().filter_map(|event| match event.kind.kind {
        EventKind::Transition(change) => Some((event.kind.peer?, change.to, change.reason)),
        _ => None,
    });
    told.collect()
}

// ---- membership ----

#[test]
fn an_expected_sender_that_never_comes_is_dead_after_the_bound_for_its_interval() {
    let config = listener::Config::builder().losses(3).build().unwrap();
    let mut fleet = ListenerFleet::new(config, 7, Instant::ZERO).unwrap();
    assert_eq!(fleet.add(5, Some(10 * SECOND), Instant::ZERO), Ok(true));
    assert_eq!(fleet.add(5, Some(SECOND), Instant::ZERO), Ok(false));
    assert_eq!(changes(&mut fleet, at(39)), []);
    let dead = (5, Verdict::Dead, Reason::NeverHeard);
    assert_eq!(changes(&mut fleet, at(40)), [dead]);
    assert_eq!(fleet.worst(3, at(40))[0].peer, 5);
}

#[test]
fn unknown_senders_are_refused_beyond_the_limit() {
    let mut fleet = fleet();
    assert_eq!(fleet.handle_beat(&beat(1, 0), at(0)), None);
    fleet.admit_up_to(2);
    assert_eq!(fleet.handle_beat(&beat(9, 0).goodbye(), at(0)), None);
    assert_eq!(fleet.handle_beat(&beat(0, 0), at(0)), None, "it has no id");
    for id in 1..=2 {
        let outcome = fleet.handle_beat(&beat(id, 0), at(0));
        assert_eq!(outcome, Some(BeatOutcome::NewLife));
    }
    assert_eq!(fleet.handle_beat(&beat(3, 0), at(0)), None);
    assert_eq!((fleet.counters().unknown, fleet.census().alive), (4, 2));
    assert_eq!(
        fleet.add(3, None, at(0)),
        Ok(true),
        "the limit is for strangers"
    );
}

#[test]
fn an_unauthentic_beat_admits_nobody_where_tags_are_asked_for() {
    let config = config().into_builder().authenticated().build().unwrap();
    let mut fleet = ListenerFleet::new(config, 7, Instant::ZERO).unwrap();
    fleet.admit_up_to(2);
    assert_eq!(fleet.handle_beat(&beat(1, 0), at(0)), None);
    let outcome = fleet.handle_beat(&beat(1, 0).authentic(), at(0));
    assert_eq!(outcome, Some(BeatOutcome::NewLife));
}

#[test]
fn zero_is_no_id_and_no_seed() {
    let mut fleet = fleet();
    let error = fleet.add(0, None, at(0)).unwrap_err();
    let message = "the id of the sender of 0 is out of range: 1 to 18446744073709551615";
    assert_eq!(error.to_string(), message);
    let never = fleet.add(1, Some(Duration::ZERO), at(0));
    assert!(never.is_err() && !fleet.remove(1));
    assert!(ListenerFleet::new(config(), 0, Instant::ZERO).is_err());
}

#[test]
fn a_removed_sender_is_forgotten_and_its_id_starts_anew() {
    let mut fleet = fleet();
    fleet.add(1, Some(SECOND), at(0)).unwrap();
    fleet.handle_beat(&beat(1, 1_000), at(0));
    assert!(fleet.remove(1) && !fleet.remove(1));
    assert_eq!(fleet.handle_beat(&beat(1, 1_001), at(1)), None);
    assert_eq!(
        changes(&mut fleet, at(60)).len(),
        1,
        "only that it was heard"
    );
    fleet.add(1, Some(SECOND), at(60)).unwrap();
    assert_eq!(fleet.verdict(1), Some(Verdict::Unknown));
    let outcome = fleet.handle_beat(&beat(1, 3), at(61));
    assert_eq!(outcome, Some(BeatOutcome::NewLife));
}

#[test]
fn goodbye_is_not_death_and_a_new_incarnation_comes_back() {
    let mut fleet = fleet();
    fleet.admit_up_to(1);
    fleet.handle_beat(&beat(1, 0), at(0));
    let bye = beat(1, 1).with_exit_status(3);
    assert_eq!(fleet.handle_beat(&bye, at(1)), Some(BeatOutcome::Goodbye));
    changes(&mut fleet, at(100));
    assert_eq!((fleet.census().left, fleet.counters().dead), (1, 0));
    for sequence in 0..3 {
        let next = beat(1, sequence).with_incarnation(2);
        fleet.handle_beat(&next, at(100 + u64::from(sequence)));
    }
    assert_eq!(fleet.census().alive, 1);
}

/// Two heartbeats at the right pace pass for a new incarnation, but not those of the last one.
#[test]
fn replayed_beats_of_a_replaced_incarnation_revive_nobody() {
    let mut fleet = fleet();
    fleet.add(1, Some(SECOND), at(0)).unwrap();
    let of_life = |life, sequence| beat(1, sequence).with_incarnation(life);
    for (life, start) in [(7, 0), (3, 20)] {
        for sequence in 0..5_u32 {
            fleet.handle_beat(&of_life(life, sequence), at(start + u64::from(sequence)));
        }
        for second in start..start + 20 {
            drain(&mut fleet, at(second));
        }
        assert_eq!(fleet.verdict(1), Some(Verdict::Dead));
        fleet.events().for_each(drop);
    }
    for sequence in 3..9 {
        let outcome = fleet.handle_beat(&of_life(7, sequence), at(50 + u64::from(sequence)));
        assert_eq!(outcome, Some(BeatOutcome::Ignored));
    }
    assert_eq!(changes(&mut fleet, at(60)), []);
    fleet.handle_beat(&of_life(9, 0), at(60));
    fleet.handle_beat(&of_life(9, 1), at(61));
    assert_eq!(
        fleet.verdict(1),
        Some(Verdict::Alive),
        "a third is believed"
    );
}

/// What a restarted coordinator knows from its file.
#[test]
fn restored_senders_keep_their_verdicts_and_old_beats_revive_nobody() {
    let config = config().into_builder().authenticated().build().unwrap();
    let mut fleet = ListenerFleet::new(config, 7, at(1_000)).unwrap();
    let known = |id| beat(id, 500).with_incarnation(4).authentic();
    let verdicts = [Verdict::Alive, Verdict::Dead, Verdict::Left];
    for (id, verdict) in (1..).zip(verdicts) {
        assert_eq!(fleet.restore(&known(id), verdict, at(1_000)), Ok(true));
        for replayed in [known(id), beat(id, 499).with_incarnation(4).authentic()] {
            let outcome = fleet.handle_beat(&replayed, at(1_001));
            assert_eq!(outcome, Some(BeatOutcome::Repeated));
        }
        let older = beat(id, 900).with_incarnation(3).authentic();
        assert_eq!(
            fleet.handle_beat(&older, at(1_001)),
            Some(BeatOutcome::Ignored)
        );
    }
    assert_eq!(changes(&mut fleet, at(1_001)), [], "no alarm at once");
    // the live one goes on, a week of beats later
    let next = beat(1, 600_000).with_incarnation(4).authentic();
    assert_eq!(
        fleet.handle_beat(&next, at(1_002)),
        Some(BeatOutcome::Fresh)
    );
    assert_eq!(changes(&mut fleet, at(1_002)), []);
    let now = verdicts.map(Some);
    assert_eq!([1, 2, 3].map(|id| fleet.verdict(id)), now);
    let back = beat(2, 501).with_incarnation(4).authentic();
    fleet.handle_beat(&back, at(1_003));
    assert_eq!(fleet.verdict(2), Some(Verdict::Alive));
}

#[test]
fn the_table_of_ids_finds_what_a_set_finds() {
    let mut random = Random::new(3);
    let (mut fleet, mut known) = (fleet(), BTreeSet::new());
    for step in 0..4_000 {
        let id = 1 + random.below(300);
        if random.one_in(2) {
            assert_eq!(fleet.add(id, None, at(0)), Ok(known.insert(id)));
        } else {
            assert_eq!(fleet.remove(id), known.remove(&id));
        }
        assert!(step % 100 > 0 || fleet.is_valid());
    }
    assert!(fleet.is_valid());
    assert_eq!(fleet.ids().collect::<BTreeSet<_>>(), known);
}

// ---- laws over many senders ----

/// Law 4, first half: what our own buffer lost is no evidence, however often.
#[test]
fn no_overflow_kills_a_live_sender() {
    let mut fleet = fleet();
    fleet.add(1, Some(SECOND), at(0)).unwrap();
    fleet.add(2, Some(SECOND), at(0)).unwrap();
    fleet.handle_beat(&beat(1, 0), at(0));
    for second in 1..200 {
        fleet.handle_overflow(at(second));
        changes(&mut fleet, at(second));
    }
    assert_eq!((fleet.census().dead, fleet.counters().overflows), (0, 199));
    fleet.handle_beat(&beat(1, 200), at(200));
    assert_eq!(fleet.verdict(1), Some(Verdict::Alive));
}

/// Law 4, second half: nor does one hide a dead sender for longer than a bound.
#[test]
fn a_dead_sender_is_found_one_bound_after_the_last_overflow() {
    for (lost_s, dead_s) in [(11, 15), (13, 17), (9, 14)] {
        let mut fleet = fleet();
        fleet.admit_up_to(1);
        let mut dead_at = None;
        let mut until = at(0);
        for second in 0..20 {
            while until < at(second) {
                dead_at = dead_at.or(died(&mut fleet, &mut until));
            }
            if second <= 10 {
                fleet.handle_beat(&beat(1, u32::try_from(second).unwrap()), at(second));
            }
            if second == lost_s {
                fleet.handle_overflow(at(second));
            }
            until = at(second);
            dead_at = dead_at.or(died(&mut fleet, &mut until));
        }
        assert_eq!(dead_at, Some(at(dead_s)), "{lost_s}");
    }
}

/// Polls at `until`, on time, and moves that on to the next deadline; returns when a sender died.
fn died(fleet: &mut ListenerFleet, until: &mut Instant) -> Option<Instant> {
    let now = *until;
    let Output::Wait(next) = fleet.poll(now) else {
        unreachable!()
    };
    *until = next;
    let is_dead =
        |kind| matches!(kind, EventKind::Transition(change) if change.to == Verdict::Dead);
    fleet
        .events()
        .find(|event| is_dead(event.kind.kind))
        .map(|event| event.at)
}

/// Ten thousand senders that start together, half a minute in which nobody looks, and what the
/// socket held of it.
#[test]
fn a_stall_of_ours_is_told_once_and_kills_nobody() {
    let mut fleet = fleet();
    let senders = 10_000;
    for id in 1..=senders {
        fleet.add(id, Some(SECOND), at(0)).unwrap();
    }
    for second in 0..60 {
        if !(20..50).contains(&second) {
            for id in 1..=senders {
                fleet.handle_beat(&beat(id, u32::try_from(second).unwrap()), at(second));
            }
            let told = changes(&mut fleet, at(second));
            assert!(
                told.iter().all(|(_, to, _)| *to == Verdict::Alive),
                "{second}"
            );
        }
    }
    assert_eq!((fleet.census().alive, fleet.counters().pauses), (10_000, 1));
}

/// A sender of a world, as it really is.
struct Truth {
    interval_us: u64,
    pace_us: u64,
    next_us: u64,
    sequence: u32,
    incarnation: u32,
    down_us: Option<u64>,
    /// Our lateness since it went down, and how long after that we lost beats.
    credit_us: u64,
}

const SENDERS: u64 = 200;
const BOUND_US: u64 = 8_000_000;

impl Truth {
    fn draw(random: &mut Random, now_us: u64) -> Self {
        let interval_us = random.magnitude(200_000, 2_000_000);
        Self {
            interval_us,
            pace_us: interval_us / 100 * random.between(80, 120),
            next_us: now_us + random.below(interval_us),
            sequence: 0,
            incarnation: u32::try_from(random.below(1 << 32)).unwrap(),
            down_us: None,
            credit_us: 0,
        }
    }

    /// Sends what is due by `then_us`, while nobody looked for `late_us`. A crash lasts until it
    /// has to be found.
    fn live(
        &mut self,
        random: &mut Random,
        then_us: u64,
        late_us: u64,
        mut send: impl FnMut(Beat),
    ) {
        if let Some(down_us) = self.down_us {
            self.credit_us += late_us;
            if then_us - down_us > 20_000_000 + self.credit_us {
                *self = Self::draw(random, then_us);
            }
            return;
        }
        while self.next_us <= then_us && self.down_us.is_none() {
            let interval = Duration::from_micros(self.interval_us);
            let beat = Beat::new(self.sequence, interval).with_deadline(interval * 5 / 4);
            send(beat.with_incarnation(self.incarnation));
            self.sequence += 1;
            if random.one_in(400) {
                (self.down_us, self.credit_us) = (Some(self.next_us), then_us - self.next_us);
            }
            self.next_us += self.pace_us;
        }
    }

    /// Our buffer overflowed at `now_us`.
    fn excuse(&mut self, now_us: u64) {
        let down_us = self.down_us.unwrap_or(now_us);
        self.credit_us = self.credit_us.max(now_us - down_us);
    }

    fn has_to_be_found(&self, now_us: u64) -> bool {
        let most_us = BOUND_US + self.credit_us + self.interval_us;
        self.down_us
            .is_some_and(|down_us| now_us - down_us > most_us)
    }
}

/// Polls until nothing is due; returns when the next drain is.
fn drain(fleet: &mut ListenerFleet, now: Instant) -> Instant {
    let polls = fleet.census().peers() / 256 + 1; // each judges 256
    let untils = (0..polls).map(|_| match fleet.poll(now) {
        Output::Wait(until) => until,
        Output::Idle => unreachable!(),
    });
    untils.last().unwrap()
}

/// Senders with clocks a fifth off that crash and restart, and we who look late by up to 20 s and
/// lose beats. The oracle knows who is down.
fn world(seed: u64) {
    let mut random = Random::new(seed);
    let bound = Duration::from_micros(BOUND_US);
    let config = listener::Config::builder().detect_within(bound).build();
    let mut fleet = ListenerFleet::new(config.unwrap(), seed | 1, Instant::ZERO).unwrap();
    fleet.admit_up_to(usize::try_from(SENDERS).unwrap());
    let mut truths: Vec<_> = (0..SENDERS).map(|_| Truth::draw(&mut random, 0)).collect();
    let (mut now_us, mut asked_us) = (0_u64, 0_u64);
    while now_us < 240_000_000 {
        let most_us = if random.one_in(1_000) {
            20_000_000
        } else {
            40_000
        };
        let before_us = now_us;
        now_us += 1 + random.below(most_us);
        let now = Instant::from_micros(now_us);
        let late_us = now_us.saturating_sub(asked_us.max(before_us));
        // our buffer is too small for ten seconds in forty
        let overflows = now_us % 40_000_000 < 10_000_000 && random.one_in(40);
        let mut draws = random.clone();
        for (id, truth) in (1..).zip(&mut truths) {
            truth.live(&mut random, now_us, late_us, |beat| {
                if !(overflows && draws.one_in(3)) {
                    fleet.handle_beat(&beat.with_id(id), now);
                }
            });
        }
        if overflows {
            fleet.handle_overflow(now);
            for truth in &mut truths {
                truth.excuse(now_us);
            }
        }
        asked_us = drain(&mut fleet, now).as_micros();
        judge(&mut fleet, &truths, now_us, seed);
    }
    assert!(fleet.is_valid());
    let counters = fleet.counters();
    assert!(counters.dead > 0 && counters.overflows > 0 && counters.restarts > 0);
}

fn judge(fleet: &mut ListenerFleet, truths: &[Truth], now_us: u64, seed: u64) {
    let is_death =
        |kind| matches!(kind, EventKind::Transition(change) if change.to == Verdict::Dead);
    for event in fleet.events().filter(|event| is_death(event.kind.kind)) {
        let id = usize::try_from(event.kind.peer.unwrap()).unwrap();
        let is_down = truths[id - 1].down_us.is_some();
        assert!(
            is_down,
            "seed {seed}: sender {id} is called dead at {now_us}"
        );
    }
    for (id, _) in (1..)
        .zip(truths)
        .filter(|(_, truth)| truth.has_to_be_found(now_us))
    {
        let verdict = fleet.verdict(id);
        let is_found = verdict.is_none_or(|verdict| verdict == Verdict::Dead);
        assert!(
            is_found,
            "seed {seed}: sender {id} is not found at {now_us}"
        );
    }
}

#[test]
fn every_crash_is_found_and_nobody_alive_is_called_dead() {
    for seed in 0..if cfg!(debug_assertions) { 5 } else { 40 } {
        world(seed);
    }
}
