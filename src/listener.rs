//! The receiving side of pushed heartbeats: sans-IO, no question is ever asked.

use core::time::Duration;

use crate::event::{Event, Pending, Precedence};
use crate::loss::LossRate;
use crate::suspicion::{Model, SuspicionLevel};
use crate::time::{Instant, duration};
use crate::verdict::{Change, Reason, Verdict};
use crate::watch::Watch;

mod arrivals;
mod config;
mod flow;
mod hear;
mod snapshot;

pub use config::ListenerConfig;
pub use snapshot::{ListenerCounters, ListenerSnapshot};

use arrivals::Arrivals;
use flow::{Flow, Stranger};

/// What [`Listener::poll`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ListenerOutput {
    /// Something happened; then poll again.
    Event(Event),
    /// Nothing to do before this moment, unless a beat arrives. It lies in the future.
    Wait(Instant),
    /// Nothing to do any more: the end of time.
    Idle,
}

/// Listens to one peer that sends its heartbeats unasked, and judges it by the last `N` arrivals.
///
/// Hand in what arrived, then [`poll`](Self::poll) until it answers [`ListenerOutput::Wait`], which is the deadline to sleep until. It opens no
/// socket and sends nothing. What it hears are [`Beat`](crate::Beat)s, of the crate's own [`wire`](crate::wire) and [`Sender`](crate::Sender) or of any
/// protocol that numbers its heartbeats.
///
/// ```
/// use core::time::Duration;
/// use systole::{Instant, Listener, ListenerConfig, ListenerOutput, Sender, SenderOutput, Verdict, wire};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let mut now = Instant::ZERO;
/// let mut sender = Sender::new(Duration::from_secs(1), 0x5eed, now)?;
/// let mut listener = Listener::<32>::new(ListenerConfig::new(), now);
/// while now < Instant::from_secs(60) {
///     if let (true, SenderOutput::Beat(beat)) = (now < Instant::from_secs(50), sender.poll(now)) {
///         let datagram = wire::encode(&beat); // over the network
///         if let Ok(beat) = wire::decode(&datagram) {
///             listener.handle_beat(&beat, now);
///         }
///     }
///     while let ListenerOutput::Event(event) = listener.poll(now) {
///         println!("{event}");
///     }
///     now = now.saturating_add(Duration::from_millis(100));
/// }
/// assert_eq!(listener.verdict(), Verdict::Dead); // since about four seconds after its last beat
/// # Ok(()) }
/// ```
///
/// # Verdicts
///
/// | | when | reason |
/// |---|---|---|
/// | `Unknown` | nothing was heard yet | |
/// | `Alive` | a beat proved life | `Answered`; `Restarted`: a new incarnation; after `Dead`: `Refuted`, `Recovered`, `Undecided` |
/// | `Suspect` | the next beat is later than expected, and than advertised | `Overdue` |
/// | `Dead` | the bound has passed since the newest beat was sent | `Silent`, `NeverHeard` |
/// | `Left` | the peer said goodbye | `Left` |
///
/// The arrival of the next beat is expected by its sequence number (NFD-E, \[Chen02\] section 6.3), at the later of the last offset from the
/// schedule and the mean of the window (2W-FD, Tomsic and others, IPDPS 2015). It is overdue four standard deviations or an eighth of an
/// interval after that, but not before its advertised deadline.
///
/// # The bound
///
/// The clocks of the two are not compared, so nobody can know how long a beat was under way. What is known is how much longer than the quickest
/// one. A beat proves life when it was sent, as if the quickest had taken no time: the verdict comes at most [the
/// bound](ListenerSnapshot::bound) *and the delay of the quickest beat* after the crash. The quickest is forgotten at 1/4096 of the time, so that clocks may drift; where
/// all beats for four bounds, or sixteen stated ones, four beats at least and at the pace of their numbers, come so late that each following one comes after the verdict, the
/// path is slower for good, and the quickest of these counts. The same is how a sender is understood whose interval is longer than it says; by how much,
/// up to a quarter, is then known and waited for. So with d(i) the delay of the i-th newest beat and eta the interval, a peer is found within
///
/// > bound + min over i of (d(i) + i * eta / 4096), plus our own lateness
///
/// unless its last beats came that late all that time.
///
/// A beat that is older than the bound when it arrives is stale: a queue that releases twenty of them has not told that the peer is alive.
///
/// # Strangers
///
/// A beat of another incarnation, or so many slots ahead that no clock explains it, is not believed at once: a second one has to follow it in pace, and
/// the known life has to be overdue. While that is heard in time, nobody takes its place. Sequence numbers wrap, and the nearer way counts: a beat that is
/// repeated when 2^31 others have been sent since would pass for one ahead, so a sender takes a new incarnation before that. An
/// [authenticated](ListenerConfig::authenticated) listener believes what is authentic and rising, and nothing else. Who can
/// do what beyond that is told [beside the wire format](crate::wire#who-can-do-what).
///
/// # Lateness
///
/// Whoever polls late is credited to the peer, as by a [`Monitor`](crate::Monitor): no bound passes for time in which nobody looked, and a dead peer is found
/// at most its bound plus all our lateness after its crash. Hand in what waits in the socket before the poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener<const N: usize> {
    config: ListenerConfig,
    arrivals: Arrivals<N>,
    flow: Option<Flow>,
    stranger: Option<Stranger>,
    watch: Watch,
    outlook: Outlook,
    pending: Pending,
    counters: ListenerCounters,
    /// When the newest beat arrived.
    heard: Instant,
    /// When our last lateness ended, and how long it was.
    woken: Instant,
    late_us: u64,
    loss: LossRate,
    /// How improbable the silence was that the newest beat ended.
    silence: SuspicionLevel,
    load: Option<u8>,
    verdict: Verdict,
    /// Beats heard since `Dead`.
    risen: u8,
    /// How `Dead` ends, decided by the first beat.
    revival: Reason,
}

/// What silence means from the newest proof of life on; moments are observed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outlook {
    /// When the newest beat was sent.
    mark: Instant,
    /// Where its slot lies.
    origin: Instant,
    /// When the next is expected, and when it is overdue.
    expected: Instant,
    overdue: Instant,
    /// How long after the mark the peer is dead.
    bound_us: u64,
}

/// What it may take, on any target.
const _: () = assert!(size_of::<Listener<32>>() <= 576);

/// Beats missing that the level is summed over.
const MISSING: u64 = 8;

impl<const N: usize> Listener<N> {
    /// The most polls a drain takes: an event of each kind, and the deadline.
    pub const MAX_DRAIN: usize = 4;

    /// A listener to a peer of which nothing is known.
    #[must_use]
    pub fn new(config: ListenerConfig, now: Instant) -> Self {
        Self {
            arrivals: Arrivals::new(),
            flow: None,
            stranger: None,
            watch: Watch::new(now),
            outlook: Outlook {
                mark: now,
                origin: now,
                expected: now,
                overdue: Instant::MAX,
                bound_us: config.first_us(),
            },
            pending: Pending::NONE,
            counters: ListenerCounters::default(),
            heard: now,
            woken: Instant::ZERO,
            late_us: 0,
            loss: LossRate::new(),
            silence: SuspicionLevel::ZERO,
            load: None,
            verdict: Verdict::Unknown,
            risen: 0,
            revival: Reason::Recovered,
            config,
        }
    }

    // ---- the drain ----

    /// What to do at `now`. Call it until it answers [`ListenerOutput::Wait`] or [`ListenerOutput::Idle`]; and again at that moment, or after a beat.
    ///
    /// Early calls are harmless and answer the same deadline. Late calls cost detection time, as much as they are late.
    pub fn poll(&mut self, now: Instant) -> ListenerOutput {
        self.look(now);
        self.expire();
        self.settle();
        match self
            .pending
            .take(self.outlook.bound_us, Precedence::Advertised)
        {
            Some(event) => ListenerOutput::Event(event),
            None if self.watch.now() == Instant::MAX => ListenerOutput::Idle,
            None => ListenerOutput::Wait(self.deadline()),
        }
    }

    /// When somebody has to look again, on the caller's clock.
    fn deadline(&self) -> Instant {
        let overdue = (self.verdict == Verdict::Alive).then_some(self.outlook.overdue);
        let dead = self.dead_at();
        let next = overdue.into_iter().chain(dead).min();
        next.map_or(Instant::MAX, |at| self.watch.at(at))
    }

    /// When the verdict falls if nothing is heard, on observed time; never where it has fallen, or the peer left.
    fn dead_at(&self) -> Option<Instant> {
        let pending = !matches!(self.verdict, Verdict::Dead | Verdict::Left);
        pending.then(|| self.outlook.mark.plus(self.outlook.bound_us))
    }

    fn look(&mut self, at: Instant) {
        let late_us = self.watch.look(at, self.deadline());
        if late_us == 0 {
            return;
        }
        (self.woken, self.late_us) = (self.watch.now(), late_us);
        self.counters.lateness_us = self.counters.lateness_us.saturating_add(late_us);
        if late_us >= u64::from(self.config.pause_us) {
            add(&mut self.counters.pauses, 1);
            self.pending.paused(late_us);
        }
    }

    /// Calls the peer suspect and dead, as observed time has it.
    fn expire(&mut self) {
        let seen = self.watch.seen();
        if self.verdict == Verdict::Alive && self.outlook.overdue <= seen {
            self.turn(Verdict::Suspect, Reason::Overdue);
        }
        if self.dead_at().is_some_and(|at| at <= seen) {
            let heard = self.flow.is_some();
            self.risen = 0;
            self.turn(
                Verdict::Dead,
                if heard {
                    Reason::Silent
                } else {
                    Reason::NeverHeard
                },
            );
        }
    }

    /// Tells a change of verdict, or of incarnation.
    fn turn(&mut self, to: Verdict, reason: Reason) {
        let from = core::mem::replace(&mut self.verdict, to);
        if from == to && reason != Reason::Restarted {
            return;
        }
        let counter = match reason {
            Reason::Refuted => Some(&mut self.counters.refuted),
            Reason::Recovered => Some(&mut self.counters.recovered),
            Reason::Undecided => Some(&mut self.counters.undecided),
            _ => None,
        };
        if let Some(counter) = counter {
            add(counter, 1);
        }
        let level = match to {
            Verdict::Alive | Verdict::Left => self.silence,
            _ => self.level_at(self.watch.seen()),
        };
        let change = Change { from, to, reason };
        self.pending.transition(change, self.watch.now(), level);
    }

    fn settle(&self) {
        debug_assert!(self.is_valid(), "{self:?}");
    }

    // ---- what the caller knows ----

    /// We were suspended and the clock did not see it: the peer gets a whole bound before any verdict, and its schedule is found anew.
    pub fn resumed(&mut self, now: Instant) {
        self.look(now);
        let seen = self.watch.seen();
        let next = seen.plus(self.arrivals.interval_us());
        self.arrivals.cast_off();
        if self.verdict != Verdict::Dead {
            self.outlook.mark = self.outlook.mark.max(seen);
        }
        self.outlook.overdue = self.outlook.overdue.max(next);
        self.settle();
    }

    /// The clock had leapt forward by mistake and is right again at `now`. Everything goes on from there; nothing is forgotten.
    pub fn resync(&mut self, now: Instant) {
        let back_us = self.watch.resync(now);
        self.arrivals.set_back(back_us);
        for moment in [&mut self.heard, &mut self.woken] {
            *moment = moment.minus(back_us);
        }
        if let Some(stranger) = &mut self.stranger {
            stranger.received = stranger.received.minus(back_us);
        }
        self.settle();
    }

    // ---- queries ----

    /// Whether the peer is alive, as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The bound in force; see [the bound](Self#the-bound).
    #[must_use]
    pub const fn bound(&self) -> Duration {
        duration(self.outlook.bound_us)
    }

    /// The load that the newest beat says, 0 to 255.
    #[must_use]
    pub const fn load(&self) -> Option<u8> {
        self.load
    }

    fn level_at(&self, seen: Instant) -> SuspicionLevel {
        if self.flow.is_none() {
            return SuspicionLevel::ZERO;
        }
        let model = Model::new(self.arrivals.moments(), &self.loss);
        (0..MISSING).fold(SuspicionLevel::ZERO, |level, missing| {
            let age_us = self.arrivals.age_us(self.outlook.origin, missing, seen);
            level.plus(model.evidence(age_us))
        })
    }

    /// Whether the laws that can be seen in one state hold; what tests, fuzzing and debug assertions check after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let unheard = matches!(self.verdict, Verdict::Unknown | Verdict::Dead);
        let known = self.flow.is_some() || unheard;
        let bounded = self.outlook.bound_us >= self.config.bound_us.min(self.config.first_us());
        known && bounded && self.risen < self.config.rise && self.arrivals.is_valid()
    }
}

/// Counts `more`; saturates.
const fn add(counter: &mut u32, more: u32) {
    *counter = counter.saturating_add(more);
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::beat::Beat;

    fn spoilt(spoil: impl FnOnce(&mut Listener<4>)) -> bool {
        let config = ListenerConfig::new().detect_within(Duration::from_secs(3));
        let mut listener = Listener::new(config.unwrap(), Instant::ZERO);
        let beat = Beat::new(1, Duration::from_secs(1));
        listener.handle_beat(&beat, Instant::ZERO);
        spoil(&mut listener);
        listener.is_valid()
    }

    #[test]
    fn a_spoilt_listener_is_not_valid() {
        assert!(spoilt(|_| {}));
        assert!(!spoilt(|listener| listener.flow = None));
        assert!(!spoilt(|listener| listener.outlook.bound_us = 0));
        assert!(!spoilt(|listener| listener.risen = listener.config.rise));
        assert!(!spoilt(|listener| listener.arrivals.spoil()));
    }
}
