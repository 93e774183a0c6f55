//! The machine that monitors very many peers with one clock, one configuration and one `poll`.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::hint::black_box;
use core::time::Duration;

use crate::config::Config;
use crate::config::RetryBudget;
use crate::config::error::{ConfigError, Setting, check};
use crate::output::Output;
use crate::pacing::{Fluctuation, Pacing};
use crate::path::window::DEFAULT_WINDOW;
use crate::peer::event::Event;
use crate::peer::probe::ProbeId;
use crate::time::{Instant, duration, micros};

use super::census::Counters;
use super::cut_off::CutOff;
use super::event::PeerEvent;
use super::key::PeerKey;
use super::schedule::Schedule;
use super::slot::Slot;
use super::verdicts::Verdicts;

/// A probe that a fleet returns to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The peer to send to.
    pub peer: PeerKey,
    /// The id that the probe carries.
    pub id: ProbeId,
    /// How long ago the probe was due. This lateness is local.
    pub late: Duration,
}

/// Monitors very many peers on the caller's clock and socket, under one configuration.
///
/// Every peer has a [`Monitor`](crate::Monitor) with `N` RTT samples and a seed of its own, and gets
/// the same verdicts as from a monitor alone. While nothing happens to a peer, the fleet keeps only
/// the state that is specific to the peer. Configuration, counters and pending events are stored
/// once for the fleet, and a timing wheel holds the deadlines.
///
/// After waking, pass what arrived to the `handle_*` methods. Then call [`poll`](Self::poll) until
/// it returns [`Output::Wait`], which is the deadline to sleep until, and take the
/// [`events`](Self::events).
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Event, Fleet, Instant, Output, Verdict, fleet};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1)).seed(0xd1ce).build()?;
/// let mut now = Instant::ZERO;
/// let mut fleet = Fleet::<4>::with_window(config, now)?;
/// let peers: Vec<_> = (0..100).map(|_| fleet.add(now)).collect();
/// let mut network = Vec::new(); // replies after 20 ms; peer 7 crashes after half a minute
///
/// while now < Instant::from_secs(60) {
///     network.retain(|&(peer, id, at)| at > now || {
///         fleet.handle_reply(peer, id, at);
///         false
///     });
///     now = loop {
///         match fleet.poll(now) {
///             Output::Send(fleet::Probe { peer, id, .. }) => {
///                 if peer != peers[7] || now < Instant::from_secs(30) {
///                     network.push((peer, id, now.saturating_add(Duration::from_millis(20))));
///                 }
///             }
///             Output::Wait(until) => {
///                 break network.iter().map(|&(.., at)| at).fold(until, Instant::min);
///             }
///             Output::Idle => return Ok(()),
///         }
///     };
///     for event in fleet.events() {
///         println!("{event:?}");
///     }
/// }
/// assert_eq!((fleet.census().alive, fleet.census().dead), (99, 1));
/// assert_eq!(fleet.worst(10, now)[0].peer, peers[7]);
/// assert_eq!(fleet.verdict(peers[7]), Some(Verdict::Dead));
/// # Ok(()) }
/// ```
///
/// # Differences from single monitors
///
/// - **Retries have a [budget](RetryBudget)**: one retry per two other probes, and up to 64 saved
///   ones. An outage of all peers therefore costs at most one and a half times the steady probes,
///   and no more when it ends. The bound is kept nevertheless.
/// - **A drain is fair**: after [`MAX_DRAIN`](Self::MAX_DRAIN) polls it ends with a `Wait` of one
///   microsecond even where more is due, so that the caller can pass in what arrived meanwhile. The
///   peer that has been due longest comes first.
/// - **Local lateness is credited** to each peer, as by a monitor. A local pause is one event
///   without a peer. The caller reports replies that were lost locally with
///   [`handle_overflow`](Self::handle_overflow).
/// - **A peer remembers three probes**, where a monitor remembers eight. A reply to an older probe
///   is recognised by its id, and proves life if no later probe has got a reply yet.
/// - **Common failures are told from independent ones**: every `Dead` carries a
///   [`Cause`](super::Cause), and one [`Isolated`](crate::EventKind::Isolated) says that the fault is likely to be local.
/// - **[`Wait`](Output::Wait) may be early**: it may name a moment before the next deadline where
///   that is more than 16 ms away, at most four times per deadline.
pub struct Fleet<const N: usize = DEFAULT_WINDOW, P: Pacing = Fluctuation> {
    pub(super) config: Config<P>,
    pub(super) slots: Vec<Slot<N, P>>,
    /// Indices of removed peers, to be reused.
    pub(super) vacant: Vec<u32>,
    pub(super) schedule: Schedule,
    /// When replies were last lost locally. Probes sent before may have got a reply.
    pub(super) lost_at: Option<Instant>,
    /// The time in which no probe could be sent, if it lasts.
    pub(super) cut_off: Option<CutOff>,
    /// How often that lasted for one bound, modulo 256.
    pub(super) blind: u8,
    pub(super) budget: RetryBudget,
    pub(super) verdicts: Verdicts<PeerKey>,
    pub(super) counters: Counters,
    /// The indices of all peers that are suspected or dead, and of some that no longer are.
    pub(super) troubled: Vec<u32>,
}

/// The share of retries among other probes, which limits the cost of an outage of all peers.
const RETRIES_PERCENT: u8 = 50;
/// The window of common failures until a peer is called dead, where no bound is stated.
pub(super) const WINDOW_US: u64 = 4_000_000;
/// How many retries can be saved up.
const RETRIES_AT_ONCE: u16 = 64;

impl<P: Pacing> Fleet<DEFAULT_WINDOW, P> {
    /// Creates a fleet without peers, with [default windows](DEFAULT_WINDOW).
    ///
    /// # Errors
    /// Returns an error where the configuration has no seed. Without one, probe ids could be
    /// guessed, and fleets would send at the same moments.
    pub fn new(config: Config<P>, now: Instant) -> Result<Self, ConfigError> {
        Self::with_window(config, now)
    }
}

impl<const N: usize, P: Pacing> Fleet<N, P> {
    /// The most polls that a drain takes.
    pub const MAX_DRAIN: usize = Schedule::MAX_DRAIN;

    /// Creates a fleet whose windows hold `N` round-trip times; see [`new`](Fleet::new).
    ///
    /// # Errors
    /// Returns the errors of [`new`](Fleet::new).
    pub fn with_window(config: Config<P>, now: Instant) -> Result<Self, ConfigError> {
        check(Setting::Seed, config.seed.0, 1, u64::MAX)?;
        let window_us = config.stated_bound().map_or(WINDOW_US, micros);
        Ok(Self {
            config,
            slots: Vec::new(),
            vacant: Vec::new(),
            schedule: Schedule::new(now),
            lost_at: None,
            cut_off: None,
            blind: 0,
            budget: RetryBudget::new(RETRIES_PERCENT, RETRIES_AT_ONCE),
            verdicts: Verdicts::new(window_us, now),
            counters: Counters::default(),
            troubled: Vec::new(),
        })
    }

    // ---- drain ----

    /// Returns what to do at `now`. Call it until it returns [`Output::Wait`] or [`Output::Idle`],
    /// and again at that moment and after every `handle_*`.
    ///
    /// Early calls are harmless. Each late call adds its lateness to the detection time. The cost
    /// does not depend on the number of peers for which nothing is due.
    pub fn poll(&mut self, now: Instant) -> Output<Probe, Infallible> {
        self.schedule.look(now);
        self.tell_pause();
        if self.schedule.is_fresh() {
            self.count_sends();
        }
        while let Some((index, due)) = self.next_due() {
            if let Some((peer, id)) = self.visit(index) {
                let late_us = self.schedule.now.since(due);
                self.schedule.lateness.add(late_us);
                let late = duration(late_us);
                return Output::Send(Probe { peer, id, late });
            }
        }
        self.schedule.end_drain().map_or(Output::Idle, Output::Wait)
    }

    /// Returns the next index that is due. Slots that are due soon are read ahead together, so that
    /// their cache misses overlap: cache misses dominate the cost of a visit.
    fn next_due(&mut self) -> Option<(u32, Instant)> {
        let slots = &self.slots;
        let read = |index| drop(slots.get(index as usize).cloned().map(black_box));
        self.schedule.next_due(read)
    }

    /// Removes and returns the pending events, in order. At most 64 more are kept than there are
    /// peers. Where the caller takes them too rarely, the oldest are dropped and
    /// the numbers show a gap.
    pub fn events(&mut self) -> impl Iterator<Item = Event<PeerEvent>> + '_ {
        self.verdicts.drain()
    }

    /// Polls the monitor of the peer with `index`, which is due. Returns the probe to send, if any.
    fn visit(&mut self, index: u32) -> Option<(PeerKey, ProbeId)> {
        let peer = self.key(index)?;
        let slot = self.slot(peer)?;
        let mut monitor = self.wake(slot, peer);
        let output = match self.lost_before(slot) {
            Some(at) => monitor.poll_after_overflow(self.schedule.now, at, &self.budget),
            None => monitor.poll_with_budget(self.schedule.now, &self.budget),
        };
        let (probe, event) = match output {
            Output::Send(id) => (Some((peer, id)), None),
            Output::Event(event) => (None, Some(event)),
            Output::Wait(_) | Output::Idle => (None, None),
        };
        self.rest(peer, event, &mut monitor);
        if probe.is_some() {
            self.note_overflows(peer);
        }
        probe
    }
}

/// Formats configuration, census and counters. It leaves out the peers, since there may be a
/// million.
impl<const N: usize, P: Pacing> fmt::Debug for Fleet<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("config", &self.config)
            .field("census", &self.census())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
