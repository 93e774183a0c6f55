//! Everything that can be done to a `Listener`, and the laws that must hold after each step.
//!
//! One alphabet for the property tests and the fuzz target: an [`Op`] is applied to a [`World`], which is a sender, the wire, a listener and a
//! clock, and checks the laws as it goes.

use core::time::Duration;

use systole::{
    Beat, Event, Instant, Listener, Output, Sender, Verdict, listener, path::SuspicionLevel, wire,
};

/// What can happen to a listener. Spans are microseconds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Op {
    /// Sleep until something happens, and drain, as many times as said.
    Beat(u8),
    /// The same, but look this much too late.
    Late(u32),
    /// Look before the deadline.
    Early(u16),
    /// From now on beats take this long; `None`: they are lost.
    Delay(Option<u32>),
    /// All that is under way arrives at once, the newest first or last.
    Release(bool),
    /// A beat that was heard before is heard again.
    Duplicate(u8),
    /// Any bytes, as a datagram.
    Bytes(Vec<u8>),
    /// A well-formed beat of a stranger's: incarnation, which is not guessed, sequence number, interval, deadline, and whether it is a goodbye.
    Forged(u32, u32, u32, u32, bool),
    /// A stranger who has seen the last beat: this much beside its incarnation and sequence number, and a goodbye.
    Seen(u8, i32, bool),
    /// The sender beats at another interval.
    Interval(u32),
    Load(Option<u8>),
    /// The sender stops for so long.
    Stop(u32),
    Goodbye,
    /// The sender starts over.
    Restart,
    Resumed,
    /// The clock goes back by this much for one look.
    ClockBack(u32),
    /// The clock leaps forward by this much and is corrected.
    Leap(u64),
}

/// A key; not a good code, but what is forged here does not know it.
pub struct Key(pub u64);

impl wire::Mac for Key {
    fn tag(&self, message: &[u8; wire::SIGNED]) -> [u8; 16] {
        let mix = |sum: u64, byte: &u8| {
            let sum = (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
            sum ^ (sum >> 29)
        };
        let low = message.iter().fold(self.0, mix);
        let high = message.iter().rev().fold(low, mix);
        (u128::from(low) << 64 | u128::from(high)).to_be_bytes()
    }
}

/// The sender's key.
pub const KEY: Key = Key(0x005e_ed0f_0007);

pub struct World {
    pub sender: Sender,
    pub listener: Listener<8>,
    pub now: Instant,
    /// How long a beat sent now takes; none where it is lost.
    pub delay_us: Option<u32>,
    /// Until when the sender does not send.
    pub stopped: Instant,
    /// When it arrives, when it was sent, and the datagram.
    flying: Vec<(Instant, Instant, Vec<u8>)>,
    /// Datagrams that were heard, and when they were sent. A sequence number says its beat modulo 2^32: one that is older than half of that passes for new.
    heard: Vec<(Instant, Vec<u8>)>,
    quickest: Duration,
    pub wait: Instant,
    level: SuspicionLevel,
    pub events: Vec<Event>,
    last_event: u32,
    incarnation: u32,
    tagged: bool,
}

impl World {
    pub fn new(config: listener::Config, interval: Duration, tagged: bool) -> Self {
        let now = Instant::from_secs(1);
        let config = if tagged {
            config.into_builder().authenticated().build().unwrap()
        } else {
            config
        };
        let mut world = Self {
            sender: sender(interval, 1, now),
            listener: Listener::with_window(config, now),
            now,
            delay_us: Some(20_000),
            stopped: now,
            flying: Vec::new(),
            heard: Vec::new(),
            quickest: interval,
            wait: now,
            level: SuspicionLevel::ZERO,
            events: Vec::new(),
            last_event: 0,
            incarnation: 1,
            tagged,
        };
        world.drain();
        world
    }

    /// Applies `op` and checks the laws.
    pub fn apply(&mut self, op: &Op) {
        let heard = self.perform(op);
        self.check(heard);
    }

    /// Returns whether something happened that may lower the level.
    fn perform(&mut self, op: &Op) -> bool {
        match op {
            Op::Beat(times) => (0..=times % 16).fold(false, |heard, _| heard | self.beat(0)),
            Op::Late(us) => self.beat((*us).into()),
            Op::Early(us) => {
                self.now = self.now.saturating_add(micros((*us).into())).min(self.wait);
                self.drain();
                false
            }
            Op::Release(newest_first) => self.release(*newest_first),
            Op::Duplicate(_) | Op::Bytes(_) | Op::Forged(..) | Op::Seen(..) => self.intrude(op),
            Op::Resumed | Op::ClockBack(_) | Op::Leap(_) => self.turn_clock(op),
            _ => self.play(op),
        }
    }

    /// What the sender and the path do; nothing arrives.
    fn play(&mut self, op: &Op) -> bool {
        match *op {
            Op::Delay(delay_us) => self.delay_us = delay_us,
            Op::Load(load) => self.sender.set_load(load),
            Op::Stop(us) => self.stopped = self.now.saturating_add(micros(us.into())),
            Op::Interval(us) => {
                let interval = micros(u64::from(us).max(1));
                self.quickest = self.quickest.min(interval);
                self.sender
                    .set_interval(interval, self.now)
                    .unwrap_or_else(|error| panic!("{error}"));
            }
            Op::Goodbye => {
                let beat = self.sender.goodbye();
                self.fly(&beat);
            }
            _ => {
                self.incarnation += 1;
                self.sender = sender(self.sender.interval(), self.incarnation, self.now);
            }
        }
        false
    }

    /// What others send. None of it may change anything while the peer is heard in time, and with a tag never.
    fn intrude(&mut self, op: &Op) -> bool {
        let datagram = match op {
            Op::Duplicate(which) => {
                self.forget();
                let which = usize::from(*which) % self.heard.len().max(1);
                let heard = self.heard.get(which);
                heard.map_or_else(Vec::new, |(_, datagram)| datagram.clone())
            }
            Op::Bytes(bytes) => bytes.clone(),
            Op::Forged(incarnation, sequence, interval, deadline, goodbye) => {
                let known = self.listener.snapshot(self.now).incarnation;
                let guessed = known == Some(*incarnation);
                let beat = Beat::new(*sequence, micros((*interval).into()))
                    .with_deadline(micros((*deadline).into()))
                    .with_incarnation(if guessed { !incarnation } else { *incarnation });
                forge(if *goodbye { beat.goodbye() } else { beat }, self.tagged)
            }
            Op::Seen(of, jump, goodbye) => self.imitate(*of, *jump, *goodbye),
            _ => Vec::new(),
        };
        self.drain();
        let trusting = self.listener.verdict() == Verdict::Unknown;
        let silent = self.listener.verdict() != Verdict::Alive;
        // one that was not believed when it came, being too far ahead for the time that had passed, may be later
        let snapshot = self.listener.snapshot(self.now);
        let of_now = wire::decode(&datagram).is_ok_and(|beat| {
            let behind = snapshot.sequence.wrapping_sub(beat.sequence()) < 1 << 31;
            Some(beat.incarnation()) == snapshot.incarnation && behind
        });
        let genuine = of_now && self.heard.iter().any(|(_, heard)| *heard == datagram);
        if self.tagged || genuine || !(trusting || silent) {
            self.unmoved(|world| world.receive(&datagram));
        } else {
            self.receive(&datagram);
        }
        !self.tagged && silent
    }

    /// A beat beside the last one, of another incarnation or a jump of the sequence, by somebody without the key.
    fn imitate(&self, of: u8, jump: i32, goodbye: bool) -> Vec<u8> {
        let snapshot = self.listener.snapshot(self.now);
        let known = snapshot.incarnation.unwrap_or(0);
        let other = known.wrapping_add(u32::from(of).max(1));
        let sequence = snapshot.sequence.wrapping_add_signed(jump);
        let beat = Beat::new(sequence, snapshot.interval).with_incarnation(other);
        forge(if goodbye { beat.goodbye() } else { beat }, self.tagged)
    }

    fn turn_clock(&mut self, op: &Op) -> bool {
        let now = self.now;
        match *op {
            Op::ClockBack(us) => {
                let before = self.drain();
                self.now = now.saturating_sub(micros(us.into()));
                assert_eq!(
                    self.drain(),
                    before,
                    "time running backwards is no time passed"
                );
                self.now = now;
            }
            Op::Leap(us) => {
                self.now = now.saturating_add(micros(us));
                self.drain();
                self.listener.resync(now);
                self.now = now;
            }
            _ => self.listener.resumed(now),
        }
        true
    }

    /// Sleeps until the deadline, the next beat or the first arrival, `late_us` longer, hands in what arrived, and drains.
    pub fn beat(&mut self, late_us: u64) -> bool {
        let arrival = self.flying.iter().map(|&(at, ..)| at).min();
        let wake = arrival.unwrap_or(Instant::MAX).min(self.wait);
        let wake = wake.min(self.next_send()).max(self.now);
        if wake == Instant::MAX {
            return false; // nobody sends, and nothing is waited for
        }
        self.send_until(wake.saturating_add(micros(late_us)));
        let landed = self.land();
        self.drain();
        landed
    }

    fn next_send(&mut self) -> Instant {
        match self.sender.poll(Instant::ZERO) {
            Output::Wait(until) => until.max(self.stopped),
            _ => Instant::MAX,
        }
    }

    /// The sender is punctual, whatever we are; of a very long time the first beats and the last.
    fn send_until(&mut self, end: Instant) {
        for _ in 0..64 {
            let next = self.next_send();
            if next > end {
                break;
            }
            self.send(next);
        }
        let next = self.next_send();
        if next <= end {
            let left = end.saturating_duration_since(next).as_micros();
            let into = left % self.sender.interval().as_micros();
            self.send(end.saturating_sub(micros(u64::try_from(into).unwrap_or(0))));
        }
        self.now = end.max(self.now);
    }

    fn send(&mut self, at: Instant) {
        self.now = at.max(self.now);
        if let Output::Send(beat) = self.sender.poll(self.now) {
            self.fly(&beat);
        }
    }

    fn fly(&mut self, beat: &Beat) {
        let Some(delay_us) = self.delay_us else {
            return;
        };
        let datagram = if self.tagged {
            wire::seal(beat, 0, &KEY).to_vec()
        } else {
            wire::encode(beat).to_vec()
        };
        let at = self.now.saturating_add(micros(delay_us.into()));
        self.flying.push((at, self.now, datagram));
    }

    fn land(&mut self) -> bool {
        self.flying.sort_by_key(|&(at, ..)| at);
        let landed = self.flying.partition_point(|&(at, ..)| at <= self.now);
        let arrived: Vec<_> = self.flying.drain(..landed).collect();
        for (_, sent, datagram) in arrived {
            let taken = |world: &Self| {
                let counters = world.listener.snapshot(world.now).counters;
                counters.beats + counters.reordered
            };
            let before = taken(self);
            self.receive(&datagram);
            if taken(self) > before {
                self.heard.push((sent, datagram));
            }
        }
        landed > 0
    }

    /// Forgets what may pass for new by now.
    fn forget(&mut self) {
        let young = self.now.saturating_sub(self.quickest * (1 << 31));
        self.heard.retain(|&(sent, _)| sent > young);
    }

    fn release(&mut self, newest_first: bool) -> bool {
        for (at, ..) in &mut self.flying {
            *at = self.now;
        }
        if newest_first {
            self.flying.reverse();
        }
        self.land()
    }

    fn receive(&mut self, datagram: &[u8]) {
        let beat = if self.tagged {
            wire::open(datagram, 0, &KEY)
        } else {
            wire::decode(datagram)
        };
        if let Ok(beat) = beat {
            self.listener.handle_beat(&beat, self.now);
        }
    }

    /// Law 2: a drain ends within `MAX_DRAIN` polls, and its deadline lies in the future and stays.
    pub fn drain(&mut self) -> Instant {
        for _ in 0..Listener::<8>::MAX_DRAIN {
            match self.listener.poll(self.now) {
                Output::Event(event) => self.note(event),
                Output::Idle => {
                    assert_eq!(self.now, Instant::MAX);
                    return Instant::MAX;
                }
                Output::Wait(until) => {
                    assert!(until > self.now, "no busy loop: {until} at {}", self.now);
                    let again = self.listener.poll(self.now);
                    assert_eq!(again, Output::Wait(until), "the deadline stays");
                    self.wait = until;
                    return until;
                }
            }
        }
        panic!("the drain does not end");
    }

    fn note(&mut self, event: Event) {
        assert!(event.number > self.last_event, "event numbers rise");
        self.last_event = event.number;
        self.events.push(event);
    }

    /// Law 7: what is not believed changes nothing but counters.
    fn unmoved(&mut self, act: impl FnOnce(&mut Self)) {
        let state = |world: &Self| {
            let all = world.listener.snapshot(world.now);
            let path = (all.samples, all.mean_excess, all.standard_deviation);
            let life = (all.incarnation, all.sequence, all.load, all.bound);
            (all.verdict, all.level, all.dead_at, all.events, path, life)
        };
        let before = state(self);
        act(self);
        assert_eq!(before, state(self));
    }

    /// The laws that hold at any moment.
    fn check(&mut self, heard: bool) {
        self.drain();
        assert!(self.listener.is_valid(), "{:?}", self.listener);
        let snapshot = self.listener.snapshot(self.now);
        assert!(
            heard || snapshot.level >= self.level,
            "the level fell in silence: {} to {}",
            self.level,
            snapshot.level
        );
        assert!(
            snapshot.phi.is_finite() && snapshot.phi >= 0.0,
            "{}",
            snapshot.phi
        );
        assert!(snapshot.dead_at.is_none_or(|at| at > self.now));
        self.level = snapshot.level;
    }

    pub const fn verdict(&self) -> Verdict {
        self.listener.verdict()
    }
}

fn sender(interval: Duration, incarnation: u32, now: Instant) -> Sender {
    Sender::new(interval, incarnation, now).unwrap_or_else(|error| panic!("{error}"))
}

/// The bytes of somebody without the key.
fn forge(beat: Beat, tagged: bool) -> Vec<u8> {
    if tagged {
        wire::seal(&beat, 0, &Key(0xbad)).to_vec()
    } else {
        wire::encode(&beat).to_vec()
    }
}

pub const fn micros(us: u64) -> Duration {
    Duration::from_micros(us)
}
