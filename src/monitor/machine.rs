//! The sans-IO machine that takes the caller's clock: one drain, which ends in the deadline.

use core::fmt;

use crate::config::Config;
use crate::config::RetryBudget;
use crate::config::error::{ConfigError, Setting, check};
use crate::math::fixed_point::divided;
use crate::math::random::{Secret, mix};
use crate::math::saturating;
use crate::output::Output;
use crate::pacing::{Fluctuation, Pacing};
use crate::path::suspicion::{Model, SuspicionLevel};
use crate::path::window::DEFAULT_WINDOW;
use crate::peer::counters::{Counters, one_more};
use crate::peer::event::{Event, RelaxedBy};
use crate::peer::observed_clock::ObservedClock;
use crate::peer::pending::{Context, Pending};
use crate::peer::probe::{Fate, Label, Outstanding, Probe, ProbeId};
use crate::peer::send_failures::SendFailures;
use crate::peer::state::PeerState;
use crate::peer::verdict::{Failure, Reason, Verdict};
use crate::time::{Instant, saturate};

use super::claim::Claim;
use super::looser::Looser;
use super::wakes::Wakes;

/// Monitors one peer on the caller's clock and socket.
///
/// After waking, hand in what arrived. Then call [`poll`](Self::poll) until it returns
/// [`Output::Wait`], which is the deadline to sleep until. That is the only way to end a drain, and
/// it comes within [`MAX_DRAIN`](Self::MAX_DRAIN) polls at one moment.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Instant, Monitor, Output, Verdict};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1)).seed(0xd1ce).without_initial_delay().build()?;
/// let mut now = Instant::ZERO;
/// let mut monitor = Monitor::new(config, now)?;
/// let mut network: Option<(systole::ProbeId, Instant)> = None; // answers after 20 ms
///
/// while now < Instant::from_secs(60) {
///     if let Some((id, at)) = network.take_if(|(_, at)| *at <= now) {
///         monitor.handle_reply(id, at);
///     }
///     now = loop {
///         match monitor.poll(now) {
///             Output::Send(id) => {
///                 network = Some((id, now.saturating_add(Duration::from_millis(20))));
///             }
///             Output::Event(event) => println!("{event}"),
///             Output::Wait(until) => break network.map_or(until, |(_, at)| until.min(at)),
///             Output::Idle => return Ok(()),
///         }
///     };
/// }
/// assert_eq!(monitor.verdict(), Verdict::Alive);
/// # Ok(()) }
/// ```
///
/// # Lateness
///
/// Time by which the caller polls late is credited to the peer: it makes no probe overdue, and does
/// not count towards the bound. Nor does lateness hide a crash: a dead peer is detected at most one
/// bound plus the sum of all local lateness after its crash.
///
/// # Time
///
/// Every method takes a moment of the same clock. Where the clock runs backwards, no time has
/// passed. [`resync`](Self::resync) corrects a clock that leapt forward. Call
/// [`resumed`](Self::resumed) after a suspend during which the clock stood still.
#[derive(Clone, PartialEq)]
// Small and often used fields come first, within the offsets that the short instructions of small
// cores can address.
#[repr(C)]
pub struct Monitor<const N: usize = DEFAULT_WINDOW, P: Pacing = Fluctuation> {
    /// When the last probe was sent, and when the next is due, on the caller's clock.
    pub(super) sent: Instant,
    pub(super) next: Instant,
    /// The send time of the last answered probe, on observed time. While `Dead`, it may be later
    /// than that in `peer`.
    pub(super) proof: Instant,
    pub(super) key: Secret,
    pub(super) clock: ObservedClock,
    /// The suspicion level that follows from forgotten probes.
    pub(super) forgotten: SuspicionLevel,
    pub(super) pause_us: u32,
    /// The time from the scheduled moment of the last probe to its send.
    pub(super) behind_us: u32,
    /// The sum of our lateness since the last proof of life.
    pub(super) late_us: u32,
    pub(super) count: u8,
    /// The number of probes that were forgotten while outstanding, and may still be answered.
    pub(super) thinned: u8,
    /// The number of the first probe that may be one of them. Earlier probes have ended.
    pub(super) thinned_from: u8,
    pub(super) incarnation: u8,
    /// Whether the next probe counts as a retry for a retry budget.
    pub(super) claim: Claim,
    pub(super) failures: SendFailures,
    pub(super) last_failure: Option<Failure>,
    /// Whether replies were lost locally, and no probe sent after that is overdue.
    #[cfg(feature = "alloc")]
    pub(super) excused: bool,
    /// The time of the first of the failed sends in a row, on the caller's clock.
    pub(super) failed_at: Instant,
    pub(super) pending: Pending,
    /// The statistics of the path when the present episode began, from its first overdue probe to
    /// `Alive` or `Dead`.
    pub(super) model: Model,
    pub(super) counters: Counters,
    pub(super) outstanding: Outstanding,
    pub(super) peer: PeerState<N, P>,
    pub(super) looser: Looser,
    pub(super) wakes: Wakes,
}

/// The largest size in bytes, on any target.
const _: () = assert!(size_of::<Monitor<32>>() <= 704);

impl<P: Pacing> Monitor<DEFAULT_WINDOW, P> {
    /// Creates a monitor for a peer of which nothing is known, with the
    /// [default window](DEFAULT_WINDOW). Its first probe is due within one interval, at a time that
    /// follows from the seed, so that a fleet does not start in step.
    ///
    /// # Errors
    /// The configuration has no seed. Without one, probe ids could be guessed, and devices would
    /// send in step.
    pub fn new(config: Config<P>, now: Instant) -> Result<Self, ConfigError> {
        Self::with_window(config, now)
    }
}

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// The most polls a drain takes: a probe, an event of each kind, and the deadline.
    pub const MAX_DRAIN: usize = 8;

    /// Returns a monitor whose windows hold `N` round-trip times; see [`new`](Monitor::new).
    ///
    /// # Errors
    /// Those of [`new`](Monitor::new).
    pub fn with_window(config: Config<P>, now: Instant) -> Result<Self, ConfigError> {
        check(Setting::Seed, config.seed.0, 1, u64::MAX)?;
        Ok(Self::start(config, now))
    }

    /// A monitor whose configuration is known to have a seed.
    #[inline(never)]
    pub(crate) fn start(config: Config<P>, now: Instant) -> Self {
        Self {
            sent: now,
            next: now.plus(config.start_delay_us()),
            proof: Instant::ZERO,
            key: Secret(mix(config.seed.0)),
            clock: ObservedClock::new(now),
            forgotten: SuspicionLevel::ZERO,
            pause_us: config.pause_us,
            behind_us: 0,
            late_us: 0,
            count: 0,
            thinned: 0,
            thinned_from: 0,
            incarnation: 0,
            last_failure: None,
            claim: Claim::Usual,
            #[cfg(feature = "alloc")]
            excused: false,
            wakes: Wakes::NONE,
            failures: SendFailures::NONE,
            failed_at: now,
            model: Model::UNKNOWN,
            peer: PeerState::new(config),
            outstanding: Outstanding::NONE,
            looser: Looser::default(),
            pending: Pending::NONE,
            counters: Counters::default(),
        }
    }

    /// Returns what to do at `now`. Call it until it returns [`Output::Wait`] or [`Output::Idle`],
    /// and again at that moment and after every `handle_*`.
    ///
    /// Early calls are harmless and return the same deadline. Each late call adds its lateness to
    /// the detection time.
    pub fn poll(&mut self, now: Instant) -> Output<ProbeId> {
        self.poll_with(now, None)
    }

    #[inline(never)]
    pub(crate) fn poll_with(
        &mut self,
        now: Instant,
        budget: Option<&RetryBudget>,
    ) -> Output<ProbeId> {
        self.look(now);
        // a return is told before the next probe that is overdue changes the verdict again
        let returned = self.pending.has_transition() && self.peer.verdict() == Verdict::Alive;
        if !returned {
            self.expire();
        }
        let output = if !returned && self.is_to_send(budget) {
            Output::Send(self.send())
        } else {
            self.tell()
        };
        self.settle();
        output
    }

    fn is_to_send(&mut self, budget: Option<&RetryBudget>) -> bool {
        let now = self.clock.now();
        self.next <= now && now < Instant::MAX && self.is_granted(budget)
    }

    /// The earliest event that pends, else how long there is nothing to do.
    fn tell(&mut self) -> Output<ProbeId> {
        let now = self.clock.now();
        if let Some(event) = self.take_event(now) {
            return Output::Event(event);
        }
        self.pending.drained();
        if now == Instant::MAX {
            return Output::Idle;
        }
        Output::Wait(self.deadline().max(now.plus(1)))
    }

    pub(crate) fn take_event(&mut self, now: Instant) -> Option<Event> {
        let context = Context {
            bound_us: self.peer.plan().bound_us(),
            by: RelaxedBy::Pushback,
            failed_at: self.failed_at,
        };
        self.pending.take(&context, now)
    }

    /// Returns when to poll again: to send a probe, to call one overdue, or to change the verdict.
    pub(super) fn deadline(&self) -> Instant {
        let mut observed = self.turns_at();
        for probe in self.outstanding.iter() {
            if probe.fate == Fate::Waiting {
                observed = observed.min(probe.overdue_at());
            }
        }
        self.clock.at(observed).min(self.next)
    }

    /// Calls probes overdue and the peer dead, by observed time, one after the other, so that each
    /// change is reported.
    fn expire(&mut self) {
        let seen = self.clock.seen();
        while let Some(probe) = self.outstanding.next_overdue(seen) {
            probe.fate = Fate::Overdue;
            let sent = probe.sent;
            one_more(&mut self.counters.lost);
            self.end_thinned_up_to(sent);
            self.miss(sent, None);
            if self.claim == Claim::Exempt {
                self.next = self.clock.now(); // asked anew at once
            }
        }
        if self.pending.has_transition() {
            return;
        }
        if self.is_to_turn() {
            self.turn();
        }
    }

    /// Whether the verdict changes now, nothing having been heard.
    pub(super) fn is_to_turn(&self) -> bool {
        let at = self.turns_at();
        at <= self.clock.seen() && at < Instant::MAX
    }

    /// Returns when the verdict changes if nothing arrives and nothing can be sent, on observed
    /// time; [`Instant::MAX`] if it does not.
    fn turns_at(&self) -> Instant {
        match self.outstanding.failed_send() {
            Some(_) => self.blind_at().unwrap_or(Instant::MAX),
            None => self.dead_at(),
        }
    }

    /// When the verdict falls if nothing is heard while probes can be sent.
    fn dead_at(&self) -> Instant {
        match self.peer.dead_at() {
            Some(at) => self.after_excuse(at).min(self.wake_in_vain_at()),
            None => Instant::MAX,
        }
    }

    /// The same, unless the peer is dead, nothing was asked, or nothing can be sent.
    pub(super) fn falls_at(&self) -> Option<Instant> {
        let falls = self.outstanding.failed_send().is_none() && self.peer.dead_at().is_some();
        falls.then(|| self.dead_at())
    }

    /// Only in a fleet is a probe excused.
    #[cfg(not(feature = "alloc"))]
    #[allow(clippy::unused_self)]
    const fn after_excuse(&self, dead_at: Instant) -> Instant {
        dead_at
    }

    #[cfg(not(feature = "alloc"))]
    #[allow(clippy::unused_self)]
    pub(super) const fn end_excuse(&self) {}

    fn turn(&mut self) {
        if self.outstanding.failed_send().is_some() {
            return self.go_blind(Instant::MAX);
        }
        self.forgotten = self.forgotten.at_least_some();
        let level = self.level_now();
        let before = self.peer.verdict();
        if before == Verdict::Alive {
            self.model = self.peer.model();
            self.peer.suspect(); // and dead with the next poll
        } else {
            self.peer.fall(self.clock.seen());
        }
        self.announce(before, level);
        self.reschedule();
    }

    /// Records the time from the last proof of life, if any, to the verdict `Dead`, our lateness
    /// included.
    #[inline(never)]
    fn measure(&mut self, before: Verdict) {
        if before != Verdict::Unknown {
            let until = self.clock.seen().plus(u64::from(self.late_us));
            let took_us = until.plus(999).since(self.proof); // to be rounded up
            let worst_ms = &mut self.counters.worst_detection_ms;
            *worst_ms = saturate(divided(took_us, 1_000)).max(*worst_ms);
        }
    }

    pub(super) fn miss(&mut self, sent: Instant, failure: Option<Failure>) {
        self.end_excuse();
        if sent < self.proof && self.peer.verdict() == Verdict::Dead {
            return; // a later one was answered
        }
        let level = self.level_now();
        if !self.peer.in_episode() {
            self.model = self.peer.model();
        }
        let before = self.peer.verdict();
        self.peer.missed(sent, self.clock.seen(), failure);
        self.announce(before, level);
        self.reschedule();
    }

    pub(super) fn send(&mut self) -> ProbeId {
        let now = self.clock.now();
        let sent = self.clock.seen();
        if let Some(failed) = self.outstanding.failed_send() {
            let silent_from = failed.max(self.peer.mark());
            self.peer.credit(sent.since(silent_from), sent);
        }
        self.behind_us = self.behind_us(now);
        self.claim = Claim::Usual;
        self.sent = now;
        self.count = self.count.wrapping_add(1);
        one_more(&mut self.counters.probes);
        self.peer.sent(sent);
        self.remember(sent);
        self.reschedule();
        Label {
            sent,
            count: self.count,
            incarnation: self.incarnation,
        }
        .seal(self.key.0)
    }

    /// Returns how far a probe sent now is behind the schedule. If it is an interval or more, the
    /// schedule starts anew, and no probes are made up for.
    fn behind_us(&self, now: Instant) -> u32 {
        let interval = self.peer.interval_us();
        let behind = now.since(self.place().plus(interval));
        if behind < interval {
            saturate(behind)
        } else {
            0
        }
    }

    /// Where the last probe belonged on the schedule.
    pub(super) const fn place(&self) -> Instant {
        self.sent.minus(self.behind_us as u64)
    }

    fn remember(&mut self, sent: Instant) {
        let timeout_us = saturate(self.peer.timeout_us(sent));
        let forgotten = self.outstanding.push(Probe {
            sent,
            timeout_us,
            lateness: self.clock.lateness(),
            count: self.count,
            fate: Fate::Waiting,
        });
        self.forget(&forgotten);
    }

    /// Schedules the next probe. Retries and probes of a dead peer are timed from the last send,
    /// steady ones from its scheduled moment.
    pub(super) fn reschedule(&mut self) {
        if self.claim == Claim::Retry {
            self.claim = Claim::Usual;
        }
        let steady = !self.peer.in_episode() && self.peer.verdict() != Verdict::Dead;
        self.next = if self.outstanding.failed_send().is_some() {
            self.sent
                .plus(self.peer.resend_wait_us(self.failures.tries()))
        } else if steady {
            self.next_steady()
        } else {
            self.sent
                .plus(self.peer.wait_if_missed_us(self.clock.seen_at(self.sent)))
        };
        self.next = self.next.max(self.clock.now());
    }

    fn next_steady(&self) -> Instant {
        let interval = self.peer.interval_us();
        let least = self.peer.settings().limits.interval_min_us;
        let mut next = self.place().plus(interval);
        if !self.is_under_way() {
            next = next.min(self.clock.at(self.proof.plus(interval)));
        }
        next.max(self.sent.plus(least))
    }

    /// Whether a probe that would tell something new may still be answered.
    pub(super) fn is_under_way(&self) -> bool {
        self.outstanding.iter().any(|probe| {
            matches!(probe.fate, Fate::Waiting | Fate::Void) && probe.sent >= self.proof
        })
    }

    pub(super) fn settle(&mut self) {
        self.loosen();
        debug_assert!(self.is_valid());
    }

    pub(crate) fn look(&mut self, at: Instant) {
        self.peer.begin();
        let late_us = self.clock.look(at, self.deadline());
        if late_us == 0 {
            return;
        }
        self.counters.lateness_us = saturating::plus(self.counters.lateness_us, late_us);
        self.late_us = self.late_us.saturating_add(saturate(late_us));
        self.peer.lapsed(late_us);
        if self.pause_us < u32::MAX && self.pending.late(late_us, self.pause_us) {
            one_more(&mut self.counters.pauses);
        }
    }

    /// Tells what changed about the verdict, if anything did.
    pub(super) fn announce(&mut self, before: Verdict, mut level: SuspicionLevel) {
        let change = self.peer.change(before);
        if change.from == change.to {
            return;
        }
        if change.to == Verdict::Dead {
            self.measure(before);
            level = level.at_least_some();
            self.forgotten = self.forgotten.at_least_some(); // stays, whatever else is settled
        }
        self.counters.count(change);
        self.pending.transition(change, self.clock.now(), level);
        if matches!(change.reason, Reason::Refuted) && self.peer.is_promise_broken() {
            self.pending.broken();
        }
    }
}

/// Formats the monitor without anything that would reveal the seed: the key of the ids, and the
/// jittered schedule.
impl<const N: usize, P: Pacing> fmt::Debug for Monitor<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("peer", &self.peer)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
