//! Independent failures and common ones, in both fleets, in a simulated world that knows the truth.
#![cfg(feature = "alloc")]

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use systole::fleet::{self, Cause, Labels, ListenerFleet, PeerEvent, PeerKey};
use systole::{Beat, Config, Event, EventKind, Fleet, Instant, Output, Verdict, listener};
use systole_testkit::deep;

const STEP_US: u64 = 10_000;
const INTERVAL: Duration = Duration::from_secs(1);

fn at(us: u64) -> Instant {
    Instant::from_micros(us)
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) % bound
    }
}

/// A death, and what was told of the fleet as a whole.
#[derive(Debug)]
enum Told {
    Dead(usize, u64, Cause),
    Isolated,
    Rejoined,
}

fn told<K>(event: Event<PeerEvent<K>>, place: impl Fn(K) -> usize) -> Option<Told> {
    let us = event.at.as_micros();
    match (event.kind.kind, event.kind.peer, event.kind.cause) {
        (EventKind::Transition(change), Some(peer), Some(cause)) => {
            assert_eq!(change.to, Verdict::Dead);
            Some(Told::Dead(place(peer), us, cause))
        }
        (EventKind::Transition(change), _, None) => {
            assert_ne!(change.to, Verdict::Dead, "a death without a cause");
            None
        }
        (EventKind::Isolated { since }, None, None) => {
            assert!(since < event.at);
            Some(Told::Isolated)
        }
        (EventKind::Rejoined, None, None) => Some(Told::Rejoined),
        _ => None,
    }
}

/// A fleet with its peers, of which some are reachable.
trait Watched {
    fn new(peers: usize, bound: Duration) -> Self;
    fn label(&mut self, peer: usize, labels: Labels);
    /// What the peers do until `now`, of which the process sees something only if it `looks`.
    fn step(&mut self, now_us: u64, up: &[bool], looks: bool, random: &mut Random) -> Vec<Told>;
    fn overflow(&mut self, now_us: u64);
    fn is_isolated(&self) -> bool;
    fn is_valid(&self) -> bool;
}

struct Pushed {
    fleet: ListenerFleet,
    waiting: Vec<Beat>,
}

impl Watched for Pushed {
    fn new(peers: usize, bound: Duration) -> Self {
        let config = listener::Config::builder().detect_within(bound).build();
        let mut fleet = ListenerFleet::new(config.unwrap(), 7, Instant::ZERO).unwrap();
        for id in 1..=peers as u64 {
            fleet.add(id, Some(INTERVAL), Instant::ZERO).unwrap();
        }
        let waiting = Vec::new();
        Self { fleet, waiting }
    }

    fn label(&mut self, peer: usize, labels: Labels) {
        assert_eq!(self.fleet.set_labels(peer as u64 + 1, labels), Ok(true));
    }

    fn step(&mut self, now_us: u64, up: &[bool], looks: bool, random: &mut Random) -> Vec<Told> {
        let phases = 1_000_000 / STEP_US;
        let turn = now_us / STEP_US;
        let first = usize::try_from(turn % phases).unwrap();
        for peer in (first..up.len()).step_by(usize::try_from(phases).unwrap()) {
            if up[peer] && random.below(100) > 0 {
                let sequence = u32::try_from(turn / phases).unwrap();
                self.waiting
                    .push(Beat::new(sequence, INTERVAL).with_id(peer as u64 + 1));
            }
        }
        if !looks {
            return Vec::new();
        }
        for beat in self.waiting.drain(..) {
            self.fleet.handle_beat(&beat, at(now_us));
        }
        let mut now = at(now_us);
        while let Output::Wait(until) = self.fleet.poll(now) {
            if until > now.saturating_add(Duration::from_micros(1)) {
                break;
            }
            now = until;
        }
        let events = self.fleet.events();
        events
            .filter_map(|event| told(event, |id| usize::try_from(id - 1).unwrap()))
            .collect()
    }

    fn overflow(&mut self, now_us: u64) {
        self.waiting.clear();
        self.fleet.handle_overflow(at(now_us));
    }

    fn is_isolated(&self) -> bool {
        self.fleet.is_isolated()
    }

    fn is_valid(&self) -> bool {
        self.fleet.is_valid()
    }
}

struct Pulled {
    fleet: Fleet<4>,
    keys: Vec<PeerKey>,
    places: BTreeMap<PeerKey, usize>,
    waiting: VecDeque<(u64, PeerKey, systole::ProbeId)>,
}

impl Watched for Pulled {
    fn new(peers: usize, bound: Duration) -> Self {
        let config = Config::every(INTERVAL)
            .detect_within(bound)
            .seed(0xd1ce)
            .build();
        let mut fleet = Fleet::with_window(config.unwrap(), Instant::ZERO).unwrap();
        let keys: Vec<_> = (0..peers).map(|_| fleet.add(Instant::ZERO)).collect();
        Self {
            places: keys.iter().copied().zip(0..).collect(),
            fleet,
            keys,
            waiting: VecDeque::new(),
        }
    }

    fn label(&mut self, peer: usize, labels: Labels) {
        assert_eq!(self.fleet.set_labels(self.keys[peer], labels), Ok(true));
    }

    fn step(&mut self, now_us: u64, up: &[bool], looks: bool, random: &mut Random) -> Vec<Told> {
        if !looks {
            return Vec::new();
        }
        while let Some(&(us, peer, id)) = self.waiting.front().filter(|reply| reply.0 <= now_us) {
            self.waiting.pop_front();
            self.fleet.handle_reply(peer, id, at(us));
        }
        let mut now = at(now_us);
        loop {
            match self.fleet.poll(now) {
                Output::Send(fleet::Probe { peer, id, .. }) => {
                    if up[self.places[&peer]] && random.below(100) > 0 {
                        self.waiting.push_back((now_us + 3 * STEP_US, peer, id));
                    }
                }
                Output::Wait(until) if until <= now.saturating_add(Duration::from_micros(1)) => {
                    now = until;
                }
                _ => break,
            }
        }
        let places = &self.places;
        let events = self.fleet.events();
        events
            .filter_map(|event| told(event, |key| places[&key]))
            .collect()
    }

    fn overflow(&mut self, now_us: u64) {
        self.waiting.clear();
        self.fleet.handle_overflow(at(now_us));
    }

    fn is_isolated(&self) -> bool {
        self.fleet.is_isolated()
    }

    fn is_valid(&self) -> bool {
        self.fleet.is_valid()
    }
}

/// The world: the fleet, and who is up.
struct World<W> {
    watched: W,
    up: Vec<bool>,
    crashed_us: Vec<Option<u64>>,
    now_us: u64,
    stalled_until_us: u64,
    /// By how much verdicts may be later: time in which we did not look, and of overflows.
    late_us: u64,
    bound: Duration,
    random: Random,
    told: Vec<Told>,
}

impl<W: Watched> World<W> {
    fn new(peers: usize, bound: Duration, seed: u64) -> Self {
        Self {
            watched: W::new(peers, bound),
            up: vec![true; peers],
            crashed_us: vec![None; peers],
            now_us: 0,
            stalled_until_us: 0,
            late_us: 0,
            bound,
            random: Random(seed),
            told: Vec::new(),
        }
    }

    /// Lets time pass. In each step `happens` may change who is up.
    fn run(&mut self, seconds: u64, mut happens: impl FnMut(&mut Self)) {
        let end_us = self.now_us + seconds * 1_000_000;
        while self.now_us < end_us {
            happens(self);
            let looks = self.now_us >= self.stalled_until_us;
            let now_us = self.now_us;
            let told = self.watched.step(now_us, &self.up, looks, &mut self.random);
            for one in &told {
                if let &Told::Dead(peer, us, _) = one {
                    self.judge(peer, us);
                }
            }
            self.told.extend(told);
            self.now_us += STEP_US;
        }
        assert!(self.watched.is_valid());
    }

    fn judge(&self, peer: usize, us: u64) {
        let crashed_us = self.crashed_us[peer].expect("a live peer is called dead");
        let most_us = u64::try_from(self.bound.as_micros()).unwrap() + self.late_us;
        let polls_us = 10 * STEP_US; // every look may be late by one step
        assert!(
            us <= crashed_us + most_us + polls_us,
            "{peer}: crashed at {crashed_us}, dead at {us}"
        );
    }

    fn crash(&mut self, peer: usize) {
        if self.up[peer] {
            (self.up[peer], self.crashed_us[peer]) = (false, Some(self.now_us));
        }
    }

    fn stall(&mut self, us: u64) {
        self.stalled_until_us = self.now_us + us;
        self.late_us += us + STEP_US;
    }

    /// The causes of all deaths since this was asked last.
    fn causes(&mut self) -> Vec<Cause> {
        let told = core::mem::take(&mut self.told);
        let causes = told.into_iter().filter_map(|one| match one {
            Told::Dead(_, _, cause) => Some(cause),
            _ => None,
        });
        causes.collect()
    }
}

fn share_common(causes: &[Cause]) -> f64 {
    let common = causes.iter().filter(|&&it| it != Cause::Independent);
    common.count() as f64 / causes.len() as f64
}

/// The peers, and how many worlds of that size.
fn sizes() -> &'static [(usize, u64)] {
    if deep::asked_for("up to 1,000 peers in place of 10,000") {
        &[(100, 40), (300, 20), (1_000, 10), (10_000, 2)]
    } else {
        &[(100, 4), (1_000, 1)]
    }
}

const BOUNDS: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];

fn independent_crashes<W: Watched>() {
    for (&(peers, worlds), bound) in sizes().iter().flat_map(|it| BOUNDS.map(|b| (it, b))) {
        let mut causes = Vec::new();
        for seed in 0..worlds {
            let mut world = World::<W>::new(peers, bound, seed);
            world.run(20, |_| {});
            let mut dead = 0;
            world.run(60, |world| {
                // half the peers a minute, and stalls and overflows of our own
                let rate = 2 * 60 * 1_000_000 / STEP_US;
                for peer in 0..peers {
                    if world.random.below(rate) == 0 {
                        dead += usize::from(world.up[peer]);
                        world.crash(peer);
                    }
                }
                match world.random.below(1_500) {
                    0 => {
                        let us = world.random.below(4_000_000);
                        world.stall(us);
                    }
                    1 => {
                        let now_us = world.now_us;
                        if now_us >= world.stalled_until_us {
                            world.late_us += 1_000_000 + u64::try_from(bound.as_micros()).unwrap();
                            world.watched.overflow(now_us);
                        }
                    }
                    _ => {}
                }
            });
            world.run(60, |_| {});
            let found = world.causes();
            assert_eq!(found.len(), dead, "{peers} peers, seed {seed}");
            causes.extend(found);
        }
        let share = share_common(&causes);
        println!(
            "{peers} peers, {bound:?}: {:.2} % of {} crashes",
            share * 100.0,
            causes.len()
        );
        assert!(share <= 0.01, "{peers} peers, {bound:?}: {share}");
    }
}

#[test]
fn independent_crashes_of_senders_are_not_called_common() {
    independent_crashes::<Pushed>();
}

#[test]
fn independent_crashes_of_probed_peers_are_not_called_common() {
    independent_crashes::<Pulled>();
}

/// Cuts off the peers that are `cut` for half a minute, among a few that crash by themselves.
fn cut<W: Watched>(peers: usize, bound: Duration, cut: impl Fn(usize) -> bool) -> World<W> {
    let mut world = World::<W>::new(peers, bound, peers as u64);
    for peer in 0..peers {
        let rack = u8::try_from(peer * 10 / peers).unwrap();
        world.watched.label(peer, Labels::of(&[rack, 63]).unwrap());
    }
    world.run(20, |_| {});
    world.crash(peers - 1); // alone
    world.run(20, |_| {});
    assert_eq!(world.causes(), [Cause::Independent]);
    let before = world.up.clone();
    (0..peers)
        .filter(|&peer| cut(peer))
        .for_each(|peer| world.crash(peer));
    world.run(30, |_| {});
    world.up = before;
    world
}

fn cuts_of_our_own_link<W: Watched>() {
    for (&(peers, _), bound) in sizes().iter().flat_map(|it| BOUNDS.map(|b| (it, b))) {
        let mut world = cut::<W>(peers, bound, |_| true);
        assert!(world.watched.is_isolated());
        world.run(20, |_| {});
        assert!(!world.watched.is_isolated());
        let isolated = world.told.iter().filter(|it| matches!(it, Told::Isolated));
        assert_eq!(isolated.count(), 1);
        let rejoined = world.told.iter().filter(|it| matches!(it, Told::Rejoined));
        assert_eq!(rejoined.count(), 1);
        let causes = world.causes();
        assert_eq!(causes.len(), peers - 1);
        assert!(share_common(&causes) >= 0.9, "{}", share_common(&causes));
    }
}

#[test]
fn deaths_of_senders_during_a_cut_of_our_link_are_called_common() {
    cuts_of_our_own_link::<Pushed>();
}

#[test]
fn deaths_of_probed_peers_during_a_cut_of_our_link_are_called_common() {
    cuts_of_our_own_link::<Pulled>();
}

fn partial_cuts<W: Watched>() {
    for bound in BOUNDS {
        let peers = 200;
        let mut world = cut::<W>(peers, bound, |peer| peer / 20 == 4);
        let causes = world.causes();
        assert_eq!(causes.len(), 20);
        let of_rack = |cause: &&Cause| matches!(cause, Cause::Common { label: Some(4), .. });
        let named = causes.iter().filter(of_rack).count();
        assert!(named >= 18, "{causes:?}");
        assert!(!world.watched.is_isolated());

        let mut world = cut::<W>(peers, bound, |peer| peer % 2 == 0);
        let causes = world.causes();
        assert_eq!(causes.len(), 100);
        assert!(share_common(&causes) >= 0.9);
        assert!(!world.watched.is_isolated(), "half of the peers are heard");
    }
}

#[test]
fn a_rack_of_senders_that_dies_is_named() {
    partial_cuts::<Pushed>();
}

#[test]
fn a_rack_of_probed_peers_that_dies_is_named() {
    partial_cuts::<Pulled>();
}

fn silent_references<W: Watched>() {
    let (peers, bound) = (50, BOUNDS[0]);
    let mut world = World::<W>::new(peers, bound, 7);
    world.watched.label(0, Labels::NONE.and_reference());
    world.run(20, |_| {});
    (1..20).for_each(|peer| world.crash(peer));
    world.run(20, |_| {});
    assert!(!world.watched.is_isolated(), "the reference is heard");
    (0..40).for_each(|peer| world.crash(peer)); // those on our side of the cut are heard
    world.run(20, |_| {});
    assert!(world.watched.is_isolated());
    world.up[30..40].fill(true);
    world.run(20, |_| {});
    assert!(world.watched.is_isolated(), "the reference is not heard");
    world.up[0] = true;
    world.run(20, |_| {});
    assert!(!world.watched.is_isolated());
}

#[test]
fn a_silent_reference_tells_of_isolation() {
    silent_references::<Pushed>();
    silent_references::<Pulled>();
}

#[test]
fn two_silent_peers_are_no_isolation() {
    let mut world = World::<Pushed>::new(2, BOUNDS[0], 7);
    world.run(20, |_| {});
    (0..2).for_each(|peer| world.crash(peer));
    world.run(20, |_| {});
    assert!(!world.watched.is_isolated());
    assert_eq!(world.causes(), [Cause::Independent; 2]);
}

#[test]
fn labels_are_few_and_small() {
    let error = Labels::of(&[1, 2, 3, 4]).unwrap_err().to_string();
    assert_eq!(error, "the number of labels of 4 is out of range: 0 to 3");
    let error = Labels::of(&[64]).unwrap_err().to_string();
    assert_eq!(error, "the label of 64 is out of range: 0 to 63");
    assert_eq!(
        Labels::of(&[5, 2, 5]).unwrap().iter().collect::<Vec<_>>(),
        [2, 5]
    );
    let mut pushed = Pushed::new(300, BOUNDS[0]);
    let pairs = (0..24).flat_map(|one| (0..one).map(move |other| [one, other]));
    for (peer, pair) in pairs.take(255).enumerate() {
        pushed.label(peer, Labels::of(&pair).unwrap());
    }
    let labels = Labels::of(&[1, 2, 3]).unwrap();
    assert!(pushed.fleet.set_labels(299, labels).is_err());
    assert_eq!(pushed.fleet.labels(299), Some(Labels::NONE));
    assert_eq!(pushed.fleet.set_labels(999, labels), Ok(false));
}
