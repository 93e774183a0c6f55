//! Everything that can be done to a `Fleet`, and the laws that must hold after each step.
//!
//! One alphabet for the property test and the fuzz target: an [`Op`] is applied to a [`World`], which is a fleet, its peers, a
//! network and a clock. It knows which peers are up and what became of each probe, and judges the fleet from outside.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use systole::pacing::Pacing;
use systole::{
    Config, EventKind, Failure, Fleet, Instant, Output, ProbeId, Verdict,
    fleet::{self, PeerKey},
};

/// What can happen to a fleet. Spans are microseconds; peers are named by a number that is taken modulo how many there are.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Sleep until something happens, hand in what arrived and drain, as many times as said.
    Run(u8),
    /// The same, but look this much too late.
    Late(u32),
    /// The same, always a little late, as many times as said.
    AlwaysLate(u8, u16),
    /// Look before the deadline.
    Early(u16),
    /// What arrived since the last look is lost on our side, and told.
    Overflow,
    /// The same at each of the next looks, as many as said.
    Storm(u8),
    /// Replies of strangers overflow the buffer at each of the next looks; what the peers say arrives.
    Flood(u8),
    /// The next probes, as many as said, cannot be sent.
    Unsent(u8),
    /// The next probe is refused.
    Refused,
    Crash(u8),
    Return(u8),
    /// From now on the peer's replies take this long.
    Delay(u8, u32),
    /// All that is under way is lost on the path.
    Lose,
    Add,
    Remove(u8),
    ProbeNow(u8),
    /// A reply that was handed in before is handed in again.
    Duplicate(u8),
    Forged(u8, u64),
    /// The clock goes back by this much for one look.
    ClockBack(u32),
}

/// What is true of a peer.
#[derive(Clone, Debug)]
struct Truth {
    delay_us: u64,
    /// Since when it answers nothing: law 3 counts from here.
    down_since: Option<Instant>,
    /// Whether all its replies so far were in time, and lost on our side only: nothing may call it dead.
    is_blameless: bool,
    was_heard: bool,
    last: Verdict,
    bound: Duration,
    /// How late we were since the crash, in all.
    late: Duration,
    /// Since when a probe of it could not be sent, and none was since.
    unsent_since: Option<Instant>,
    /// The longest bound since then, and how late we were.
    blind_bound: Duration,
    unsent_late: Duration,
    heard_at: Instant,
}

pub struct World<P: Pacing> {
    pub fleet: Fleet<4, P>,
    pub now: Instant,
    pub wait: Instant,
    config: Config<P>,
    peers: Vec<PeerKey>,
    truth: BTreeMap<PeerKey, Truth>,
    /// Replies under way, by arrival.
    flying: BTreeSet<(Instant, PeerKey, u64)>,
    heard: Vec<(PeerKey, u64)>,
    unsent: u8,
    /// When the first probe could not be sent since the last one that could.
    cut_off_since: Option<Instant>,
    last_cut_off: Option<Instant>,
    refused: bool,
    overflow_at: Option<Instant>,
    last_event: u32,
    is_isolated: bool,
}

const fn micros(us: u64) -> Duration {
    Duration::from_micros(us)
}

impl<P: Pacing> World<P> {
    pub fn new(config: Config<P>, peers: u8) -> Self {
        let now = Instant::from_secs(1);
        let mut world = Self {
            fleet: Fleet::with_window(config, now).expect("seeded"),
            now,
            wait: now,
            config,
            peers: Vec::new(),
            truth: BTreeMap::new(),
            flying: BTreeSet::new(),
            heard: Vec::new(),
            unsent: 0,
            cut_off_since: None,
            last_cut_off: None,
            refused: false,
            overflow_at: None,
            last_event: 0,
            is_isolated: false,
        };
        for _ in 0..peers {
            world.add();
        }
        world.drain();
        world.check();
        world
    }

    /// Applies `op` and checks the laws.
    pub fn apply(&mut self, op: &Op) {
        match *op {
            Op::Run(times) => self.run(times, 0),
            Op::Late(us) => self.run(0, us.into()),
            Op::AlwaysLate(times, us) => self.run(times, us.into()),
            Op::Early(us) => {
                self.look((self.now.saturating_add(micros(us.into()))).min(self.wake()));
            }
            Op::Overflow => self.overflow(0, true),
            Op::Storm(times) => self.overflow(times, true),
            Op::Flood(times) => self.overflow(times, false),
            Op::ClockBack(us) => {
                let now = self.now;
                self.now = now.saturating_sub(micros(us.into()));
                if let Output::Send(fleet::Probe { peer, .. }) = self.fleet.poll(self.now) {
                    self.sent(peer, now); // and lost on the path
                }
                self.blame_all();
                self.now = now;
                self.look(now);
            }
            _ => {
                self.happen(op);
                self.drain(); // a deadline may have come nearer
            }
        }
        self.check();
    }

    fn happen(&mut self, op: &Op) {
        match *op {
            Op::Unsent(times) => self.unsent = times % 32,
            Op::Refused => self.refused = true,
            Op::Crash(peer) => self.with(peer, |truth, now| {
                if truth.down_since.is_none() {
                    (truth.down_since, truth.late) = (Some(now), Duration::ZERO);
                }
                truth.is_blameless = false;
            }),
            Op::Return(peer) => self.with(peer, |truth, _| truth.down_since = None),
            Op::Delay(peer, us) => {
                let in_time = u64::from(us) < self.in_time_us();
                self.with(peer, |truth, _| {
                    truth.delay_us = us.into();
                    truth.is_blameless &= in_time;
                });
            }
            Op::Lose => {
                self.flying.clear();
                self.blame_all();
            }
            Op::Add => self.add(),
            Op::Remove(peer) => self.remove(peer),
            Op::ProbeNow(peer) => {
                if let Some(key) = self.key(peer) {
                    self.fleet.probe_now(key, self.now);
                }
            }
            Op::Duplicate(which) => {
                if let Some(&(peer, id)) = self.heard.get(usize::from(which)) {
                    self.fleet.handle_reply(peer, id.into(), self.now);
                }
            }
            Op::Forged(peer, id) => {
                if let Some(key) = self.key(peer) {
                    self.fleet.handle_reply(key, ProbeId::from(id), self.now);
                }
            }
            _ => {}
        }
    }

    // ---- what happens ----

    /// A reply that takes less than this is never overdue.
    fn in_time_us(&self) -> u64 {
        let timeout_us = self.config.timeout_min().as_micros();
        u64::try_from(timeout_us).unwrap_or(u64::MAX)
    }

    fn key(&self, peer: u8) -> Option<PeerKey> {
        self.peers
            .get(usize::from(peer) % self.peers.len().max(1))
            .copied()
    }

    fn with(&mut self, peer: u8, change: impl FnOnce(&mut Truth, Instant)) {
        let key = self.key(peer);
        if let Some(truth) = key.and_then(|key| self.truth.get_mut(&key)) {
            change(truth, self.now);
        }
    }

    fn blame_all(&mut self) {
        for truth in self.truth.values_mut() {
            truth.is_blameless = false;
        }
    }

    fn add(&mut self) {
        if self.peers.len() < 12 {
            let key = self.fleet.add(self.now);
            let delay_us = self.in_time_us() / 2;
            self.peers.push(key);
            self.truth.insert(
                key,
                Truth {
                    delay_us,
                    down_since: None,
                    is_blameless: true,
                    was_heard: false,
                    last: Verdict::Unknown,
                    bound: Duration::ZERO,
                    late: Duration::ZERO,
                    unsent_since: None,
                    blind_bound: Duration::ZERO,
                    unsent_late: Duration::ZERO,
                    heard_at: Instant::ZERO,
                },
            );
        }
    }

    fn remove(&mut self, peer: u8) {
        if let Some(key) = self.key(peer) {
            assert!(self.fleet.remove(key) && !self.fleet.remove(key));
            self.peers.retain(|&other| other != key);
            self.truth.remove(&key);
            assert_eq!(self.fleet.verdict(key), None);
        }
    }

    /// When something happens next: a deadline, or an arrival.
    fn wake(&self) -> Instant {
        let arrival = self.flying.first().map_or(Instant::MAX, |&(at, ..)| at);
        self.wait.min(arrival).max(self.now)
    }

    fn run(&mut self, times: u8, late_us: u64) {
        for _ in 0..=times % 32 {
            let at = self.wake().saturating_add(micros(late_us));
            self.look(at);
        }
    }

    fn overflow(&mut self, times: u8, takes_replies: bool) {
        for _ in 0..=times % 64 {
            let at = self.wake();
            self.reach(at);
            if takes_replies {
                self.flying.retain(|&(arrival, ..)| arrival > at);
            } else {
                self.receive();
            }
            self.fleet.handle_overflow(at);
            self.overflow_at = Some(at);
            self.drain();
            self.check();
        }
    }

    fn look(&mut self, at: Instant) {
        self.reach(at);
        self.receive();
        self.take_events(); // before what the drain does to whom they praise
        self.drain();
    }

    /// The clock comes to `at`; who is waited for later than the last deadline said is late.
    fn reach(&mut self, at: Instant) {
        let late = at.saturating_duration_since(self.wait.max(self.now));
        self.now = at;
        for truth in self.truth.values_mut() {
            truth.late = truth.late.saturating_add(late);
            truth.unsent_late = truth.unsent_late.saturating_add(late);
        }
    }

    fn receive(&mut self) {
        while let Some(&(at, peer, id)) = self.flying.first().filter(|(at, ..)| *at <= self.now) {
            self.flying.pop_first();
            self.fleet.handle_reply(peer, id.into(), at);
            if let Some(truth) = self.truth.get_mut(&peer) {
                truth.heard_at = self.now;
            }
            self.heard.push((peer, id));
        }
    }

    fn drain(&mut self) {
        for _ in 0..Fleet::<4, P>::MAX_DRAIN {
            match self.fleet.poll(self.now) {
                Output::Send(fleet::Probe { peer, id, .. }) => self.send(peer, id),
                Output::Wait(until) => {
                    assert!(
                        until > self.now,
                        "law 2: waits until {until} at {}",
                        self.now
                    );
                    self.wait = until;
                    return;
                }
                Output::Idle => {
                    assert_eq!(self.now, Instant::MAX);
                    self.wait = Instant::MAX;
                    return;
                }
            }
        }
        panic!("law 2: a drain does not end");
    }

    fn send(&mut self, peer: PeerKey, id: ProbeId) {
        let (now, truth) = (
            self.now,
            self.truth.get_mut(&peer).expect("a probe to nobody"),
        );
        if self.unsent > 0 {
            self.unsent -= 1;
            truth.unsent_since.get_or_insert(now);
            self.cut_off_since.get_or_insert(now);
            self.fleet.handle_unsent(peer, id, now);
            return;
        }
        self.sent(peer, now);
        let truth = self.truth.get_mut(&peer).expect("a probe to nobody");
        if core::mem::take(&mut self.refused) {
            truth.is_blameless = false;
            self.fleet.handle_failure(peer, id, Failure::Refused, now);
            return;
        }
        if truth.down_since.is_none() {
            let at = now.saturating_add(micros(truth.delay_us));
            self.flying.insert((at, peer, id.into()));
        }
    }

    /// A probe to `peer` could be sent.
    fn sent(&mut self, peer: PeerKey, now: Instant) {
        self.last_cut_off = self.cut_off_since.take().or(self.last_cut_off);
        let truth = self.truth.get_mut(&peer).expect("a probe to nobody");
        if let Some(since) = truth.unsent_since.take() {
            truth.late = truth
                .late
                .saturating_add(now.saturating_duration_since(since));
        }
    }

    // ---- the laws ----

    fn check(&mut self) {
        assert!(self.fleet.is_valid());
        self.take_events();
        let mut verdicts = BTreeMap::new();
        for peer in self.peers.clone() {
            let verdict = self.fleet.verdict(peer).expect("it is in the fleet");
            *verdicts.entry(alloc::format!("{verdict}")).or_insert(0) += 1;
            assert_eq!(verdict, self.truth[&peer].last, "{peer}: no event told");
            self.check_bound(peer, verdict);
        }
        let census = self.fleet.census();
        let count = |word: &str| verdicts.get(word).copied().unwrap_or(0_usize);
        let counted = [
            count("unknown"),
            count("alive"),
            count("suspect"),
            count("dead"),
        ];
        let said = [census.unknown, census.alive, census.suspect, census.dead];
        assert_eq!(said, counted);
    }

    fn take_events(&mut self) {
        let events: Vec<_> = self.fleet.events().collect();
        let mut pauses = 0;
        for told in events {
            let number = told.number;
            assert!(
                number > self.last_event,
                "{number} after {}",
                self.last_event
            );
            self.last_event = number;
            match (told.kind.peer, told.kind.kind) {
                (Some(peer), EventKind::Transition(change)) => {
                    self.change(peer, change.from, change.to);
                }
                (None, EventKind::Paused { .. }) => pauses += 1,
                (None, EventKind::Blind { since, .. }) => {
                    let known_since = self
                        .cut_off_since
                        .or(self.last_cut_off)
                        .expect("a send failed");
                    assert!(
                        since >= known_since && since < self.now,
                        "law 4: blind since {since}, cut off since {known_since}"
                    );
                    for truth in self.truth.values_mut() {
                        (truth.last, truth.was_heard) = (Verdict::Unknown, false);
                    }
                }
                (None, EventKind::Isolated { since }) => {
                    assert!(since < self.now && !self.is_isolated);
                    self.is_isolated = true;
                }
                (None, EventKind::Rejoined) => {
                    assert!(
                        core::mem::take(&mut self.is_isolated),
                        "it was not isolated"
                    );
                }
                (Some(peer), EventKind::Blind { .. }) => {
                    assert!(
                        self.truth
                            .get(&peer)
                            .is_none_or(|truth| truth.last == Verdict::Unknown)
                    );
                }
                (peer, event) => assert!(
                    peer.is_some() && !matches!(event, EventKind::Paused { .. }),
                    "{event:?}"
                ),
            }
        }
        assert!(pauses <= 64);
    }

    fn change(&mut self, peer: PeerKey, from: Verdict, to: Verdict) {
        let now = self.now;
        let Some(truth) = self.truth.get_mut(&peer) else {
            return; // it was removed since
        };
        let max_in_flight = (from, to) == (Verdict::Suspect, Verdict::Dead); // a timeout may end with the bound
        assert!(
            from == truth.last || max_in_flight,
            "{peer}: {} told, then {from} to {to}",
            truth.last
        );
        let is_heard = core::mem::replace(&mut truth.was_heard, to != Verdict::Unknown);
        if to == Verdict::Dead {
            assert!(
                !truth.is_blameless,
                "law 4: {peer} is dead at {now}, and answers"
            );
            let is_slow = u128::from(truth.delay_us) > self.config.interval_min().as_micros();
            assert!(
                !is_heard || from == Verdict::Suspect || is_slow,
                "law 6: {from} to {to}"
            );
            truth.was_heard = is_heard;
        }
        if to == Verdict::Alive && truth.down_since.is_none() {
            truth.is_blameless = truth.delay_us
                < u64::try_from(self.config.timeout_min().as_micros()).unwrap_or(u64::MAX);
        }
        truth.last = to;
    }

    /// Laws 3 and 4: a peer that is down is dead within the bound, or what an overflow adds to it, and our lateness.
    fn check_bound(&mut self, peer: PeerKey, verdict: Verdict) {
        let plan = self
            .fleet
            .status(peer, self.now)
            .expect("it is in the fleet")
            .path
            .plan;
        let truth = self.truth.get_mut(&peer).expect("it is known");
        if let Some(since) = truth.unsent_since {
            truth.blind_bound = truth.blind_bound.max(plan.bound());
            // the moment is kept in units of 1,024 us
            let from = truth.heard_at.max(since).saturating_add(micros(1_024));
            let until = from
                .saturating_add(truth.blind_bound)
                .saturating_add(truth.unsent_late);
            assert!(
                verdict == Verdict::Unknown || self.now <= until,
                "law 4: {peer} is {verdict} at {}, and cannot be asked since {since}, heard at {}",
                self.now,
                truth.heard_at
            );
        } else {
            (truth.blind_bound, truth.unsent_late) = (plan.bound(), Duration::ZERO);
        }
        let Some(since) = truth.down_since else {
            truth.bound = plan.bound();
            return;
        };
        truth.bound = truth.bound.max(plan.bound());
        if verdict == Verdict::Dead || truth.unsent_since.is_some() {
            return;
        }
        let from = self.overflow_at.map_or(since, |at| at.max(since));
        let until = from.saturating_add(truth.bound).saturating_add(truth.late);
        let is_asked = verdict != Verdict::Unknown; // the first probe waits for its turn
        assert!(
            !is_asked || self.now <= until || self.wait <= until,
            "law 3: {peer}, down since {since}, is {verdict} at {}, overflow {:?}, bound {:?}, late {:?}",
            self.now,
            self.overflow_at,
            truth.bound,
            truth.late
        );
    }
}
