//! The receiving side of pushed heartbeats. It is sans-IO and sends nothing.

use core::convert::Infallible;
use core::time::Duration;

use crate::output::Output;
use crate::path::loss::LossRate;
use crate::path::suspicion::{Model, SuspicionLevel};
use crate::path::window::DEFAULT_WINDOW;
use crate::peer::event::{Event, RelaxedBy};
use crate::peer::observed_clock::ObservedClock;
use crate::peer::pending::{Context, Pending};
use crate::peer::verdict::{Change, Reason, Verdict};
use crate::time::{Instant, duration};

use super::arrivals::Arrivals;
use super::config::Config;
use super::counters::Counters;
use super::flow::{Candidate, Flow};
#[cfg(feature = "alloc")]
use crate::push::beat::Beat;

/// Listens to one peer that sends heartbeats unasked, and judges from the last `N` arrivals whether
/// it is alive.
///
/// Hand in what arrived. Then call [`poll`](Self::poll) until it returns [`Output::Wait`],
/// which is the deadline to sleep until. A listener opens no socket and sends nothing. It takes
/// [`Beat`](crate::Beat)s, which come from a [`Sender`](crate::Sender) in the crate's own
/// [`wire`](crate::push::wire) format or from any other protocol that numbers its heartbeats.
///
/// ```
/// use core::time::Duration;
/// use systole::{Instant, Listener, Output, Sender, Verdict, listener, wire};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let mut now = Instant::ZERO;
/// let mut sender = Sender::new(Duration::from_secs(1), 0x5eed, now)?;
/// let mut listener = Listener::new(listener::Config::default(), now);
/// while now < Instant::from_secs(60) {
///     if let (true, Output::Send(beat)) = (now < Instant::from_secs(50), sender.poll(now)) {
///         let datagram = wire::encode(&beat); // over the network
///         if let Ok(beat) = wire::decode(&datagram) {
///             listener.handle_beat(&beat, now);
///         }
///     }
///     while let Output::Event(event) = listener.poll(now) {
///         println!("{event}");
///     }
///     now = now.saturating_add(Duration::from_millis(100));
/// }
/// assert_eq!(listener.verdict(), Verdict::Dead); // about four seconds after the last heartbeat
/// # Ok(()) }
/// ```
///
/// # Verdicts
///
/// | verdict | when | reason |
/// |---|---|---|
/// | `Unknown` | nothing was heard yet | |
/// | `Alive` | a heartbeat proved life | `Answered`; for a new incarnation `Restarted`; after `Dead` one of `Refuted`, `Recovered` and `Undecided` |
/// | `Suspect` | the next heartbeat is later than expected and later than advertised, or the bound is about to pass | `Overdue` |
/// | `Dead` | the bound has passed since the newest heartbeat was sent | `BoundElapsed`, `NeverHeard` |
/// | `Left` | the peer said goodbye | `Left` |
///
/// The arrival of the next heartbeat is predicted from its sequence number (NFD-E, \[Chen02\]
/// section 6.3). Its predicted delay is that of the last heartbeat or the mean of the window,
/// whichever is longer (2W-FD, Tomsic and others, IPDPS 2015). The heartbeat is overdue four
/// standard deviations or an eighth of an interval after its predicted arrival, but not before its
/// advertised deadline. A peer that was heard is suspect before it is dead.
///
/// # The bound
///
/// The clocks of sender and listener are not compared, so the delay of a heartbeat is not known,
/// only how much longer it is than that of the quickest one. The listener therefore estimates the
/// sender's schedule by the line that lies below all arrivals and touches them in their middle
/// (Moon, Skelly and Towsley, INFOCOM 1999). A heartbeat proves life at its send time by that line,
/// which is never later than its arrival. A heartbeat was held on the way where the next one
/// follows it sooner than the fastest sender could send it. Such heartbeats do not move the line,
/// however many of them a queue releases. The verdict `Dead` therefore comes at most
///
/// > [the bound](crate::listener::Snapshot::bound) + the delay of the newest heartbeat + local lateness
///
/// after the crash. While the line is right, only the delay of the quickest heartbeat comes on top
/// of the bound.
///
/// # The sender's clock
///
/// A sender may be up to a quarter faster or slower than it announces, for example because it
/// sleeps for its interval and then works for a while. Its clock may drift, too. From the fourth
/// heartbeat on the listener knows the real interval; heartbeats that were held on the way or sent
/// late do not count. As long as heartbeats then arrive as
/// regularly as before, no bound passes and nothing is suspected.
///
/// Where no bound is stated, the bound follows from what the sender announces. It is longer in
/// proportion to how much slower the sender is, and also by how late the next heartbeat may
/// probably be: the delay of the last heartbeat or the mean of the window, plus four standard
/// deviations or an eighth of an interval, at most one interval in all. A heartbeat that was held
/// therefore lengthens the bound for as long as it is in the window, by at most seven eighths of an
/// interval, also where the sender restarts meanwhile.
///
/// After a lasting step of the delay, the interval or the clock's rate, mistakes cease
///
/// * at once, if heartbeats arrive sooner than before;
/// * after at most 1,024 heartbeats that no queue held, if they arrive later;
/// * sooner than that, if they arrive so late that each comes after the verdict `Dead`: as soon as
///   at least four of them have arrived at the pace of their numbers for four bounds, or for
///   sixteen where the bound is stated.
///
/// A heartbeat that is older than the bound when it arrives is stale. A queue that releases twenty
/// stale heartbeats does not show that the peer is alive.
///
/// # Unexpected heartbeats
///
/// A heartbeat of another incarnation, or one so many slots ahead that no clock error explains it,
/// is not believed at once. A second one has to follow it at the right pace, and the known
/// incarnation has to be overdue. While the known incarnation is heard in time, no other replaces
/// it. The incarnation that it replaced is not believed again, so a heartbeat of it that was
/// repeated or held on the way changes nothing but counters. Older ones are not remembered.
///
/// Sequence numbers wrap, and the shorter way round counts. A heartbeat that is repeated after 2^31
/// others were sent would pass for one that is ahead, so a sender has to take a new incarnation
/// before that. An [authenticated](crate::listener::Builder::authenticated) listener believes authentic heartbeats
/// whose numbers rise, and nothing else. [The documentation of the wire
/// format](crate::wire#who-can-do-what) lists what attackers can do beyond that.
///
/// # Lateness
///
/// Time by which the caller polls late is credited to the peer, as by a
/// [`Monitor`](crate::Monitor): it does not count towards the bound, and a dead peer is detected at
/// most one bound plus the sum of all local lateness after its crash. Before a poll, hand in
/// everything that waits in the socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener<const N: usize = DEFAULT_WINDOW> {
    pub(super) config: Config,
    pub(super) arrivals: Arrivals<N>,
    pub(super) flow: Option<Flow>,
    pub(super) candidate: Option<Candidate>,
    pub(super) clock: ObservedClock,
    pub(super) outlook: Outlook,
    pub(super) pending: Pending,
    pub(super) counters: Counters,
    /// When the newest beat arrived.
    pub(super) heard: Instant,
    /// When our last lateness ended, and how long it was.
    pub(super) woken: Instant,
    pub(super) late_us: u64,
    /// What [`resumed`](Self::resumed) credited since the newest proof of life.
    pub(super) excused_us: u64,
    pub(super) loss: LossRate,
    /// How improbable the silence was that the newest beat ended.
    pub(super) silence: SuspicionLevel,
    pub(super) load: Option<u8>,
    /// Whether our clock stood still since the newest beat was sent, for nobody knows how many
    /// slots, and when that ended. Beats that come within an interval from then may have waited.
    pub(super) slept: bool,
    pub(super) resumed_at: Instant,
    pub(super) verdict: Verdict,
    /// Beats heard since `Dead`.
    pub(super) risen: u8,
    /// How `Dead` ends, decided by the first beat.
    pub(super) revival: Reason,
}

/// What silence means from the newest proof of life on; moments are observed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    /// When the newest beat was sent.
    pub(super) mark: Instant,
    /// The same, by the present line.
    pub(super) sent: Instant,
    /// When the next is expected, and when it is overdue.
    pub(super) expected: Instant,
    pub(super) overdue: Instant,
    /// How long after the mark the peer is dead.
    pub(super) bound_us: u64,
}

impl Outlook {
    pub(super) const fn dead_at(&self) -> Instant {
        self.mark.plus(self.bound_us)
    }

    /// The next beat is overdue at `at`, or just before the verdict: nobody is dead who was not suspect.
    pub(super) const fn suspect_at(&mut self, at: Instant) {
        self.overdue = at.min(self.dead_at().minus(1));
    }
}

/// What it may take, on any target.
const _: () = assert!(size_of::<Listener<32>>() <= 704);

/// Beats missing that the level is summed over.
const MISSING: u64 = 8;
/// How many bounds [`Listener::resumed`] may credit in one silence.
const EXCUSED_BOUNDS: u64 = 3;

impl Listener<DEFAULT_WINDOW> {
    /// Returns a listener to a peer of which nothing is known, with the
    /// [default window](DEFAULT_WINDOW).
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        Self::with_window(config, now)
    }
}

impl<const N: usize> Listener<N> {
    /// The most polls that a drain takes: a pause, a relaxed bound, three changes of the verdict,
    /// and the deadline.
    pub const MAX_DRAIN: usize = 6;

    /// Returns a listener whose window holds `N` delays; see [`new`](Listener::new).
    #[must_use]
    pub fn with_window(config: Config, now: Instant) -> Self {
        Self {
            arrivals: Arrivals::new(),
            flow: None,
            candidate: None,
            clock: ObservedClock::new(now),
            outlook: Outlook {
                mark: now,
                sent: now,
                expected: now,
                overdue: Instant::MAX,
                bound_us: config.first_us(),
            },
            pending: Pending::NONE,
            counters: Counters::default(),
            heard: now,
            woken: Instant::ZERO,
            late_us: 0,
            excused_us: 0,
            loss: LossRate::new(),
            silence: SuspicionLevel::ZERO,
            load: None,
            slept: false,
            resumed_at: now,
            verdict: Verdict::Unknown,
            risen: 0,
            revival: Reason::Recovered,
            config,
        }
    }

    /// Waits for the first heartbeat of a peer that is known to send one every `interval`.
    #[cfg(feature = "alloc")]
    pub(crate) fn expect_every(&mut self, interval: Duration) {
        let beat = self.config.hold(Beat::new(0, interval));
        let us = self.config.stated_us(&beat);
        self.outlook.bound_us = us.unwrap_or_else(|| self.config.tolerated_us(&beat));
    }

    /// Returns a listener to a peer that was last known by `beat` and had `verdict`, before this
    /// process started. A peer that was alive has a whole bound to be heard.
    #[cfg(feature = "alloc")]
    pub(crate) fn remembering(config: Config, beat: &Beat, verdict: Verdict, now: Instant) -> Self {
        let mut listener = Self::with_window(config, now);
        let beat = config.hold(*beat);
        listener.flow = Some(Flow::new(&beat));
        listener.arrivals.align(now, beat.interval_us);
        listener.slept = true; // nobody knows how many slots have passed
        listener.verdict = match verdict {
            Verdict::Dead | Verdict::Left => verdict,
            _ => Verdict::Alive,
        };
        listener.look_ahead(&beat, now);
        listener
    }

    // ---- the drain ----

    /// Returns what to do at `now`. Call it until it returns [`Output::Wait`] or
    /// [`Output::Idle`], and again at that moment and after a heartbeat.
    ///
    /// Early calls are harmless and return the same deadline. Each late call adds its lateness to
    /// the detection time.
    pub fn poll(&mut self, now: Instant) -> Output<Infallible> {
        self.look(now);
        self.expire();
        self.settle();
        if let Some(event) = self.take_event() {
            return Output::Event(event);
        }
        self.pending.drained();
        if self.clock.now() == Instant::MAX {
            return Output::Idle;
        }
        Output::Wait(self.deadline())
    }

    #[cfg(feature = "alloc")]
    pub(crate) const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Removes and returns the earliest event.
    pub(crate) fn take_event(&mut self) -> Option<Event> {
        let context = Context {
            bound_us: self.outlook.bound_us,
            by: RelaxedBy::Advertised,
            failed_at: Instant::ZERO, // it sends nothing
        };
        self.pending.take(&context, self.clock.now())
    }

    /// When somebody has to look again, on the caller's clock.
    pub(crate) fn deadline(&self) -> Instant {
        let overdue = (self.verdict == Verdict::Alive).then_some(self.outlook.overdue);
        let dead = self.dead_at();
        let next = overdue.into_iter().chain(dead).min();
        next.map_or(Instant::MAX, |at| self.clock.at(at))
    }

    /// When the verdict falls if nothing is heard, on observed time; never where it has fallen, or the peer left.
    pub(super) fn dead_at(&self) -> Option<Instant> {
        let pending = !matches!(self.verdict, Verdict::Dead | Verdict::Left);
        pending.then(|| self.outlook.dead_at())
    }

    pub(crate) fn look(&mut self, at: Instant) {
        let late_us = self.clock.look(at, self.deadline());
        if late_us == 0 {
            return;
        }
        (self.woken, self.late_us) = (self.clock.now(), late_us);
        self.counters.lateness_us = self.counters.lateness_us.saturating_add(late_us);
        if self.pending.late(late_us, self.config.pause_us) {
            add(&mut self.counters.pauses, 1);
        }
    }

    /// Calls the peer suspect or dead, as observed time has it; one at a time, so that each is told.
    fn expire(&mut self) {
        let seen = self.clock.seen();
        if self.pending.has_transition() {
            return;
        }
        if self.verdict == Verdict::Alive && self.outlook.overdue <= seen {
            return self.turn(Verdict::Suspect, Reason::Overdue);
        }
        if self.dead_at().is_some_and(|at| at <= seen) {
            let heard = self.flow.is_some();
            self.risen = 0;
            self.turn(
                Verdict::Dead,
                if heard {
                    Reason::BoundElapsed
                } else {
                    Reason::NeverHeard
                },
            );
        }
    }

    /// Tells a change of verdict, or of incarnation.
    pub(super) fn turn(&mut self, to: Verdict, reason: Reason) {
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
            _ => self.level_at(self.clock.seen()),
        };
        let change = Change { from, to, reason };
        self.pending.transition(change, self.clock.now(), level);
    }

    pub(super) fn settle(&self) {
        debug_assert!(self.is_valid(), "{self:?}");
    }

    // ---- what the caller knows ----

    /// Notes that this process was suspended while its clock stood still. From now on a live peer
    /// has a whole bound to be heard.
    ///
    /// The length of the suspend is unknown, so the sender's schedule is estimated anew from the
    /// next heartbeats on. Heartbeats that arrive within one interval from now may have waited in
    /// the socket since before the suspend, so the estimate does not begin with them.
    ///
    /// The credit is counted as [lateness](crate::listener::Counters::lateness_us). It is limited to three
    /// bounds in one silence, so that a device that calls this whenever it wakes detects a dead
    /// peer after four bounds of time awake.
    pub fn resumed(&mut self, now: Instant) {
        self.look(now);
        (self.slept, self.resumed_at) = (true, self.clock.now());
        if self.verdict != Verdict::Dead {
            self.excuse();
            self.expect_after(self.clock.seen());
        }
        self.settle();
    }

    /// Credits the present silence, as far as that may go.
    fn excuse(&mut self) {
        let silent_us = self.clock.seen().since(self.outlook.mark);
        let most_us = self.outlook.bound_us.saturating_mul(EXCUSED_BOUNDS);
        let credit_us = silent_us.min(most_us.saturating_sub(self.excused_us));
        self.outlook.mark = self.outlook.mark.plus(credit_us);
        self.excused_us = self.excused_us.saturating_add(credit_us);
        self.counters.lateness_us = self.counters.lateness_us.saturating_add(credit_us);
    }

    /// Credits all silence up to `lost_at`: heartbeats that arrived until then may have been lost
    /// locally.
    #[cfg(feature = "alloc")]
    pub(crate) fn handle_overflow(&mut self, lost_at: Instant) {
        self.look(lost_at);
        if !matches!(self.verdict, Verdict::Dead | Verdict::Left) {
            let seen = self.clock.seen();
            let credit_us = seen.since(self.outlook.mark);
            self.outlook.mark = self.outlook.mark.plus(credit_us);
            self.counters.lateness_us = self.counters.lateness_us.saturating_add(credit_us);
            self.expect_after(seen);
        }
        self.settle();
    }

    /// Postpones the suspicion until a heartbeat has had an interval to arrive after `seen`.
    fn expect_after(&mut self, seen: Instant) {
        let interval_us = self.arrivals.interval_us();
        let next = seen.plus(self.arrivals.announced_us(interval_us));
        self.outlook.suspect_at(self.outlook.overdue.max(next));
    }

    /// Notes that the clock had leapt forward by mistake and is right again at `now`. The listener
    /// continues from there and forgets nothing.
    ///
    /// Heartbeats that arrived during the leap seem to have come late. The estimate of the sender's
    /// schedule stays that from before the leap.
    pub fn resync(&mut self, now: Instant) {
        self.clock.resync(now);
        for moment in [&mut self.heard, &mut self.woken, &mut self.resumed_at] {
            *moment = (*moment).min(now);
        }
        if let Some(candidate) = &mut self.candidate {
            candidate.received = candidate.received.min(now);
        }
        self.settle();
    }

    // ---- queries ----

    /// Returns the verdict as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns the bound in force; see [the bound](Self#the-bound).
    #[must_use]
    pub const fn bound(&self) -> Duration {
        duration(self.outlook.bound_us)
    }

    /// Returns the load that the newest heartbeat reports, 0 idle to 255 full.
    #[must_use]
    pub const fn load(&self) -> Option<u8> {
        self.load
    }

    pub(super) fn level_at(&self, seen: Instant) -> SuspicionLevel {
        let least = if self.verdict == Verdict::Dead {
            SuspicionLevel::LEAST
        } else {
            SuspicionLevel::ZERO
        };
        if self.flow.is_none() {
            return least;
        }
        let model = Model::new(self.arrivals.moments(), &self.loss);
        let level = (0..MISSING).fold(SuspicionLevel::ZERO, |level, missing| {
            let age_us = self.arrivals.age_us(self.outlook.sent, missing, seen);
            level.plus(model.evidence(age_us))
        });
        level.max(least)
    }

    /// Returns whether the invariants hold that a single state can show. Tests, fuzz targets and
    /// debug assertions check it after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let unheard = matches!(self.verdict, Verdict::Unknown | Verdict::Dead);
        let known = self.flow.is_some() || unheard;
        let bounded = self.outlook.bound_us >= self.config.bound_us.min(self.config.first_us());
        known && bounded && self.risen < self.config.rise && self.arrivals.is_valid()
    }
}

/// Counts `more`; saturates.
pub(super) const fn add(counter: &mut u32, more: u32) {
    *counter = counter.saturating_add(more);
}

#[cfg(test)]
mod tests;
