//! The machine that listens to very many senders with one clock, one configuration and one `poll`.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::hint::black_box;

use crate::config::error::{ConfigError, Setting, check};
use crate::fleet::PeerEvent;
use crate::fleet::machine::WINDOW_US;
use crate::fleet::schedule::Schedule;
use crate::fleet::verdicts::{Subject, Verdicts};
use crate::math::random::Secret;
use crate::output::Output;
use crate::peer::event::{Event, EventKind};
use crate::peer::verdict::Verdict;
use crate::push::listener::{Config, Listener};
use crate::time::{Instant, duration, micros};

use super::counters::Counters;
use super::ids::Ids;
use super::slot::Slot;

/// Listens to very many senders on the caller's clock and socket, under one configuration.
///
/// Every sender has a [`Listener`] with `N` arrivals, and gets the verdicts of a listener alone.
/// While nothing happens to a sender, the fleet keeps only the state that is specific to it: at
/// most 256 bytes where `N` is 4, all told. Senders are identified by [`Beat::id`](crate::Beat::id).
///
/// After waking, pass everything that arrived to [`handle_beat`](Self::handle_beat). Then call
/// [`poll`](Self::poll), which returns the deadline to sleep until, and take the
/// [`events`](Self::events).
///
/// ```
/// use core::time::Duration;
/// use systole::fleet::ListenerFleet;
/// use systole::{Beat, Instant, Output, Verdict, listener};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// const SECOND: Duration = Duration::from_secs(1);
/// let config = listener::Config::builder().detect_within(3 * SECOND).build()?;
/// let mut fleet = ListenerFleet::new(config, 0x5eed, Instant::ZERO)?;
/// for id in 1..=100 {
///     fleet.add(id, Some(SECOND), Instant::ZERO)?;
/// }
/// for second in 0..60_u32 {
///     let now = Instant::from_secs(second.into());
///     for id in (1..=99).filter(|&id| id != 7 || second < 30) {
///         fleet.handle_beat(&Beat::new(second, SECOND).with_id(id), now);
///     }
///     let Output::Wait(_) = fleet.poll(now) else { unreachable!() };
///     for event in fleet.events() {
///         println!("{event:?}");
///     }
/// }
/// assert_eq!((fleet.census().alive, fleet.census().dead), (98, 2));
/// assert_eq!(fleet.verdict(7), Some(Verdict::Dead)); // crashed
/// assert_eq!(fleet.status(100, Instant::from_secs(60)).unwrap().path.heard_at, None); // never came
/// # Ok(()) }
/// ```
///
/// # Differences from single listeners
///
/// - **Senders are added** with the interval that is expected of them, and are dead where they do
///   not come within the bound for that interval. Others are [admitted](Self::admit_up_to) up to a
///   limit, which is 0 unless set.
/// - **Local lateness is credited** to each sender, as by a listener. A local pause is one event
///   without a sender. The caller reports heartbeats that were lost locally with
///   [`handle_overflow`](Self::handle_overflow).
/// - **A poll is fair**: it judges at most 256 senders, and then returns a `Wait` of one
///   microsecond even where more are due, so that the caller can hand in what arrived meanwhile.
/// - **Common failures are told from independent ones**, as by a [`Fleet`](crate::Fleet).
/// - **[`Wait`](Output::Wait) may be early**: it may name a moment before the next deadline where
///   that is more than 16 ms away, at most four times per deadline.
/// - **Of late heartbeats** the newest 32 numbers are told from repeated ones, where a listener
///   remembers 64.
pub struct ListenerFleet<const N: usize = 4> {
    pub(super) config: Config,
    pub(super) slots: Vec<Slot<N>>,
    /// Indices of removed senders, to be reused.
    pub(super) vacant: Vec<u32>,
    pub(super) ids: Ids,
    /// The number of senders at which no unknown one is admitted.
    pub(super) limit: usize,
    pub(super) schedule: Schedule,
    /// When heartbeats were last lost locally.
    pub(super) lost_at: Option<Instant>,
    /// When this process last returned from a suspend, and how often it did, modulo 256.
    pub(super) resumed_at: Instant,
    pub(super) resumes: u8,
    pub(super) verdicts: Verdicts<u64>,
    pub(super) counters: Counters,
    /// The indices of all senders that are suspected or dead, and of some that no longer are.
    pub(super) troubled: Vec<u32>,
}

impl ListenerFleet {
    /// Creates a fleet without senders, with windows of four arrivals.
    ///
    /// `seed` is secret and random: it places ids in a table, and where it is known, an attacker
    /// can choose ids that make that slow.
    ///
    /// # Errors
    /// `seed` is 0.
    pub fn new(config: Config, seed: u64, now: Instant) -> Result<Self, ConfigError> {
        Self::with_window(config, seed, now)
    }
}

impl<const N: usize> ListenerFleet<N> {
    /// Creates a fleet whose windows hold `N` arrivals; see [`new`](ListenerFleet::new).
    ///
    /// # Errors
    /// Returns the errors of [`new`](ListenerFleet::new).
    pub fn with_window(config: Config, seed: u64, now: Instant) -> Result<Self, ConfigError> {
        check(Setting::Seed, seed, 1, u64::MAX)?;
        let window_us = config.stated_bound().map_or(WINDOW_US, micros);
        Ok(Self {
            config,
            slots: Vec::new(),
            vacant: Vec::new(),
            ids: Ids::new(Secret(seed)),
            limit: 0,
            schedule: Schedule::new(now),
            lost_at: None,
            resumed_at: now,
            resumes: 0,
            verdicts: Verdicts::new(window_us, now),
            counters: Counters::default(),
            troubled: Vec::new(),
        })
    }

    // ---- drain ----

    /// Judges the senders whose deadline has passed at `now`, and returns when to poll again. Hand
    /// in first everything that waits in the socket.
    ///
    /// Early calls are harmless. Each late call adds its lateness to the detection time. The cost
    /// does not depend on the number of senders for which nothing is due.
    pub fn poll(&mut self, now: Instant) -> Output<Infallible, Infallible> {
        self.schedule.look(now);
        self.tell_pause();
        while let Some((index, due)) = self.next_due() {
            let late_us = self.schedule.now.since(due);
            self.schedule.lateness.add(late_us);
            self.visit(index);
        }
        self.schedule.end_drain().map_or(Output::Idle, Output::Wait)
    }

    /// Removes and returns the pending events, in order. At most 64 more are kept than there are
    /// senders. Where the caller takes them too rarely, the oldest are dropped and
    /// the numbers show a gap.
    pub fn events(&mut self) -> impl Iterator<Item = Event<PeerEvent<u64>>> + '_ {
        self.verdicts.drain()
    }

    /// Returns the next index that is due, and reads ahead the slots that are due soon, so that
    /// their cache misses overlap.
    fn next_due(&mut self) -> Option<(u32, Instant)> {
        let slots = &self.slots;
        let read = |index| _ = black_box(slots.get(index as usize).cloned());
        self.schedule.next_due(read)
    }

    fn visit(&mut self, index: u32) {
        let Some(mut listener) = self.wake(index) else {
            return;
        };
        while let Output::Event(event) = listener.poll(self.schedule.now) {
            self.recount(index, listener.verdict());
            self.tell(index, event, &listener);
        }
        self.rest(index, &mut listener);
    }

    // ---- senders at rest ----

    /// Returns the listener of the sender with `index`. It knows of every suspend and overflow.
    pub(super) fn wake(&self, index: u32) -> Option<Listener<N>> {
        let slot = self.slots.get(index as usize).filter(|it| it.is_taken())?;
        let mut listener = slot.listener.wake(&self.config, self.resumed_at);
        // An overflow changes nothing the second time, unless lateness was credited since. That
        // was after the first.
        let lost_at = self.lost_at.filter(|&at| at >= slot.listener.credited());
        if let Some(at) = lost_at {
            listener.handle_overflow(at);
        }
        if slot.resumes != self.resumes {
            listener.resumed(self.resumed_at);
        }
        Some(listener)
    }

    /// Stores `listener` until something of it is due or arrives, and queues its events.
    pub(super) fn rest(&mut self, index: u32, listener: &mut Listener<N>) {
        let verdict = listener.verdict();
        self.recount(index, verdict);
        while let Some(event) = listener.take_event() {
            self.tell(index, event, listener);
        }
        self.counters.add(listener.counters());
        self.schedule.wheel.set(index, listener.deadline());
        let resumes = self.resumes;
        if let Some(slot) = self.slots.get_mut(index as usize) {
            (slot.listener, slot.resumes) = (listener.rest(), resumes);
        }
        self.list(index, verdict);
    }

    /// Counts a change of the verdict on a sender, before it is told.
    fn recount(&mut self, index: u32, verdict: Verdict) {
        if let Some(slot) = self.slots.get_mut(index as usize) {
            let before = slot.listener.turn(verdict);
            let labels = slot.labels;
            self.verdicts
                .change(labels, before, verdict, self.schedule.now);
        }
    }

    /// Lists a sender that is suspected or dead.
    pub(super) fn list(&mut self, index: u32, verdict: Verdict) {
        let slot = self.slots.get_mut(index as usize);
        let is_troubled = matches!(verdict, Verdict::Suspect | Verdict::Dead);
        if let Some(slot) = slot.filter(|slot| is_troubled && !slot.listed) {
            slot.listed = true;
            self.troubled.push(index);
        }
    }

    // ---- events ----

    /// Queues an event of a sender. Its lateness is the fleet's, which is told once.
    fn tell(&mut self, index: u32, event: Event, listener: &Listener<N>) {
        match event.kind {
            EventKind::Paused { .. } => return,
            EventKind::Transition(change) => self.counters.count(change.to),
            _ => {}
        }
        let slot = self.slots.get(index as usize);
        let subject = Subject {
            peer: slot.map_or(0, Slot::id),
            labels: slot.map_or(0, |slot| slot.labels),
            bound_us: micros(listener.bound()),
        };
        self.verdicts.tell_of(subject, event.at, event.kind);
    }

    fn tell_pause(&mut self) {
        let late_us = self.schedule.take_lateness();
        self.verdicts.see_lateness(late_us, self.schedule.now);
        if late_us > 0 && self.config.is_pause(late_us) {
            self.counters.pauses += 1;
            let lateness = duration(late_us);
            let kind = EventKind::Paused { lateness };
            self.verdicts.tell(None, self.schedule.now, kind);
        }
    }
}

/// Formats configuration, census and counters. It leaves out the senders, since there may be a
/// million.
impl<const N: usize> fmt::Debug for ListenerFleet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerFleet")
            .field("config", &self.config)
            .field("census", &self.census())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
