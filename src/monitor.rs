//! The machine with your clock: sans-IO, one drain that ends in the deadline.

use core::time::Duration;

use crate::budget::RetryBudget;
use crate::config::Config;
use crate::error::{ConfigError, Setting, check};
use crate::event::{Event, Pending, Precedence};
use crate::fixed::{div_rem, remainder};
use crate::pacing::{Answer, Fluctuation, Pacing};
use crate::probe::{Fate, Label, Outstanding, Probe, ProbeId};
use crate::pulse::Pulse;
use crate::random::mix;
use crate::snapshot::{Counters, MonitorSnapshot, Snapshot, one_more};
use crate::suspicion::{Model, SuspicionLevel};
use crate::time::{Instant, micros, saturate};
use crate::verdict::{Change, Failure, Reason, Verdict};
use crate::watch::Watch;
#[cfg(feature = "metrics")]
use crate::window::RttWindow;

mod change;
#[cfg(feature = "alloc")]
mod dormant;
mod member;
mod retry;

use change::Looser;

#[cfg(feature = "alloc")]
pub(crate) use dormant::Dormant;

/// What [`Monitor::poll`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Output {
    /// Send a probe that carries this id, now; then poll again.
    Probe(ProbeId),
    /// Something happened; then poll again.
    Event(Event),
    /// Nothing to do before this moment, unless something arrives. It lies in the future.
    Wait(Instant),
    /// Nothing to do any more: the end of time.
    Idle,
}

/// Monitors one peer on your clock and your socket.
///
/// After waking, hand in what arrived, then call [`poll`](Self::poll) until it answers [`Output::Wait`]; that is the only way out of the
/// drain, and it is the deadline to sleep until. A drain ends within [`MAX_DRAIN`](Self::MAX_DRAIN) polls at one moment.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Instant, Monitor, Output, Verdict};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = Config::every(Duration::from_secs(1))?.seed(0xd1ce)?.start_at_once();
/// let mut now = Instant::ZERO;
/// let mut monitor = Monitor::<32>::new(config, now)?;
/// let mut network: Option<(systole::ProbeId, Instant)> = None; // answers after 20 ms
///
/// while now < Instant::from_secs(60) {
///     if let Some((id, at)) = network.take_if(|(_, at)| *at <= now) {
///         monitor.handle_reply(id, at);
///     }
///     now = loop {
///         match monitor.poll(now) {
///             Output::Probe(id) => network = Some((id, now.saturating_add(Duration::from_millis(20)))),
///             Output::Event(event) => println!("{event:?}"),
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
/// Whoever polls late is credited to the peer: no probe expires, and no bound passes, for time in which nobody looked. The
/// other half holds too: a dead peer is found at most its bound plus all our lateness after its crash.
///
/// # Time
///
/// Every method takes a moment of one clock. Where it runs backwards, no time has passed; [`resync`](Self::resync) corrects one that leapt
/// forward. A suspend that the clock did not see is announced by [`resumed`](Self::resumed).
#[derive(Clone, Debug, PartialEq)]
#[repr(C)] // the small and the often needed first, where the short instructions of small cores reach them
pub struct Monitor<const N: usize, P: Pacing = Fluctuation> {
    /// When the last probe was sent, and when the next is due, on the caller's clock.
    sent: Instant,
    next: Instant,
    /// The send time of the last answered probe, on observed time; later than the machine's own while `Dead`.
    proof: Instant,
    key: u64,
    watch: Watch,
    /// Evidence of probes that are forgotten.
    forgotten: SuspicionLevel,
    pause_us: u32,
    /// How far behind its place on the schedule the last probe was sent.
    behind_us: u32,
    /// How late we looked since the last sign of life, in all.
    late_us: u32,
    count: u8,
    incarnation: u8,
    last_failure: Option<Failure>,
    /// The path before the episode under way.
    model: Model,
    outstanding: Outstanding,
    pulse: Pulse<N, P>,
    looser: Looser,
    pending: Pending,
    counters: Counters,
}

/// What it may take, on any target.
const _: () = assert!(size_of::<Monitor<32>>() <= 640);

/// Of eight steady probes, what arrives may put off seven.
const PUT_OFF: u64 = 8;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// The most polls a drain takes: a probe, an event of each kind, and the deadline.
    pub const MAX_DRAIN: usize = 7;

    /// A monitor of a peer of which nothing is known. Its first probe is spread over one interval, so that a fleet does not start in step.
    ///
    /// # Errors
    /// Where the configuration has no seed: probe ids would be guessable, and devices would beat in step.
    pub fn new(config: Config<P>, now: Instant) -> Result<Self, ConfigError> {
        check(Setting::Seed, config.seed, 1, u64::MAX)?;
        Ok(Self::start(config, now))
    }

    /// A monitor whose configuration is known to have a seed.
    #[inline(never)]
    pub(crate) fn start(config: Config<P>, now: Instant) -> Self {
        let pulse = Pulse::new(config);
        let mut monitor = Self {
            model: pulse.model(),
            pulse,
            watch: Watch::new(now),
            outstanding: Outstanding::new(),
            counters: Counters::default(),
            pending: Pending::new(),
            looser: Looser::default(),
            key: mix(config.seed),
            proof: Instant::ZERO,
            sent: now,
            next: now,
            forgotten: SuspicionLevel::ZERO,
            pause_us: config.pause_us,
            behind_us: 0,
            late_us: 0,
            count: 0,
            incarnation: 0,
            last_failure: None,
        };
        if !config.start_at_once {
            monitor.next = now.plus(monitor.start_delay_us(config.seed));
        }
        monitor
    }

    /// Uniform in an interval as jitter has it: in a whole one, those who start last would meet those who beat for the second time.
    #[allow(clippy::cast_possible_truncation)] // 16 bits are wanted
    fn start_delay_us(&self, seed: u64) -> u64 {
        let draw = mix(!seed);
        let (share, jitter) = (draw >> 40, draw as u16);
        (self.pulse.interval_drawn_us(jitter) * share) >> 24 // no interval is over 2^40: the product fits
    }

    // ---- the drain ----

    /// What to do at `now`. Call it until it answers [`Output::Wait`] or [`Output::Idle`]; and again at that moment, or after any `handle_*`.
    ///
    /// Early calls are harmless and answer the same deadline. Late calls cost detection time, as much as they are late.
    pub fn poll(&mut self, now: Instant) -> Output {
        self.poll_with(now, None)
    }

    #[inline(never)]
    pub(crate) fn poll_with(&mut self, now: Instant, budget: Option<&RetryBudget>) -> Output {
        self.look(now);
        self.expire();
        let output = self.output(budget);
        self.settle();
        output
    }

    fn output(&mut self, budget: Option<&RetryBudget>) -> Output {
        let now = self.watch.now();
        if self.next <= now && now < Instant::MAX && self.is_granted(budget) {
            return Output::Probe(self.send());
        }
        let bound_us = self.pulse.plan().bound_us();
        match self.pending.take(bound_us, Precedence::Pushback) {
            Some(event) => Output::Event(event),
            None if now == Instant::MAX => Output::Idle,
            None => Output::Wait(self.deadline()),
        }
    }

    /// When somebody has to look again: for a probe to send, one that becomes overdue, or the verdict.
    fn deadline(&self) -> Instant {
        let waiting = self
            .outstanding
            .iter()
            .filter(|probe| probe.fate == Fate::Waiting);
        let overdue = waiting.map(Probe::overdue_at);
        let observed = overdue
            .chain(self.pulse.dead_at())
            .fold(Instant::MAX, Instant::min);
        self.watch.at(observed).min(self.next)
    }

    /// Calls probes overdue and the peer dead, as observed time has it.
    fn expire(&mut self) {
        let seen = self.watch.seen();
        while let Some(probe) = self.outstanding.next_overdue(seen) {
            probe.fate = Fate::Overdue;
            let sent = probe.sent;
            one_more(&mut self.counters.lost);
            self.miss(sent, None);
        }
        if self.pulse.left_us(seen) > 0 {
            return;
        }
        let level = self.level_now();
        if let Some(change) = self.pulse.elapse(seen) {
            self.measure(change);
            self.announce(change, level);
            self.reschedule();
        }
    }

    /// Takes how long it took from the last sign of life to the verdict `Dead`, our lateness included.
    fn measure(&mut self, change: Change) {
        if change.reason == Reason::Silent {
            let took = self.watch.seen().plus(u64::from(self.late_us));
            let (whole_ms, rest_us) = div_rem(took.since(self.proof), 1_000);
            let took_ms = saturate(whole_ms).saturating_add(u32::from(rest_us > 0));
            self.counters.worst_detection_ms = self.counters.worst_detection_ms.max(took_ms);
        }
    }

    fn miss(&mut self, sent: Instant, failure: Option<Failure>) {
        let level = self.level_now();
        if !self.pulse.in_episode() {
            self.model = self.pulse.model();
        }
        if let Some(change) = self.pulse.missed(sent, self.watch.seen(), failure) {
            self.announce(change, level);
        }
        self.reschedule();
    }

    fn send(&mut self) -> ProbeId {
        let now = self.watch.now();
        self.watch.run();
        self.behind_us = self.behind_us(now);
        self.sent = now;
        self.count = self.count.wrapping_add(1);
        one_more(&mut self.counters.probes);
        let sent = self.watch.seen();
        self.pulse.sent(sent);
        self.remember(sent);
        self.reschedule();
        Label {
            sent,
            count: self.count,
            incarnation: self.incarnation,
        }
        .seal(self.key)
    }

    /// How far behind the schedule a probe sent now is: whole intervals that were missed are left out, never made up for.
    fn behind_us(&self, now: Instant) -> u32 {
        let interval = self.pulse.interval_us();
        let behind = now.since(self.place().plus(interval));
        saturate(remainder(behind, interval))
    }

    /// Where the last probe belonged on the schedule.
    const fn place(&self) -> Instant {
        self.sent.minus(self.behind_us as u64)
    }

    fn remember(&mut self, sent: Instant) {
        let timeout_us = self.pulse.timeout_us(sent);
        let forgotten = self.outstanding.push(Probe {
            sent,
            timeout_us,
            count: self.count,
            fate: Fate::Waiting,
        });
        if let Some(probe) = forgotten.filter(|probe| self.is_evidence(probe)) {
            self.forgotten = self.forgotten.plus(self.evidence(&probe, sent));
        }
    }

    /// Sets the next probe: retries and probes of a dead peer count from the last send, steady ones from its place on the schedule.
    fn reschedule(&mut self) {
        let steady = !self.pulse.in_episode() && self.pulse.verdict() != Verdict::Dead;
        self.next = if steady {
            self.next_steady()
        } else {
            self.sent
                .plus(self.pulse.wait_us(self.watch.seen_at(self.sent)))
        };
        self.next = self.next.max(self.watch.now());
    }

    fn next_steady(&self) -> Instant {
        let interval = self.pulse.interval_us();
        let least = self.pulse.settings().limits.interval_min_us.min(interval);
        let mut next = self.place().plus(interval);
        let under_way = self
            .outstanding
            .iter()
            .any(|probe| probe.fate == Fate::Waiting && probe.sent >= self.proof);
        if !under_way {
            next = next.min(
                self.watch
                    .at(self.proof.plus(interval).max(self.watch.seen())),
            );
        }
        next.max(self.sent.plus(least))
    }

    fn settle(&mut self) {
        self.loosen();
        debug_assert!(self.is_valid());
    }

    pub(crate) fn look(&mut self, at: Instant) {
        let late_us = self.watch.look(at, self.deadline());
        if late_us == 0 {
            return;
        }
        self.counters.lateness_us = self.counters.lateness_us.saturating_add(late_us);
        self.late_us = self.late_us.saturating_add(saturate(late_us));
        self.pulse.lapsed(late_us);
        if late_us >= u64::from(self.pause_us) {
            one_more(&mut self.counters.pauses);
            self.pending.paused(late_us);
        }
    }

    fn announce(&mut self, change: Change, level: SuspicionLevel) {
        self.counters.count(change);
        self.pending.transition(change, self.watch.now(), level);
        if matches!(change.reason, Reason::Refuted) && self.pulse.is_promise_broken() {
            self.pending.broken();
        }
    }

    // ---- what arrives ----

    /// The reply to probe `id` arrived at `received_at`: the moment the network stack names, or that of reading it.
    pub fn handle_reply(&mut self, id: ProbeId, received_at: Instant) {
        self.handle_reply_with(id, received_at, Duration::ZERO);
    }

    /// The same, where the peer says that it held the probe for `server_delay`, which is not the path's doing.
    #[inline(never)]
    pub fn handle_reply_with(&mut self, id: ProbeId, received_at: Instant, server_delay: Duration) {
        self.look(received_at);
        match Label::open(id, self.key, self.watch.seen()) {
            Some(label) if label.incarnation == self.incarnation => {
                self.hear(label, received_at, micros(server_delay));
            }
            _ => self.ignore(),
        }
        self.settle();
    }

    fn hear(&mut self, label: Label, received_at: Instant, server_delay_us: u64) {
        let age = self.watch.seen_at(received_at).since(label.sent);
        // A duplicate of an answered one, unless it is newer than all that were answered. An id whose time has wrapped,
        // after 12.7 days, passes for newer; it cannot pass for forgotten.
        let forgotten = label.sent > self.proof && self.outstanding.may_have_forgotten(label.sent);
        let fate = match self.outstanding.find(label) {
            Some(probe) => core::mem::replace(&mut probe.fate, Fate::Settled),
            None if forgotten => Fate::Overdue,
            None => Fate::Settled,
        };
        if fate == Fate::Settled {
            return self.ignore();
        }
        let timed = matches!(fate, Fate::Waiting | Fate::Overdue);
        let rtt_us = timed.then(|| saturate(age.saturating_sub(server_delay_us)));
        self.answered(label.sent, rtt_us, fate == Fate::Overdue);
        self.prove(label.sent, true);
    }

    /// A reply that does not say which probe it answers arrived: it is taken for that to the oldest one, and is a sample only where that is
    /// the only one; where there are more, nothing is concluded from the others.
    pub fn handle_reply_any(&mut self, received_at: Instant) {
        self.look(received_at);
        let age_of = self.watch.seen_at(received_at);
        match self.outstanding.oldest_since(self.proof) {
            Some((probe, only)) => {
                let sent = probe.sent;
                let late = core::mem::replace(&mut probe.fate, Fate::Settled) == Fate::Overdue;
                if !only {
                    self.outstanding.void_all(); // or else one lost probe would make every later reply look late
                }
                self.answered(sent, only.then(|| saturate(age_of.since(sent))), late);
                self.prove(sent, only);
            }
            None => self.ignore(),
        }
        self.settle();
    }

    /// Something else arrived from the peer. It proves life, as of one round-trip time ago, and puts off the next probe, though at most
    /// seven in eight, so that the round-trip time stays measured. What is *sent* to the peer proves nothing: do not report it.
    pub fn handle_traffic(&mut self, received_at: Instant) {
        self.look(received_at);
        let smoothed = u64::from(self.pulse.statistics().rtt.smoothed_us());
        let alive_at = self.watch.seen_at(received_at).minus(smoothed);
        self.prove(alive_at, false);
        self.put_off(received_at);
        self.settle();
    }

    fn put_off(&mut self, received_at: Instant) {
        let interval = self.pulse.interval_us();
        if self.pulse.verdict() == Verdict::Alive && self.counters.probes > 0 {
            let last = self.sent.plus(interval.saturating_mul(PUT_OFF));
            self.next = self
                .next
                .max(received_at.min(self.watch.now()).plus(interval).min(last));
        }
    }

    /// Probe `id` failed at once: refused, reset, answered with garbage. It is overdue from `now` on; retries go on.
    pub fn handle_failure(&mut self, id: ProbeId, failure: Failure, now: Instant) {
        self.look(now);
        match self.take(id) {
            Some(probe) => {
                one_more(&mut self.counters.failed);
                self.last_failure = Some(failure);
                self.fail(probe, failure);
            }
            None => self.ignore(),
        }
        self.settle();
    }

    fn fail(&mut self, probe: Probe, failure: Failure) {
        let label = Label {
            sent: probe.sent,
            count: probe.count,
            incarnation: self.incarnation,
        };
        self.miss(probe.sent, Some(failure));
        if let Some(slot) = self.outstanding.find(label) {
            slot.fate = Fate::Failed;
        }
    }

    /// Probe `id` could not be sent, which is our fault and no evidence: time stands still for the verdict until the next one is.
    pub fn handle_unsent(&mut self, id: ProbeId, now: Instant) {
        self.look(now);
        match self.take(id) {
            Some(_) => {
                self.counters.probes = self.counters.probes.saturating_sub(1);
                one_more(&mut self.counters.unsent);
                self.watch.stop();
                self.pull_forward();
            }
            None => self.ignore(),
        }
        self.settle();
    }

    /// Takes a waiting probe out, so that nothing more is expected of it.
    fn take(&mut self, id: ProbeId) -> Option<Probe> {
        let label = Label::open(id, self.key, self.watch.seen())?;
        let of_now = label.incarnation == self.incarnation;
        let probe = self
            .outstanding
            .find(label)
            .filter(|probe| of_now && probe.fate == Fate::Waiting)?;
        probe.fate = Fate::Void;
        Some(*probe)
    }

    const fn ignore(&mut self) {
        one_more(&mut self.counters.ignored);
    }

    fn answered(&mut self, sent: Instant, rtt_us: Option<u32>, late: bool) {
        one_more(&mut self.counters.answered);
        if late {
            one_more(&mut self.counters.late);
            self.counters.lost = self.counters.lost.saturating_sub(1);
        }
        let now = self.watch.seen();
        let fresh = self.pulse.is_fresh(now.since(sent));
        self.proof = self.proof.max(sent);
        self.pulse.learn(&Answer { sent, now, rtt_us }, late);
        self.loosen();
        if !fresh {
            one_more(&mut self.counters.stale);
            self.pull_forward();
        }
    }

    /// The peer was alive at `alive_at`, on observed time, if that is not too long ago.
    fn prove(&mut self, alive_at: Instant, certain: bool) {
        let (seen, level) = (self.watch.seen(), self.level_now());
        if !self.pulse.is_fresh(seen.since(alive_at)) {
            return;
        }
        self.proof = self.proof.max(alive_at);
        self.late_us = 0;
        if let Some(change) = self.pulse.prove(alive_at, seen, certain) {
            self.announce(change, level);
        }
        if self.pulse.verdict() == Verdict::Alive {
            self.forgotten = SuspicionLevel::ZERO;
        }
        self.reschedule();
    }

    // ---- what the caller knows ----

    /// Probe as soon as the timeout since the last probe allows: something happened that makes an answer worth having.
    pub fn probe_now(&mut self, now: Instant) {
        self.look(now);
        self.pull_forward();
        self.settle();
    }

    /// Brings the next probe forward, though not closer to the last one than a retry would be.
    fn pull_forward(&mut self) {
        let plan = self.pulse.plan();
        let least = plan.interval_us().min(u64::from(plan.timeout_us()));
        let soonest = if self.pulse.is_started() {
            self.sent.plus(least)
        } else {
            self.watch.now()
        };
        self.next = self.next.min(soonest.max(self.watch.now()));
    }

    /// The peer asks for fewer probes: the interval doubles, up to the longest, until [`restarted`](Self::restarted). Comes before the bound; where
    /// that cannot be kept any more, an [`Event::BoundRelaxed`] says so.
    pub fn handle_pushback(&mut self, now: Instant) {
        self.look(now);
        let before = self.pulse.plan().bound_us();
        self.pulse.push_back();
        let after = self.pulse.plan().bound_us();
        if after > before && self.pulse.settings().limits.bound_us > 0 {
            self.pending.relaxed(before);
        }
        self.reschedule();
        self.settle();
    }

    /// The peer is a new incarnation: what is under way is void, replies to it count for nothing, and the verdict starts over. The
    /// statistics of the path stay.
    pub fn restarted(&mut self, now: Instant) {
        self.look(now);
        let level = self.level_now();
        self.void();
        self.incarnation = self.incarnation.wrapping_add(1);
        self.proof = self.watch.seen();
        self.forgotten = SuspicionLevel::ZERO;
        if let Some(change) = self.pulse.restart() {
            self.announce(change, level);
        }
        self.next = self.watch.now();
        self.settle();
    }

    /// We were suspended and the clock did not see it: what was under way is void, and the peer gets one more probe before any verdict.
    pub fn resumed(&mut self, now: Instant) {
        self.look(now);
        self.void();
        self.pulse.allow_one_probe(self.watch.seen());
        self.watch.stop();
        self.next = self.watch.now();
        self.settle();
    }

    fn void(&mut self) {
        let seen = self.watch.seen();
        for probe in self.outstanding.iter() {
            if self.is_evidence(probe) {
                self.forgotten = self.forgotten.plus(self.evidence(probe, seen));
            }
        }
        self.outstanding.void_all();
    }

    /// The clock had leapt forward by mistake and is right again at `now`. Everything goes on from there; nothing is forgotten.
    pub fn resync(&mut self, now: Instant) {
        let back = self.watch.resync(now);
        for moment in [&mut self.sent, &mut self.next] {
            *moment = moment.minus(back);
        }
        self.settle();
    }

    // ---- queries ----

    /// Whether the peer is alive, as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.pulse.verdict()
    }

    /// How improbable the silence is at `now`.
    #[must_use]
    pub fn level(&self, now: Instant) -> SuspicionLevel {
        let (_, seen, _) = self.watch.peek(now, self.deadline());
        self.level_at(seen)
    }

    fn level_now(&self) -> SuspicionLevel {
        self.level_at(self.watch.seen())
    }

    fn level_at(&self, seen: Instant) -> SuspicionLevel {
        let probes = self
            .outstanding
            .iter()
            .filter(|probe| self.is_evidence(probe));
        probes.fold(self.forgotten, |level, probe| {
            level.plus(self.evidence(probe, seen))
        })
    }

    #[cfg(feature = "metrics")]
    pub(crate) const fn window(&self) -> &RttWindow<N> {
        self.pulse.window()
    }

    fn is_evidence(&self, probe: &Probe) -> bool {
        probe.is_unanswered() && probe.sent >= self.proof
    }

    fn evidence(&self, probe: &Probe, seen: Instant) -> SuspicionLevel {
        let model = if self.pulse.in_episode() {
            self.model
        } else {
            self.pulse.model()
        };
        match probe.fate {
            Fate::Failed => model.refusal(),
            _ => model.evidence(seen.since(probe.sent)),
        }
    }

    /// All that is known at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> MonitorSnapshot {
        MonitorSnapshot {
            heart: Snapshot::of(&self.pulse, self.level(now)),
            counters: self.counters,
            dead_at: self.pulse.dead_at().map(|at| self.watch.at(at)),
            next_probe_at: self.next,
            unanswered: self
                .outstanding
                .iter()
                .fold(0, |n, probe| n + u8::from(self.is_evidence(probe))),
            last_failure: self.last_failure,
            events: self.pending.number(),
        }
    }

    /// Whether the laws that can be seen in one state hold; what tests, fuzzing and debug assertions check after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.pulse.is_valid()
    }
}
