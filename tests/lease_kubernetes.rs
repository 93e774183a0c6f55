//! Kubernetes' `Lease` object, simulated: contenders on drifting clocks, an API server that compares
//! resource versions, and paths that lose, delay and cut.
//!
//! The server of this kind of lease expires nothing. A contender takes the object over once it has
//! seen no change of it for `leaseDurationSeconds` on its own clock. A client reads the object, and
//! replaces it if its version is still the same.

use core::time::Duration;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use systole::lease::{Action, Config, Lease, Refusal, Request};
use systole::{Instant, Output};

/// The defaults of client-go: `leaseDuration`, and `leaseDuration` less `renewDeadline`.
const DURATION: Duration = Duration::from_secs(15);
const STOP_WITHIN: Duration = Duration::from_secs(5);
const SECOND: u64 = 1_000_000;
const END: u64 = 1_800 * SECOND;
const CONTENDERS: usize = 3;

/// Who holds the object: a process, and its holding.
type Identity = (usize, u32);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    version: u64,
    holder: Option<Identity>,
    transitions: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Poll,
    Get(u32),
    Got(u32, Object),
    /// The object that replaces the one with its version.
    Put(u32, Object),
    Done(u32, Option<Object>),
}

struct Contender {
    lease: Lease,
    drift_ppm: i64,
    requests: Vec<Request>,
    /// The version seen last, and when it was first seen.
    seen: Option<(u64, Instant)>,
    wake: u64,
    cut_until: u64,
    held_us: u64,
}

impl Contender {
    fn clock(&self, us: u64) -> Instant {
        let drift_us = us as i64 / 1_000_000 * self.drift_ppm;
        Instant::from_micros(us.saturating_add_signed(drift_us))
    }

    fn request(&self, id: u32) -> Option<Request> {
        let same = |request: &&Request| u32::from(request.id) == id;
        self.requests.iter().find(same).copied()
    }

    /// Reads the object; returns what replaces it.
    fn got(&mut self, me: usize, id: u32, object: Object, now: Instant) -> Option<Object> {
        let request = self.request(id)?;
        if self
            .seen
            .is_none_or(|(version, _)| version != object.version)
        {
            self.seen = Some((object.version, now));
        }
        let (_, since) = self.seen?;
        let mine = Some((me, request.holding));
        let is_over = now.saturating_duration_since(since) >= DURATION;
        let is_free = object.holder.is_none() || is_over;
        match request.action {
            Action::Acquire | Action::Renew if object.holder == mine => Some(object),
            Action::Acquire if is_free => Some(Object {
                holder: mine,
                transitions: object.transitions + 1,
                ..object
            }),
            Action::Release if object.holder == mine => Some(Object {
                holder: None,
                ..object
            }),
            Action::Release => {
                self.lease.handle_released(now);
                None
            }
            Action::Acquire | Action::Renew => {
                let why = Refusal::HeldByAnother;
                self.lease.handle_refused(request.id, why, now);
                None
            }
        }
    }

    fn done(&mut self, id: u32, stored: Option<Object>, now: Instant) {
        let Some(request) = self.request(id) else {
            return;
        };
        let _ = match (request.action, stored) {
            (Action::Release, Some(_)) => self.lease.handle_released(now),
            (_, None) => self.lease.handle_failed(request.id, now), // another version: look again
            (_, Some(object)) => {
                let epoch = object.transitions;
                self.lease.handle_granted(request.id, DURATION, epoch, now);
                true
            }
        };
    }
}

struct World {
    seed: u64,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, usize, What)>>,
    number: u64,
    contenders: Vec<Contender>,
    object: Object,
    random: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let contender = |index: usize| {
            let config = Config::renewed_in_seconds(DURATION)
                .stop_within(STOP_WITHIN)
                .seed(seed + index as u64)
                .build()
                .unwrap();
            Contender {
                lease: Lease::new(config, Instant::ZERO),
                drift_ppm: [500, -500, 0][(index + seed as usize) % 3],
                requests: Vec::new(),
                seen: None,
                wake: 0,
                cut_until: 0,
                held_us: 0,
            }
        };
        let mut world = Self {
            seed,
            now: 0,
            queue: BinaryHeap::new(),
            number: 0,
            contenders: (0..CONTENDERS).map(contender).collect(),
            object: Object::default(),
            random: seed,
        };
        for index in 0..CONTENDERS {
            world.push(0, index, What::Poll);
        }
        world
    }

    /// A random number below `end` (`SplitMix64`).
    fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn push(&mut self, at: u64, index: usize, what: What) {
        self.number += 1;
        self.queue.push(Reverse((at, self.number, index, what)));
    }

    /// Sends something over the path of a contender, which loses one message in twenty, delays some
    /// for longer than the lease lasts, and is cut now and then.
    fn travel(&mut self, index: usize, what: What) {
        if self.below(2_000) == 0 {
            self.contenders[index].cut_until = self.now + self.below(60 * SECOND);
        }
        let is_cut = self.now < self.contenders[index].cut_until;
        if is_cut || self.below(20) == 0 {
            return;
        }
        let longest = if self.below(50) == 0 {
            20 * SECOND
        } else {
            SECOND / 5
        };
        let at = self.now + 1 + self.below(longest);
        self.push(at, index, what);
    }

    fn poll(&mut self, index: usize) {
        loop {
            let now = self.contenders[index].clock(self.now);
            match self.contenders[index].lease.poll(now) {
                Output::Send(request) => {
                    self.contenders[index].requests.push(request);
                    self.travel(index, What::Get(request.id.into()));
                }
                Output::Event(_) => {}
                Output::Wait(until) => {
                    assert!(until > now);
                    let wait = until.as_micros() - now.as_micros();
                    let late = if self.below(10) == 0 {
                        self.below(3 * SECOND)
                    } else {
                        0
                    };
                    self.contenders[index].wake = self.now + wait + wait / 1_000 + 1 + late;
                    self.push(self.contenders[index].wake, index, What::Poll);
                    return;
                }
                Output::Idle => return,
            }
        }
    }

    fn happen(&mut self, index: usize, what: What) {
        let now = self.contenders[index].clock(self.now);
        match what {
            What::Poll if self.now < self.contenders[index].wake => {}
            What::Poll => self.poll(index),
            What::Get(id) => self.travel(index, What::Got(id, self.object)),
            What::Got(id, object) => {
                if let Some(wanted) = self.contenders[index].got(index, id, object, now) {
                    self.travel(index, What::Put(id, wanted));
                }
                self.poll(index);
            }
            What::Put(id, wanted) => {
                let is_current = wanted.version == self.object.version;
                if is_current {
                    let version = wanted.version + 1;
                    self.object = Object { version, ..wanted };
                }
                self.travel(index, What::Done(id, is_current.then_some(self.object)));
            }
            What::Done(id, stored) => {
                self.contenders[index].done(id, stored, now);
                self.poll(index);
            }
        }
    }

    /// Two never hold at once. Returns who does.
    fn check(&self) -> Option<usize> {
        let holds = |(index, one): (usize, &Contender)| {
            one.lease.is_held(one.clock(self.now)).then_some(index)
        };
        let holders: Vec<_> = self
            .contenders
            .iter()
            .enumerate()
            .filter_map(holds)
            .collect();
        assert!(
            holders.len() <= 1,
            "seed {}: {holders:?} at {} us",
            self.seed,
            self.now
        );
        holders.first().copied()
    }

    fn run(&mut self) {
        while let Some(Reverse((at, _, index, what))) = self.queue.pop() {
            if at >= END {
                return;
            }
            let before = self.now;
            self.now = at;
            if let Some(holder) = self.check() {
                self.contenders[holder].held_us += at - before;
            }
            self.happen(index, what);
            self.check();
        }
    }
}

#[test]
fn contenders_for_an_object_of_kubernetes_never_hold_it_at_once() {
    let (mut transitions, mut held_us) = (0, 0);
    let worlds = 40;
    for seed in 0..worlds {
        let mut world = World::new(seed);
        world.run();
        transitions += world.object.transitions;
        let each = world.contenders.iter().map(|one| one.held_us);
        held_us += each.sum::<u64>();
    }
    assert!(transitions > 3 * worlds, "{transitions} transitions");
    let share = held_us as f64 / (worlds * END) as f64;
    assert!(share > 0.7, "held for {share} of the time");
}
