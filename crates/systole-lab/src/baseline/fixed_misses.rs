//! n misses at a fixed interval: the most common detector in practice.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, Checker, FixedTimeout, shares};
use crate::brief;
use crate::time::micros;
use systole::Instant;

/// A check every `interval`; Dead after `misses` checks in a row without a reply in time.
///
/// A crash just after a check with a reply is detected after `misses` intervals and a timeout,
/// which is the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedMisses {
    /// The interval from send to send.
    pub interval: Duration,
    /// How long a check waits for its reply.
    pub timeout: Duration,
    /// The number of misses in a row after which the peer is Dead.
    pub misses: u32,
}

impl Baseline for FixedMisses {
    const NAME: &'static str = "fixed misses";
    const KEEPS_BOUND: bool = true;
    type Detector = Checker<FixedTimeout>;

    fn detector(&self, start: Instant) -> Self::Detector {
        let interval = micros(self.interval);
        Checker::new(
            interval,
            interval,
            self.misses,
            FixedTimeout(micros(self.timeout)),
            start,
        )
    }

    /// Every number of misses with every timeout. The interval is the rest of the bound.
    fn sweep(bound: Duration) -> Vec<Self> {
        let with = |timeout, misses| Self {
            interval: bound.saturating_sub(timeout) / misses,
            timeout,
            misses,
        };
        let timeouts = [0.02, 0.035, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5];
        let all = shares(bound, &timeouts)
            .flat_map(|timeout| (1..=12).map(move |misses| with(timeout, misses)));
        all.filter(|settings| settings.timeout <= settings.interval)
            .collect()
    }
}

impl fmt::Display for FixedMisses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [interval, timeout] = [self.interval, self.timeout].map(brief);
        write!(
            f,
            "every {interval}, timeout {timeout}, {} misses",
            self.misses
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Constant, Outage, Synthetic};
    use crate::{CrashTest, Options, Span, replay};

    #[test]
    fn dead_one_timeout_after_the_last_miss_and_alive_with_the_next_answer() {
        let network = Synthetic::new(Duration::from_secs(30))
            .with(Constant(Duration::from_millis(100)))
            .with(Outage::once(Instant::from_secs(10), Duration::from_secs(8)));
        let settings = FixedMisses {
            interval: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            misses: 3,
        };
        let run = replay(&network, &Options::default(), |start| {
            settings.detector(start)
        });
        // Misses at 10, 12 and 14 s; the check at 18 s has a reply.
        assert_eq!(
            run.mistakes,
            [Span::new(
                Instant::from_secs(15),
                Instant::from_millis(18_100)
            )]
        );
        assert_eq!(run.probes, 15);
    }

    #[test]
    fn the_bound_is_kept_by_every_setting() {
        let bound = Duration::from_secs(3);
        let network =
            Synthetic::new(Duration::from_secs(300)).with(Constant(Duration::from_millis(40)));
        for settings in FixedMisses::sweep(bound) {
            let times = CrashTest::new(200).run(&network, |start| settings.detector(start));
            assert_eq!(times.violations(bound), 0, "{settings}: {:?}", times.max());
        }
    }
}
