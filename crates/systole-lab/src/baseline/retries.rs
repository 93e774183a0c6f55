//! Retries with a bound on silence: slow while replies come, quick once a probe is overdue, Dead
//! only after a whole bound of silence.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::trust::Trust;
use super::{Baseline, INTERVALS, shares};
use crate::time::{MicrosExt as _, micros};
use crate::{Action, Answer, Detector, brief};
use systole::Instant;

/// A probe every `interval`. Once the last one has had no reply for `timeout`, a retry follows,
/// then one every `spacing` up to `retries` of them, then a probe every `interval` again. The peer
/// is Dead once the newest probe with a reply was sent `bound` ago.
///
/// This has the form of TCP keepalive and QUIC's probe timeout, with the verdict of NFD-S: a late
/// reply counts at the send time of its probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The interval from send to send while replies come.
    pub interval: Duration,
    /// The time from a probe without a reply to its first retry.
    pub timeout: Duration,
    /// The time from one retry to the next.
    pub spacing: Duration,
    /// The largest number of retries until the next reply.
    pub retries: u32,
    /// The longest silence, measured from the send time of the last probe with a reply.
    pub bound: Duration,
}

impl Baseline for Retries {
    const NAME: &'static str = "retries";
    const KEEPS_BOUND: bool = true;
    type Detector = RetriesDetector;

    fn detector(&self, start: Instant) -> RetriesDetector {
        RetriesDetector {
            interval_us: micros(self.interval),
            timeout_us: micros(self.timeout.min(self.interval)),
            spacing_us: micros(self.spacing.min(self.interval)).max(1),
            retries: self.retries as usize,
            bound_us: micros(self.bound),
            unanswered: VecDeque::new(),
            last: None,
            start,
            id: 0,
            trust: Trust::new(start.saturating_add(self.bound)),
        }
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let mut all = Vec::new();
        for interval in shares(bound, &INTERVALS) {
            for timeout in shares(bound, &TIMEOUTS).filter(|&t| t <= interval) {
                for spacing in shares(bound, &SPACINGS).filter(|&s| s <= interval) {
                    all.extend(RETRIES.map(|retries| Self {
                        interval,
                        timeout,
                        spacing,
                        retries,
                        bound,
                    }));
                }
            }
        }
        all
    }
}

/// The values that are swept: shares of the bound, and numbers of retries.
const TIMEOUTS: [f64; 5] = [0.035, 0.05, 0.1, 0.2, 0.3];
const SPACINGS: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.3];
const RETRIES: [u32; 2] = [3, u32::MAX];

impl fmt::Display for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, timeout, spacing] = [self.interval, self.timeout, self.spacing].map(brief);
        write!(f, "every {interval}, timeout {timeout}, ")?;
        match self.retries {
            u32::MAX => write!(f, "retries every {spacing}"),
            retries => write!(f, "{retries} retries {spacing} apart"),
        }
    }
}

/// The machine of [`Retries`].
#[derive(Clone, Debug)]
pub struct RetriesDetector {
    interval_us: u64,
    timeout_us: u64,
    spacing_us: u64,
    retries: usize,
    bound_us: u64,
    /// The send times of the probes after the newest one with a reply.
    unanswered: VecDeque<Instant>,
    last: Option<Instant>,
    start: Instant,
    id: u64,
    trust: Trust,
}

impl RetriesDetector {
    fn next(&self) -> Instant {
        // After n probes without a reply, n - 1 retries have been sent.
        let wait = match self.unanswered.len() {
            0 => self.interval_us,
            n if n > self.retries => self.interval_us,
            1 => self.timeout_us,
            _ => self.spacing_us,
        };
        self.last.map_or(self.start, |last| last.plus(wait))
    }

    fn send(&mut self, now: Instant) -> Action {
        self.unanswered.push_back(now);
        self.last = Some(now);
        self.id += 1;
        Action::Probe(self.id)
    }
}

impl Detector for RetriesDetector {
    fn poll(&mut self, now: Instant) -> Action {
        if let Some(turn) = self.trust.turn(now) {
            return turn;
        }
        let next = self.next();
        if now >= next {
            return self.send(now);
        }
        Action::Wait(next.min(self.trust.deadline()))
    }

    fn on_answer(&mut self, answer: &Answer) {
        while self
            .unanswered
            .front()
            .is_some_and(|&sent| sent <= answer.sent)
        {
            self.unanswered.pop_front();
        }
        self.trust.until = self.trust.until.max(answer.sent.plus(self.bound_us));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Constant, Outage, Synthetic};
    use crate::{CrashTest, Options, Span, replay};

    fn settings() -> Retries {
        let ms = Duration::from_millis;
        Retries {
            interval: ms(5_000),
            timeout: ms(500),
            spacing: ms(1_000),
            retries: u32::MAX,
            bound: ms(10_000),
        }
    }

    #[test]
    fn retries_end_with_the_first_answer() {
        let network = Synthetic::new(Duration::from_secs(30))
            .with(Constant(Duration::from_millis(100)))
            .with(Outage::once(Instant::from_secs(10), Duration::from_secs(2)));
        let run = replay(&network, &Options::default(), |start| {
            settings().detector(start)
        });
        // Sent at 0, 5, 10, 10.5, 11.5, 12.5 (has a reply), 17.5, 22.5, 27.5.
        assert_eq!((run.probes, run.mistakes.len()), (9, 0));
    }

    #[test]
    fn spent_retries_leave_the_interval() {
        let network = Synthetic::new(Duration::from_secs(30))
            .with(Outage::once(Instant::from_secs(10), Duration::MAX));
        let run = replay(&network, &Options::default(), |start| {
            Retries {
                retries: 2,
                ..settings()
            }
            .detector(start)
        });
        // Sent at 0, 5, 10, 10.5, 11.5, 16.5, 21.5, 26.5.
        assert_eq!(run.probes, 8);
    }

    #[test]
    fn dead_a_bound_after_the_last_answered_probe_was_sent() {
        let network = Synthetic::new(Duration::from_secs(40))
            .with(Constant(Duration::from_millis(100)))
            .with(Outage::once(Instant::from_secs(10), Duration::from_secs(9)));
        let run = replay(&network, &Options::default(), |start| {
            settings().detector(start)
        });
        assert_eq!(
            run.mistakes,
            [Span::new(
                Instant::from_secs(15),
                Instant::from_millis(19_600)
            )]
        );
        let times = CrashTest::new(2_000).run(&network, |start| settings().detector(start));
        assert_eq!(times.violations(Duration::from_secs(10)), 0);
    }
}
