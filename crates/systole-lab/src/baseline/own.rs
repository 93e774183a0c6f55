//! The crate's own planner, with nothing set but the target.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::Baseline;
use crate::brief;
use systole::pacing::Target;
use systole::{Config, ConfigError, Instant, Monitor};

/// [`Monitor`] with [`Config::target`]: the row to be measured.
///
/// Jitter is off and the first probe goes out at once, as with every other row; jitter costs half of its percentage in probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planner {
    config: Config<Target>,
}

/// The seed of the device, which moves no figure.
const SEED: u64 = 1;

impl Planner {
    /// The planner with this target.
    ///
    /// # Errors
    /// Where the target is out of its range.
    pub fn new(bound: Duration, mistakes_at_most_one_per: Duration) -> Result<Self, ConfigError> {
        let config = Config::target(bound)
            .mistakes_at_most_one_per(mistakes_at_most_one_per)
            .jitter_percent(0)
            .seed(SEED)
            .without_initial_delay()
            .build()?;
        Ok(Self { config })
    }

    /// The same planner that learns nothing and keeps to one interval.
    #[must_use]
    pub const fn without_adaptation(self, interval: Duration) -> Self {
        Self {
            config: self.config.without_adaptation(interval),
        }
    }

    /// The configuration.
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

    /// Half a mistake a quarter of an hour to one a fortnight.
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
