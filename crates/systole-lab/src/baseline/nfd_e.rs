//! Chen, Toueg and Aguilera's NFD-E (\[Chen02\], section 6.3).

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::expected_arrival::intervals_and_margins;
use super::{ArrivalRule, Baseline, Periodic};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// A probe every `interval`; Dead `margin` after the expected arrival of the next reply, which is
/// computed from the newest replies.
///
/// It promises detection within interval + margin *of the expected delay*. On a path whose queues
/// grow, the expectation grows with them, and the bound is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NfdE {
    /// The interval from send to send: eta.
    pub interval: Duration,
    /// The time after the expected arrival: alpha.
    pub margin: Duration,
    /// The number of replies over which the expectation is the mean; 32 in the paper.
    pub window: usize,
}

impl Baseline for NfdE {
    const NAME: &'static str = "NFD-E";
    const KEEPS_BOUND: bool = false;
    type Detector = Periodic<ArrivalRule<1>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let rule = ArrivalRule::new(self.interval, self.margin, [self.window]);
        Periodic::new(micros(self.interval), start, rule)
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        let with = |(interval, margin)| Self {
            interval,
            margin,
            window: 32,
        };
        intervals_and_margins(bound).map(with).collect()
    }
}

impl fmt::Display for NfdE {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, margin] = [self.interval, self.margin].map(brief);
        write!(
            f,
            "every {interval}, margin {margin}, window {}",
            self.window
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Answer;
    use crate::baseline::Freshness;
    use crate::time::MicrosExt as _;

    fn answer(id: u64, rtt_ms: u64) -> Answer {
        let sent = Instant::from_secs(id);
        Answer {
            id,
            sent,
            at: sent.plus(rtt_ms * 1_000),
        }
    }

    #[test]
    fn the_freshness_point_is_the_expected_arrival_plus_the_margin() {
        let second = Duration::from_secs(1);
        let mut rule = ArrivalRule::new(second, second / 2, [2]);
        let mut after = |a: Answer| rule.after(&a, Instant::ZERO).map(Instant::as_micros);
        assert_eq!(after(answer(0, 100)), Some(1_600_000));
        assert_eq!(after(answer(2, 300)), Some(3_700_000));
        assert_eq!(after(answer(1, 1_900)), None, "older than the newest");
        assert_eq!(after(answer(3, 500)), Some(4_900_000));
    }
}
