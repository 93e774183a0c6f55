//! The planner of this crate, for which only the target is set.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::Baseline;
use crate::brief;
use systole::pacing::Target;
use systole::{Config, ConfigError, Instant, Monitor};

/// [`Monitor`] with [`Config::target`]: the detector under test.
///
/// Jitter is off and the first probe goes out at once, as with all other detectors. Jitter adds
/// probes: half of its percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planner {
    config: Config<Target>,
}

/// The seed of the configuration. It has no influence on the figures.
const SEED: u64 = 1;

impl Planner {
    /// Returns the planner with this target.
    ///
    /// # Errors
    /// If the target is out of range.
    pub fn new(bound: Duration, mistakes_at_most_one_per: Duration) -> Result<Self, ConfigError> {
        let config = Config::target(bound)
            .mistakes_at_most_one_per(mistakes_at_most_one_per)
            .jitter_percent(0)
            .seed(SEED)
            .without_initial_delay()
            .build()?;
        Ok(Self { config })
    }

    /// Returns the same planner with a constant interval, which learns nothing.
    #[must_use]
    pub const fn without_adaptation(self, interval: Duration) -> Self {
        Self {
            config: self.config.without_adaptation(interval),
        }
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> Config<Target> {
        self.config
    }
}

impl Baseline for Planner {
    const NAME: &'static str = "target";
    const KEEPS_BOUND: bool = true;
    type Detector = Option<Monitor<32, Target>>;

    fn detector(&self, start: Instant) -> Self::Detector {
        Monitor::new(self.config, start).ok()
    }

    /// Targets from one mistake in a quarter of an hour to one in about eleven days.
    fn sweep(bound: Duration) -> Vec<Self> {
        let apart = (0..=10).map(|step| Duration::from_secs(900 << step));
        apart
            .filter_map(|apart| Self::new(bound, apart).ok())
            .collect()
    }
}

impl fmt::Display for Planner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apart = self.config.policy().mistakes_at_most_one_per();
        write!(f, "a mistake in {}", brief(apart))
    }
}
