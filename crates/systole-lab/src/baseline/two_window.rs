//! The two-window detector of Tomsic, Sens, Garcia, Arantes and Sopena (IPDPS 2015).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::expected_arrival::intervals_and_margins;
use super::{ArrivalRule, Baseline, Periodic};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// Like [`NfdE`](super::NfdE), with the later of two expectations: one from the last reply, one
/// from the last thousand.
///
/// It follows a growing delay at once and forgets it slowly. The bound is relative to the expected
/// delay, as with NFD-E, and is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoWindow {
    /// The interval from send to send.
    pub interval: Duration,
    /// The time after the later expected arrival.
    pub margin: Duration,
    /// The number of replies in the short window; 1 in the paper.
    pub short: usize,
    /// The number of replies in the long window; 1000 in the paper.
    pub long: usize,
}

impl Baseline for TwoWindow {
    const NAME: &'static str = "2W-FD";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<ArrivalRule<2>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let rule = ArrivalRule::new(self.interval, self.margin, [self.short, self.long]);
        Periodic::new(micros(self.interval), start, rule)
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let with = |(interval, margin)| Self {
            interval,
            margin,
            short: 1,
            long: 1_000,
        };
        intervals_and_margins(bound).map(with).collect()
    }
}

impl fmt::Display for TwoWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, margin] = [self.interval, self.margin].map(brief);
        let Self { short, long, .. } = self;
        write!(
            f,
            "every {interval}, margin {margin}, windows {short} and {long}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Freshness;
    use crate::network::{Lognormal, Queue, Synthetic};
    use crate::time::MicrosExt as _;
    use crate::{Answer, Options, Span, replay};

    #[test]
    fn rises_with_one_late_answer_and_falls_with_the_long_mean() {
        let second = Duration::from_secs(1);
        let mut rule = ArrivalRule::new(second, second, [1, 4]);
        let mut after = |id: u64, rtt_ms: u64| {
            let sent = Instant::from_secs(id);
            let fresh = rule.after(
                &Answer {
                    id,
                    sent,
                    at: sent.plus(rtt_ms * 1_000),
                },
                Instant::ZERO,
            );
            // The freshness point less the next send time and the margin: the expected delay.
            fresh.map(|until| until.as_micros() / 1_000 - (id + 2) * 1_000)
        };
        assert_eq!(after(0, 100), Some(100));
        assert_eq!(after(1, 500), Some(500), "the short window leads");
        assert_eq!(after(2, 100), Some(233), "the long window remembers");
        assert_eq!(after(3, 100), Some(200));
    }

    /// The paper's claim: at the same margin it is wrong only where either window alone is wrong,
    /// here where queues build up.
    #[test]
    fn it_is_wrong_only_where_either_window_is() {
        let secs = Duration::from_secs;
        let hours = secs(10 * 3_600);
        let queue = Queue::once(Instant::from_secs(60), secs(2), secs(4));
        let network = Synthetic::new(hours)
            .with(Lognormal::new(Duration::from_millis(100), 0.8, 1))
            .with(queue.at_random(secs(60), hours, 2));
        let mistakes = |windows| {
            let rule = ArrivalRule::new(secs(1), secs(1), windows);
            let detector = Periodic::new(1_000_000, Instant::ZERO, rule);
            replay(&network, &Options::default(), |_| detector).mistakes
        };
        let dead = |mistakes: &[Span]| mistakes.iter().map(Span::length).sum::<Duration>();
        let both = mistakes([1, 1_000]);
        assert!(both.len() > 100, "{}", both.len());
        for window in [1, 1_000] {
            let alone = mistakes([window; 2]);
            let within = |m: &Span| alone.iter().any(|a| a.from <= m.from && m.until <= a.until);
            assert!(both.iter().all(within), "window {window}");
            assert!(dead(&both) < dead(&alone), "window {window}");
        }
    }
}
