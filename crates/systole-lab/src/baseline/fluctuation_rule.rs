//! The fluctuation rule of this crate, without retries.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Baseline, INTERVALS, shares};
use crate::brief;
use systole::{Config, ConfigError, Instant, Monitor, Retries};

/// An interval of base * (1 + sigma/mu) of the round-trip times, no retries, and Dead once the
/// newest probe with a reply was sent a bound ago: [`Monitor`] with [`Config::every`].
///
/// It probes less when the path is unsteady. It serves as a reference for measurements and is not
/// recommended for use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FluctuationRule {
    base: Duration,
    config: Config,
}

/// The seed of the configuration. It has no influence on the figures, since jitter is off and the
/// first probe goes out at once.
const SEED: u64 = 1;

impl FluctuationRule {
    /// Returns the rule with this base interval at this detection bound.
    ///
    /// # Errors
    /// If the two do not fit together.
    pub fn new(base: Duration, bound: Duration) -> Result<Self, ConfigError> {
        let config = Config::every(base)
            .retries(Retries::fixed(0))
            .detect_within(bound)
            .jitter_percent(0)
            .seed(SEED)
            .without_initial_delay()
            .build()?;
        Ok(Self { base, config })
    }
}

impl Baseline for FluctuationRule {
    const NAME: &'static str = "fluctuation rule";
    const KEEPS_BOUND: bool = true;
    type Detector = Option<Monitor<32>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        Monitor::new(self.config, start).ok()
    }

    fn sweep(bound: Duration) -> Vec<Self> {
        shares(bound, &INTERVALS)
            .filter_map(|base| Self::new(base, bound).ok())
            .collect()
    }
}

impl fmt::Display for FluctuationRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "base {}", brief(self.base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Constant, Synthetic};
    use crate::{Options, replay};

    #[test]
    fn on_a_steady_path_the_interval_is_the_base() {
        let secs = Duration::from_secs;
        let network = Synthetic::new(secs(1_000)).with(Constant(Duration::from_millis(50)));
        let rule = FluctuationRule::new(secs(2), secs(10)).unwrap();
        let run = replay(&network, &Options::default(), |start| rule.detector(start));
        assert_eq!((run.probes, run.mistakes.len()), (500, 0));
    }
}
