//! The machine without a clock, which is driven by the outcome of each probe.

use core::time::Duration;

use crate::config::Config;
use crate::math::cpu::NATIVE_64;
use crate::pacing::{Answer, Fluctuation, Pacing};
use crate::path::suspicion::SuspicionLevel;
use crate::path::window::DEFAULT_WINDOW;
use crate::peer::dead_peer_wait::DeadPeerWait;
use crate::peer::send_failures::CompactFailures;
use crate::peer::snapshot::Snapshot;
use crate::peer::state::PeerState;
use crate::peer::verdict::{Failure, Reason, Verdict};
use crate::time::{Instant, duration, micros, rtt_micros};

mod lifetime;
mod target;

/// Drives probes from any loop: give it the outcome of each probe, and sleep for the interval that
/// it returns.
///
/// It reads no clock. It counts its own intervals and timeouts as the time that has passed, so the
/// loop has to keep them: intervals run from *send to send*, a probe without a reply is waited for
/// as long as [`timeout`](Self::timeout) returns, and a probe that takes longer than the interval
/// is followed by the next one at once. A loop that cannot keep these times should use
/// [`Monitor`](crate::Monitor), which takes the caller's clock.
///
/// | outcome | call |
/// |---|---|
/// | a reply came after `rtt` | [`next_interval(rtt)`](Self::next_interval) |
/// | no reply within the timeout | [`missed()`](Self::missed) |
/// | refused, reset or an invalid reply, known after `after` | [`failed(failure, after)`](Self::failed) |
/// | not sent, for a local reason, known after `after` | [`unsent(after)`](Self::unsent) |
///
/// # One probe at a time
///
/// Only one probe is outstanding at a time. Where replies take longer than the interval, the bound
/// on detection time is therefore longer than with a monitor, by the time that replies take beyond
/// the interval. [`snapshot`](Self::snapshot) states the bound in force.
///
/// # Paths that become slower
///
/// A path may become slower for good. A loop receives a reply that comes after its timeout only if
/// it listens on and calls [`late`](Self::late). The timeouts themselves therefore have to leave
/// room for slow replies:
///
/// - No probe is given up sooner than replies were measured to take.
/// - A probe after which no retry would be in time is waited for as long as the peer has been
///   silent. A quarter of the time that is left before the bound is kept for another probe.
///
/// A lasting step to a longer RTT is therefore learnt without a mistake if the new RTT is at most a
/// fifth of the bound, and at most three quarters of what the bound leaves after one interval and
/// the waits of the first retries (without retries: after two intervals). A larger step makes the
/// peer `Dead` and is learnt from then on.
///
/// # Dead peers
///
/// A probe to a dead peer is waited for one interval, so that a peer that is back is seen soon.
/// Every eighth probe is waited for twice as long as the previous eighth one, up to the longest
/// timeout, so that a peer whose replies have become slow is seen in the end. While the peer
/// replies, each probe is waited for as long as its replies take. When even the longest wait gets
/// no reply, the doubling starts over after a rest of at least 32 of the longest timeouts.
///
/// The planner of a [target](Config::target) needs a few `Dead` verdicts to learn a lasting step to
/// a longer RTT, and room for two round trips within its bound. Where one round trip takes more
/// than two fifths of the bound, use a monitor.
///
/// # Verdicts
///
/// Each call reports one verdict. A peer that was heard is `Suspect` before it is `Dead`, with one
/// exception: where the last wait before the bound is that of the first probe without a reply, as
/// is the case without [retries](crate::config::Builder::retries), one call takes the verdict from
/// `Alive` to `Dead`.
///
/// # Window
///
/// `N` is the number of RTT samples in the window, 1 to 65,535. The cost of a call does not depend
/// on it.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Heartbeat, Verdict};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let mut heart = Heartbeat::new(Config::every(Duration::from_secs(5)).jitter_percent(0).build()?);
///
/// // A steady path: the base interval.
/// assert_eq!(heart.next_interval(Duration::from_millis(40)), Duration::from_secs(5));
/// assert_eq!(heart.next_interval(Duration::from_millis(40)), Duration::from_secs(5));
///
/// // An overdue probe is retried, sooner than the interval. After three in a row the bound has
/// // passed.
/// assert_eq!(heart.missed(), Duration::from_millis(500));
/// assert_eq!(heart.verdict(), Verdict::Suspect);
/// heart.missed();
/// heart.missed();
/// assert_eq!(heart.verdict(), Verdict::Dead);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
// Small and often used fields come first, where short instructions of small cores reach them.
#[repr(C)]
pub struct Heartbeat<const N: usize = DEFAULT_WINDOW, P: Pacing = Fluctuation> {
    /// When the current probe was sent, on an internal clock that starts with the first probe.
    sent: Instant,
    dead_waits: DeadPeerWait,
    peer: PeerState<N, P>,
    /// When the last outcome was known, on the same clock, as [`coarse`] returns it.
    heard: u32,
    level: SuspicionLevel,
    failures: CompactFailures,
}

/// The size limit on any target. Small devices monitor many peers.
const _: () = assert!(size_of::<Heartbeat<32>>() <= 320);

/// The unit of [`coarse`] is 2^10 us.
const COARSE_SHIFT: u32 = 10;

/// Returns `moment` in units of 1,024 us, modulo 51 days. No interval comes near that, and the
/// field takes four bytes less for each peer than an `Instant`.
#[allow(clippy::cast_possible_truncation)] // a remainder
const fn coarse(moment: Instant) -> u32 {
    (moment.as_micros() >> COARSE_SHIFT) as u32
}

impl<P: Pacing> Heartbeat<DEFAULT_WINDOW, P> {
    /// Creates a heartbeat to a peer of which nothing is known, with the [default
    /// window](DEFAULT_WINDOW). It cannot fail and is `const`, so it fits a `static`.
    #[must_use]
    pub const fn new(config: Config<P>) -> Self {
        Self::with_window(config)
    }
}

impl<const N: usize, P: Pacing> Heartbeat<N, P> {
    /// Creates a heartbeat whose window holds `N` round-trip times; see [`new`](Heartbeat::new).
    #[must_use]
    pub const fn with_window(config: Config<P>) -> Self {
        Self {
            peer: PeerState::new(config),
            sent: Instant::ZERO,
            heard: 0,
            level: SuspicionLevel::ZERO,
            failures: CompactFailures::NONE,
            dead_waits: DeadPeerWait::NONE,
        }
    }

    /// Records that the reply came after `rtt`. Returns the interval from the send of that probe to
    /// the send of the next. It is between the configured shortest and longest interval, jitter
    /// included.
    ///
    /// A reply that took longer than the bound may have waited in a queue. It counts as an RTT
    /// sample, and does not change the verdict.
    pub fn next_interval(&mut self, rtt: Duration) -> Duration {
        let rtt_us = rtt_micros(rtt);
        if NATIVE_64 && self.is_steady(rtt_us) {
            return self.answered_steadily(rtt_us);
        }
        self.answered(rtt_us)
    }

    /// Returns whether a reply after `rtt_us` changes no verdict: the peer is alive, the last probe
    /// was sent and is not overdue.
    #[inline]
    fn is_steady(&self, rtt_us: u32) -> bool {
        let in_time = rtt_us < self.peer.plan().timeout_us();
        in_time & (self.verdict() == Verdict::Alive) & self.failures.is_none()
    }

    /// Does what [`answered`](Self::answered) does, in less time, for the usual case. Small cores
    /// leave this function out to save flash.
    #[inline]
    fn answered_steadily(&mut self, rtt_us: u32) -> Duration {
        let answer = self.answer(rtt_us);
        self.peer.observe(&answer, false);
        self.peer.affirm(answer.sent);
        self.level = SuspicionLevel::ZERO;
        self.peer.plan_anew();
        let wait_us = self.peer.interval_us();
        self.heard = coarse(answer.now);
        self.sent = if u64::from(rtt_us) > wait_us {
            self.peer.allow_lead(answer.now);
            answer.now
        } else {
            answer.sent.plus(wait_us)
        };
        self.peer.sent_steadily(self.sent);
        debug_assert!(self.is_valid());
        duration(wait_us)
    }

    /// Records that the reply came after `rtt_us`.
    #[cfg_attr(target_pointer_width = "64", cold, inline(never))]
    fn answered(&mut self, rtt_us: u32) -> Duration {
        let now = self.was_sent(rtt_us.into());
        self.peer.elapse(now);
        self.hear(&self.answer(rtt_us), rtt_us.into(), false);
        self.advance(now)
    }

    /// Returns the [`Answer`] for a reply to the current probe that took `rtt_us`.
    #[inline]
    fn answer(&self, rtt_us: u32) -> Answer {
        Answer {
            sent: self.sent,
            now: self.sent.plus(rtt_us.into()),
            rtt_us: Some(rtt_us),
            held_us: 0,
        }
    }

    /// Records that no reply came within [`timeout`](Self::timeout). Returns the interval from the
    /// send of that probe to the send of the next, which is a retry and therefore sooner. For a
    /// dead peer it returns a steady interval.
    pub fn missed(&mut self) -> Duration {
        let waited_us = self.listen_us();
        self.fail(waited_us, waited_us, None)
    }

    /// Records that the probe failed after `after`: it was refused, reset, or got an invalid reply.
    /// Returns the interval from the send of that probe to the send of the next. Retries keep their
    /// spacing, however soon the failure was known.
    ///
    /// A failure is evidence at once. The verdict becomes `Dead` when the bound has passed. It does
    /// so sooner where the last probe before the bound failed, or after as many refusals in a row
    /// as [`Config::dead_after_refusals`] states.
    pub fn failed(&mut self, failure: Failure, after: Duration) -> Duration {
        self.fail(micros(after), u64::MAX, Some(failure))
    }

    /// Records that the probe got no reply, which was known `after_us` after its send. It counts as
    /// a silence of `silent_us` in the suspicion level.
    fn fail(&mut self, after_us: u64, silent_us: u64, failure: Option<Failure>) -> Duration {
        let now = self.was_sent(after_us);
        let (sent, before) = (self.sent, self.peer.verdict());
        if before == Verdict::Dead {
            let longest_us = self.peer.settings().limits.timeout_max_us;
            self.dead_waits.missed(longest_us);
        } else {
            self.level = self.level.plus(self.peer.model().evidence(silent_us));
            self.dead_waits = DeadPeerWait::NONE;
        }
        self.peer.missed(sent, now, failure);
        self.peer.break_row();
        self.peer.elapse(now);
        if failure.is_some() {
            self.peer.conclude(sent, now);
        }
        self.advance(now)
    }

    /// Records that the probe could not be sent, for a local reason that was known after `after`.
    /// This is no evidence against the peer. Returns the interval from this try to the next: that
    /// of a retry until as many tries failed as there are retries, then a steady one.
    ///
    /// The bound is extended by the time until a probe can be sent. When none could be sent for one
    /// bound and nothing proved life in that time, the verdict becomes
    /// [`Unknown`](Verdict::Unknown), and the bound counts from the next probe that is sent.
    pub fn unsent(&mut self, after: Duration) -> Duration {
        if !self.peer.is_started() {
            self.send_first();
        }
        let (sent, now) = (self.sent, self.sent.plus(micros(after)));
        let alive_at = self.peer.mark();
        let mut failures = self.failures.wake(alive_at);
        failures.fail(sent);
        self.peer.unsent();
        let wait_us = self.peer.resend_wait_us(failures.tries());
        let next = sent.plus(wait_us).max(now);
        self.peer.credit(next.since(sent), next);
        let blind_from = failures.blind_from(alive_at);
        if blind_from.is_some_and(|from| from.plus(self.peer.plan().bound_us()) <= now) {
            self.peer.forget_peer(Reason::Blind);
            failures.tell();
            self.level = SuspicionLevel::ZERO;
        }
        self.failures = failures.rest(alive_at);
        self.go_on(next, now);
        duration(wait_us)
    }

    /// Records a reply, after `rtt`, to a probe that [`missed`](Self::missed) had given up. Call it
    /// before the next probe is sent.
    ///
    /// The timeout learns from late replies, so that a path that has become slower is not taken for
    /// a dead peer.
    pub fn late(&mut self, rtt: Duration) {
        // `heard` is rounded down to 1,024 us. The earliest moment that it may stand for is used,
        // so that the proof of life is not too late.
        let ahead = coarse(self.sent).wrapping_sub(self.heard);
        let now = self.sent.minus((u64::from(ahead) + 1) << COARSE_SHIFT);
        let rtt_us = rtt_micros(rtt);
        let sent = now.minus(u64::from(rtt_us));
        let answer = Answer {
            sent,
            now,
            rtt_us: Some(rtt_us),
            held_us: 0,
        };
        self.hear(&answer, now.since(sent), true);
        // The proof is rounded down, so it may lie before the credited span.
        self.peer.limit_credit();
        self.peer.allow_lead(self.sent);
    }

    /// Handles a reply that is `age_us` old. `late` states that its probe had been given up.
    #[inline]
    fn hear(&mut self, answer: &Answer, age_us: u64, late: bool) {
        self.peer.observe(answer, late);
        if self.peer.is_fresh(age_us) {
            self.peer.prove(answer.sent, answer.now, true);
        }
        if self.peer.verdict() == Verdict::Alive {
            self.level = SuspicionLevel::ZERO;
        }
        self.peer.adapt();
    }

    /// Records that the probe was sent, because an outcome is known `after_us` after its send.
    /// Returns the moment of that outcome.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn was_sent(&mut self, after_us: u64) -> Instant {
        if !self.peer.is_started() {
            self.send_first();
        }
        self.failures = CompactFailures::NONE;
        self.sent.plus(after_us)
    }

    /// Records the send of the first probe.
    #[cold]
    fn send_first(&mut self) {
        self.peer.sent(self.sent);
    }

    /// Moves on to the next probe. Returns the interval until its send. The probe is sent later
    /// than that where the outcome of the probe before it was known later.
    fn advance(&mut self, now: Instant) -> Duration {
        let wait_us = self.peer.wait_us(self.sent);
        let next = self.sent.plus(wait_us).max(now);
        let verdict = self.peer.verdict();
        if verdict == Verdict::Alive {
            self.peer.allow_lead(next);
        }
        self.go_on(next, now);
        if verdict == Verdict::Dead {
            let (usual_us, longest_us) = self.peer.dead_wait(wait_us);
            self.dead_waits.plan(usual_us, longest_us);
            self.level = self.level.at_least_some();
        }
        duration(wait_us)
    }

    /// Moves on to a probe that is sent at `next`. The outcome of the last one was known at `now`.
    fn go_on(&mut self, next: Instant, now: Instant) {
        self.sent = next;
        self.heard = coarse(now);
        self.peer.sent(next);
        debug_assert!(self.is_valid());
    }

    /// Returns how long to wait for the reply to the next probe.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        duration(self.listen_us())
    }

    /// Returns [`timeout`](Self::timeout) in microseconds.
    fn listen_us(&self) -> u64 {
        if self.peer.verdict() == Verdict::Dead {
            self.dead_waits.us().into()
        } else if self.peer.plan().is_drawn() {
            self.peer.listen_us(self.sent)
        } else {
            self.peer.next_plan().timeout_us().into()
        }
    }

    /// Returns the verdict as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.peer.verdict()
    }

    /// Returns the suspicion level: how improbable the present silence is. Every missed probe
    /// counts with the age at which it was given up.
    #[must_use]
    pub const fn level(&self) -> SuspicionLevel {
        self.level
    }

    /// Returns what is known of the path, and the plan.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.peer, self.level)
    }

    /// Returns whether the state is consistent. Tests, fuzz targets and debug assertions check it
    /// after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.peer.is_valid()
    }
}

#[cfg(test)]
mod tests;
