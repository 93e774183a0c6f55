//! The machine without a clock: one call a round.

use core::time::Duration;

use crate::config::Config;
use crate::pacing::{Answer, Fluctuation, Pacing};
use crate::pulse::Pulse;
use crate::snapshot::Snapshot;
use crate::suspicion::SuspicionLevel;
use crate::time::{Instant, duration, rtt_micros};
use crate::verdict::Verdict;
use crate::wide;

mod lifetime;

/// A heartbeat for any loop: feed it the outcome of each probe, sleep for what it answers.
///
/// It needs no clock. It takes its own intervals and timeouts for the time that passed, so the loop has to keep them: intervals are
/// *send to send*, and a probe that is not answered is waited for as long as [`timeout`](Self::timeout) says. Where that cannot be promised, use
/// [`Monitor`](crate::Monitor), which takes your clock.
///
/// `N` is the number of round-trip times that are looked at, 1 to 65,535. The cost of a call does not depend on it.
///
/// ```
/// use core::time::Duration;
/// use systole::{Config, Heartbeat, Verdict};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let mut heart = Heartbeat::<32>::new(Config::every(Duration::from_secs(5))?.jitter_percent(0)?);
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
pub struct Heartbeat<const N: usize, P: Pacing = Fluctuation> {
    pulse: Pulse<N, P>,
    /// When the probe under way was sent, on a clock of our own that starts with the first one.
    sent: Instant,
    /// When the last outcome was known, on the same clock: [`coarse`].
    heard: u32,
    level: SuspicionLevel,
}

/// What it may take, on any target: a device has hundreds of peers and kilobytes.
const _: () = assert!(size_of::<Heartbeat<32>>() <= 288);

const COARSE_SHIFT: u32 = 10;

/// A moment in 1,024 us, modulo 51 days, which no interval comes near: four bytes less a peer than a whole one.
#[allow(clippy::cast_possible_truncation)] // a remainder
const fn coarse(moment: Instant) -> u32 {
    (moment.as_micros() >> COARSE_SHIFT) as u32
}

impl<const N: usize, P: Pacing> Heartbeat<N, P> {
    /// A heartbeat to a peer of which nothing is known. Infallible and `const`: it fits a `static`.
    #[must_use]
    pub const fn new(config: Config<P>) -> Self {
        Self {
            pulse: Pulse::new(config),
            sent: Instant::ZERO,
            heard: 0,
            level: SuspicionLevel::ZERO,
        }
    }

    /// The probe was answered after `rtt`. Returns the interval from its send to that of the next probe: between the
    /// configured shortest and longest, jitter included.
    ///
    /// An answer older than the bound may have waited in a queue: it is a sample, and leaves the verdict.
    pub fn next_interval(&mut self, rtt: Duration) -> Duration {
        let rtt_us = rtt_micros(rtt);
        self.start();
        let now = self.sent.plus(u64::from(rtt_us));
        self.pulse.elapse(now);
        let answer = Answer {
            sent: self.sent,
            now,
            rtt_us: Some(rtt_us),
        };
        self.hear(&answer, u64::from(rtt_us), false);
        self.advance(now)
    }

    /// The probe was not answered within [`timeout`](Self::timeout). Returns the interval from its send to that of the
    /// next probe, which is a retry and therefore sooner; of a dead peer, a steady interval.
    pub fn missed(&mut self) -> Duration {
        let waited_us = self.listen_us();
        self.start();
        let now = self.sent.plus(waited_us);
        if self.pulse.verdict() != Verdict::Dead {
            self.level = self.level.plus(self.pulse.model().evidence(waited_us));
        }
        self.pulse.missed(self.sent, now, None);
        self.pulse.elapse(now);
        self.advance(now)
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
        };
        self.hear(&answer, now.since(sent), true);
    }

    #[inline]
    fn hear(&mut self, answer: &Answer, age_us: u64, late: bool) {
        self.pulse.observe(answer, late);
        if self.pulse.is_fresh(age_us) {
            self.pulse.prove(answer.sent, answer.now, true);
        }
        if self.pulse.verdict() == Verdict::Alive {
            self.level = SuspicionLevel::ZERO;
        }
        self.pulse.adapt();
    }

    fn start(&mut self) {
        if !self.pulse.is_started() {
            self.send_first();
        }
    }

    #[cold]
    #[inline(never)]
    fn send_first(&mut self) {
        self.pulse.sent(self.sent);
    }

    /// Moves on to the next probe; returns the interval until its send.
    fn advance(&mut self, now: Instant) -> Duration {
        let wait_us = self.pulse.wait_us(self.sent);
        self.sent = self.sent.plus(wait_us);
        self.heard = coarse(now);
        self.pulse.sent(self.sent);
        debug_assert!(self.is_valid());
        duration(wait_us)
    }

    /// How long to wait for the answer to the next probe.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        duration(self.listen_us())
    }

    /// A probe is listened for until it is overdue; the last one before the verdict until then.
    fn listen_us(&self) -> u64 {
        let timeout = if self.pulse.plan().is_drawn() {
            self.pulse.timeout_us(self.sent)
        } else {
            self.pulse.settings().first_plan().timeout_us()
        };
        let timeout = u64::from(timeout);
        wide::min(timeout, self.pulse.left_us(self.sent)).max(1)
    }

    /// Whether the peer is alive, as of the last call.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.pulse.verdict()
    }

    /// How improbable the silence is, counting every missed probe at the age at which it was given up.
    #[must_use]
    pub const fn level(&self) -> SuspicionLevel {
        self.level
    }

    /// What is known of the path, and what is planned.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.pulse, self.level)
    }

    /// Whether the laws that can be seen in one state hold; what tests, fuzzing and debug assertions check after every step.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.pulse.is_valid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Retries;

    const SECOND: Duration = Duration::from_secs(1);

    /// 5 s apart, given up after 1 s, never asked again: dead after 6 s.
    fn patient() -> Heartbeat<8> {
        let config = Config::every(5 * SECOND).unwrap().jitter_percent(0);
        let config = config.and_then(|config| config.timeouts(SECOND, SECOND, 2 * SECOND));
        let config = config.and_then(|config| config.retries(Retries::NONE));
        Heartbeat::new(config.unwrap())
    }

    /// The probe was given up after 1 s, and its answer took 0.9 s: told in the tick of 1,024 us before, so as not to overstate it.
    #[test]
    fn a_late_answer_proves_life_when_its_probe_was_sent_at_the_latest() {
        let mut heart = patient();
        assert_eq!(heart.missed(), 5 * SECOND);
        heart.late(SECOND * 9 / 10);
        assert_eq!(heart.verdict(), Verdict::Alive);
        assert_eq!(heart.pulse.mark(), Instant::from_micros(99_232));
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
        let mut config = Config::every(SECOND).unwrap();
        config.settings.limits.timeout_max_us = 0;
        assert!(!Heartbeat::<8>::new(config).is_valid());
    }
}
