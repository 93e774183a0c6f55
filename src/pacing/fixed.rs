//! The fixed policy: a constant interval.

use core::time::Duration;

use crate::pacing::Pacing;
use crate::pacing::Statistics;
use crate::plan::Plan;
use crate::time::{duration, micros};

/// The policy of a constant interval, which does not depend on the path. The timeout follows the
/// measured round-trip times. [`Config::fixed`](crate::Config::fixed) creates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fixed {
    interval_us: u64,
}

impl Fixed {
    pub(crate) const fn new(interval: Duration) -> Self {
        Self {
            interval_us: micros(interval),
        }
    }

    /// Returns the interval.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }
}

impl Pacing for Fixed {
    type State = ();
    const INITIAL: () = ();

    fn plan(&self, (): &(), path: &Statistics<'_>) -> Plan {
        Plan::from_micros(self.interval_us, path.uncapped_timeout_us()).with_retries(path.retries())
    }
}
