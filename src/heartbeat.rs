//! The machine without a clock: one call a round.

use core::time::Duration;

use crate::config::Config;
use crate::math::fixed_point::NATIVE_64;
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

/// A heartbeat for any loop: feed it the outcome of each probe, sleep for what it answers.
///
/// It needs no clock. It takes its own intervals and timeouts for the time that passed, so the loop has to keep them: intervals are
/// *send to send*, a probe that is not answered is waited for as long as [`timeout`](Self::timeout) says, and one that takes longer than
/// the interval is followed by the next at once. Where that cannot be promised, use [`Monitor`](crate::Monitor), which takes your clock.
///
/// | outcome | call |
/// |---|---|
/// | answered after `rtt` | [`next_interval(rtt)`](Self::next_interval) |
/// | not answered within the timeout | [`missed()`](Self::missed) |
/// | refused, reset, answered with garbage, known after `after` | [`failed(failure, after)`](Self::failed) |
/// | not sent, for a reason of ours, known after `after` | [`unsent(after)`](Self::unsent) |
///
/// One probe is under way at a time. So where answers take longer than the interval, the bound on
/// detection time is longer than with a monitor, by as much as they do:
/// [`snapshot`](Self::snapshot) states the bound in force.
///
/// A path may become slower for good, and an answer that comes after its timeout is heard only by a
/// loop that calls [`late`](Self::late). So a probe that no retry follows in time is waited for as
/// long as the peer has been silent, while a quarter of the time that is left before the bound is
/// kept to ask again; and none is given up before answers were measured to take. A longer round
/// trip is learnt without a mistake up to a fifth of the bound, or three quarters of what is left
/// of it after an interval and the waits of the first retries (where there are none, of another
/// interval), whichever is less. A still longer one makes the peer `Dead`, and is learnt then:
///
/// A dead peer is waited for one interval, so that one that is back is seen soon; every eighth time
/// twice as long as the last such time, up to the longest timeout, so that one whose answers have
/// become slow is seen at last; and while it answers, as long as its answers take. When even the
/// longest wait was in vain, it starts over after at least 32 of the longest timeouts. The planner
/// of a [target](Config::target) takes a few such deaths to follow, and needs room for two round
/// trips within its bound: where one takes more than two fifths of it, use a monitor.
///
/// A call tells one verdict. A peer that was heard is `Suspect` before it is `Dead`, except where
/// the last wait before the bound is that of the first probe that was not answered, as without
/// [retries](crate::config::Builder::retries): then one call tells both, and the verdict goes from `Alive` to
/// `Dead`.
///
/// `N` is the number of round-trip times that are looked at, 1 to 65,535. The cost of a call does not depend on it.
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
/// // An overdue probe is asked again, sooner; three in a row, and the bound has passed.
/// assert_eq!(heart.missed(), Duration::from_millis(500));
/// assert_eq!(heart.verdict(), Verdict::Suspect);
/// heart.missed();
/// heart.missed();
/// assert_eq!(heart.verdict(), Verdict::Dead);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[repr(C)] // the small and the often needed first, where the short instructions of small cores reach them
pub struct Heartbeat<const N: usize = DEFAULT_WINDOW, P: Pacing = Fluctuation> {
    /// When the probe under way was sent, on a clock of our own that starts with the first one.
    sent: Instant,
    dead_waits: DeadPeerWait,
    peer: PeerState<N, P>,
    /// When the last outcome was known, on the same clock: [`coarse`].
    heard: u32,
    level: SuspicionLevel,
    failures: CompactFailures,
}

/// What it may take, on any target: a device has hundreds of peers and kilobytes.
const _: () = assert!(size_of::<Heartbeat<32>>() <= 320);

const COARSE_SHIFT: u32 = 10;

/// A moment in 1,024 us, modulo 51 days, which no interval comes near: four bytes less a peer than a whole one.
#[allow(clippy::cast_possible_truncation)] // a remainder
const fn coarse(moment: Instant) -> u32 {
    (moment.as_micros() >> COARSE_SHIFT) as u32
}

impl<P: Pacing> Heartbeat<DEFAULT_WINDOW, P> {
    /// Returns a heartbeat to a peer of which nothing is known, with the
    /// [default window](DEFAULT_WINDOW). It cannot fail and is `const`, so it fits a `static`.
    #[must_use]
    pub const fn new(config: Config<P>) -> Self {
        Self::with_window(config)
    }
}

impl<const N: usize, P: Pacing> Heartbeat<N, P> {
    /// Returns a heartbeat whose window holds `N` round-trip times; see [`new`](Heartbeat::new).
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

    /// The probe was answered after `rtt`. Returns the interval from its send to that of the next probe: between the
    /// configured shortest and longest, jitter included.
    ///
    /// An answer older than the bound may have waited in a queue: it is a sample, and leaves the verdict.
    pub fn next_interval(&mut self, rtt: Duration) -> Duration {
        let rtt_us = rtt_micros(rtt);
        if NATIVE_64 && self.is_steady(rtt_us) {
            return self.answered_steadily(rtt_us);
        }
        self.answered(rtt_us)
    }

    /// Whether an answer after `rtt_us` leaves all as it is: the peer is alive, the last probe was sent and is not overdue.
    #[inline]
    fn is_steady(&self, rtt_us: u32) -> bool {
        let in_time = rtt_us < self.peer.plan().timeout_us();
        in_time & (self.verdict() == Verdict::Alive) & self.failures.is_none()
    }

    /// The short way of [`answered`](Self::answered), and the usual one; small cores save its flash.
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

    /// The probe was answered after `rtt_us`.
    #[cfg_attr(target_pointer_width = "64", cold, inline(never))]
    fn answered(&mut self, rtt_us: u32) -> Duration {
        let now = self.was_sent(rtt_us.into());
        self.peer.elapse(now);
        self.hear(&self.answer(rtt_us), rtt_us.into(), false);
        self.advance(now)
    }

    /// What the probe under way is answered with after `rtt_us`.
    #[inline]
    fn answer(&self, rtt_us: u32) -> Answer {
        Answer {
            sent: self.sent,
            now: self.sent.plus(rtt_us.into()),
            rtt_us: Some(rtt_us),
            held_us: 0,
        }
    }

    /// The probe was not answered within [`timeout`](Self::timeout). Returns the interval from its send to that of the
    /// next probe, which is a retry and therefore sooner; of a dead peer, a steady interval.
    pub fn missed(&mut self) -> Duration {
        let waited_us = self.listen_us();
        self.fail(waited_us, waited_us, None)
    }

    /// The probe failed after `after`: refused, reset, answered with garbage. Returns the interval from its send to that of the next probe:
    /// retries keep their distance, however quick the failure was.
    ///
    /// A failure is evidence at once, and the verdict falls when the bound has passed; sooner where the last probe before that failed, or after
    /// as many refusals as [`Config::dead_after_refusals`] says.
    pub fn failed(&mut self, failure: Failure, after: Duration) -> Duration {
        self.fail(micros(after), u64::MAX, Some(failure))
    }

    /// The probe was not answered, which was known `after_us` after its send; it weighs as a silence of `silent_us`.
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
        self.peer.elapse(now);
        if failure.is_some() {
            self.peer.conclude(sent, now);
        }
        self.advance(now)
    }

    /// The probe could not be sent, for a reason of ours, which was known after `after`. That is no evidence against the peer. Returns the
    /// interval from this try to the next one: that of a retry until as many failed as there are retries, then a steady one.
    ///
    /// The time until a probe can be sent extends the bound. When none could be sent for one bound and nothing proved life, the verdict is
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

    /// A probe that was given up with [`missed`](Self::missed) is answered after all, after `rtt`. Call it before the next probe
    /// goes out.
    ///
    /// Late answers are what the timeout learns from: a path that has become slow is a slow path, not a dead peer.
    pub fn late(&mut self, rtt: Duration) {
        // it is at least that late, so the proof of life is not overstated
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
        self.peer.limit_credit(); // the proof is a tick too early, and may lie before what was credited
        self.peer.allow_lead(self.sent);
    }

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

    /// Something came of the probe `after_us` after its send, and so it was sent; returns when that was.
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    fn was_sent(&mut self, after_us: u64) -> Instant {
        if !self.peer.is_started() {
            self.send_first();
        }
        self.failures = CompactFailures::NONE;
        self.sent.plus(after_us)
    }

    #[cold]
    fn send_first(&mut self) {
        self.peer.sent(self.sent);
    }

    /// Moves on to the next probe; returns the interval until its send, which is later where the outcome was.
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

    /// The next probe goes out at `next`; what became of the last one was known at `now`.
    fn go_on(&mut self, next: Instant, now: Instant) {
        self.sent = next;
        self.heard = coarse(now);
        self.peer.sent(next);
        debug_assert!(self.is_valid());
    }

    /// How long to wait for the answer to the next probe.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        duration(self.listen_us())
    }

    fn listen_us(&self) -> u64 {
        if self.peer.verdict() == Verdict::Dead {
            self.dead_waits.us().into()
        } else if self.peer.plan().is_drawn() {
            self.peer.listen_us(self.sent)
        } else {
            self.peer.next_plan().timeout_us().into()
        }
    }

    /// Whether the peer is alive, as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.peer.verdict()
    }

    /// How improbable the silence is, counting every missed probe at the age at which it was given up.
    #[must_use]
    pub const fn level(&self) -> SuspicionLevel {
        self.level
    }

    /// What is known of the path, and what is planned.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.peer, self.level)
    }

    /// Whether the laws that can be seen in one state hold; what tests, fuzzing and debug assertions check after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.peer.is_valid()
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::plan::Retries;

    const SECOND: Duration = Duration::from_secs(1);

    /// 5 s apart, given up after 1 s, never asked again: dead after 6 s.
    fn patient() -> Heartbeat<8> {
        let config = Config::every(5 * SECOND).jitter_percent(0).build();
        let config = config.and_then(|config| {
            config
                .into_builder()
                .timeouts(SECOND, SECOND, 2 * SECOND)
                .build()
        });
        let config = config.and_then(|config| config.into_builder().retries(Retries::NONE).build());
        Heartbeat::with_window(config.unwrap())
    }

    /// The probe was given up after 1 s, and its answer took 0.9 s: told in the tick of 1,024 us before, so as not to overstate it.
    #[test]
    fn a_late_answer_proves_life_when_its_probe_was_sent_at_the_latest() {
        let mut heart = patient();
        assert_eq!(heart.missed(), 5 * SECOND);
        heart.late(SECOND * 9 / 10);
        assert_eq!(heart.verdict(), Verdict::Alive);
        assert_eq!(heart.peer.mark(), Instant::from_micros(99_232));
        assert_eq!(heart.snapshot().samples, 1);
    }

    #[test]
    fn a_peer_never_heard_is_dead_after_the_bound_from_the_first_probe_on() {
        let mut heart = patient();
        heart.missed();
        assert_eq!(heart.verdict(), Verdict::Unknown);
        heart.missed(); // at 6 s
        assert_eq!(heart.verdict(), Verdict::Dead);
    }

    #[test]
    fn an_answer_ends_what_silence_said() {
        let mut heart = patient();
        heart.next_interval(SECOND / 50);
        heart.missed();
        let level = heart.level();
        assert!(level > SuspicionLevel::ZERO);
        heart.next_interval(4_000 * SECOND); // which had waited in a queue
        assert!(heart.level() >= level);
        heart.next_interval(SECOND / 50);
        assert_eq!(heart.level(), SuspicionLevel::ZERO);
    }

    #[test]
    fn a_heartbeat_is_as_valid_as_what_it_is_made_of() {
        assert!(patient().is_valid());
        let mut config = Config::every(SECOND).build().unwrap();
        config.settings.limits.timeout_max_us = 0;
        assert!(!Heartbeat::<8>::with_window(config).is_valid());
    }

    /// What becomes of a probe: answered, missed, refused, not sent, answered late.
    fn outcomes() -> impl Strategy<Value = Vec<(u8, u32)>> {
        let us = prop_oneof![0..200_000_u32, 0..12_000_000_u32];
        prop::collection::vec((0..12_u8, us), 1..200)
    }

    fn outcome(heart: &mut Heartbeat<8>, kind: u8, us: u32) {
        let after = Duration::from_micros(us.into());
        _ = match kind {
            0 => heart.missed(),
            1 => heart.failed(Failure::Refused, after),
            2 => heart.unsent(after),
            3 => {
                heart.late(after);
                return;
            }
            _ => heart.next_interval(after),
        };
    }

    proptest! {
        #[test]
        fn the_short_way_leads_where_the_long_one_does(outcomes in outcomes(), retries: bool) {
            let mut heart = if retries {
                Heartbeat::with_window(Config::every(SECOND).build().unwrap())
            } else {
                patient()
            };
            for (kind, us) in outcomes {
                if heart.is_steady(us) {
                    let (mut short, mut long) = (heart.clone(), heart.clone());
                    prop_assert_eq!(short.answered_steadily(us), long.answered(us));
                    prop_assert_eq!(short, long);
                }
                outcome(&mut heart, kind, us);
            }
        }
    }
}
