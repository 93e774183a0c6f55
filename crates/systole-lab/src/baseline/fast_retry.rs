//! The fast-retry checker: `HAProxy`'s `inter`, `fastinter`, `timeout check` and `fall`.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, Checker, FixedTimeout, shares};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// A check every `interval`, and every `fast` after a miss; Dead after `fall` misses in a row.
///
/// The bound is interval + (fall - 1) * fast + timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastRetry {
    /// The interval from send to send while replies come, and while Dead.
    pub interval: Duration,
    /// The interval from send to send after a miss.
    pub fast: Duration,
    /// How long a check waits for its reply; at most `fast`.
    pub timeout: Duration,
    /// The number of misses in a row after which the peer is Dead.
    pub fall: u32,
}

impl Baseline for FastRetry {
    const NAME: &'static str = "fast retry";
    const KEEPS_BOUND: bool = true;
    type Detector = Checker<FixedTimeout>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let timeout = FixedTimeout(micros(self.timeout));
        Checker::new(
            micros(self.interval),
            micros(self.fast),
            self.fall,
            timeout,
            start,
        )
    }

    /// Timeout, fast interval and fall are swept separately. The interval is the rest of the bound,
    /// but at least `fast`.
    fn sweep(bound: Duration) -> Vec<Self> {
        let timeouts = [0.02, 0.035, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4];
        let fasts = [0.035, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4];
        let pairs =
            shares(bound, &timeouts).flat_map(|t| shares(bound, &fasts).map(move |fast| (t, fast)));
        pairs
            .flat_map(|(timeout, fast)| {
                (2..=9).filter_map(move |fall| fit(bound, fast, timeout, fall))
            })
            .collect()
    }
}

fn fit(bound: Duration, fast: Duration, timeout: Duration, fall: u32) -> Option<FastRetry> {
    let interval = bound.checked_sub(fast * (fall - 1) + timeout)?;
    (timeout <= fast && fast <= interval).then_some(FastRetry {
        interval,
        fast,
        timeout,
        fall,
    })
}

impl fmt::Display for FastRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, fast, timeout] = [self.interval, self.fast, self.timeout].map(brief);
        write!(
            f,
            "every {interval}, fast {fast}, timeout {timeout}, fall {}",
            self.fall
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Outage, Synthetic};
    use crate::{Options, Span, replay};

    #[test]
    fn speeds_up_after_a_miss_and_slows_down_once_fallen() {
        let secs = Duration::from_secs;
        let network = Synthetic::new(secs(60)).with(Outage::once(Instant::from_secs(10), secs(11)));
        let settings = FastRetry {
            interval: secs(10),
            fast: secs(1),
            timeout: Duration::from_millis(500),
            fall: 3,
        };
        let run = replay(&network, &Options::default(), |start| {
            settings.detector(start)
        });
        // Misses at 10, 11 and 12 s, then a check every 10 s: the one at 22 s has a reply.
        assert_eq!(
            run.mistakes,
            [Span::new(
                Instant::from_millis(12_500),
                Instant::from_secs(22)
            )]
        );
        assert_eq!(run.probes, 8);
    }
}
