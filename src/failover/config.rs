//! The configuration of a group. It does not change while the group runs.

mod builder;
mod choices;
mod rules;
#[cfg(feature = "serde")]
mod serde;

use core::time::Duration;

use crate::config::Config as MonitorConfig;
use crate::pacing::{Fixed, Pacing};
use crate::time::duration;

pub use builder::Builder;
pub use choices::{Failback, Preference, SwitchOn};
pub(super) use rules::Rules;

/// The configuration of a [`Failover`](crate::Failover): how it probes its endpoints and how it
/// decides. A [`Builder`] creates it.
///
/// ```
/// use core::time::Duration;
/// use systole::failover::{self, Failback, Preference};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let config = failover::Config::builder()
///     .preference(Preference::Weight)
///     .failback(Failback::Prefer)
///     .seed(0x5eed_0f_0007)
///     .build()?;
/// assert_eq!(config.bound(), Duration::from_millis(1_000 + 3 * 800));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config<P = Fixed> {
    pub(crate) active: MonitorConfig<P>,
    pub(super) standby: MonitorConfig<P>,
    pub(super) rules: Rules,
}

impl<P: Pacing> Config<P> {
    /// Starts a builder for a group that probes its active endpoint with the configuration `active`
    /// and all others with `standby`, which should probe less often.
    ///
    /// The request timeout is the interval of `active` or its longest timeout, whichever is
    /// shorter. A reply that takes longer is of no use, so all timeouts of both configurations are
    /// limited to it. [`request_timeout`](Builder::request_timeout) sets another one. The number of
    /// retries is that of each configuration.
    pub const fn probing(active: MonitorConfig<P>, standby: MonitorConfig<P>) -> Builder<P> {
        Builder::around(active, standby, active.settings.limits.request_us())
    }

    /// Returns a builder that holds these settings, to change some of them.
    pub const fn into_builder(self) -> Builder<P> {
        Builder::from_config(self)
    }

    /// Returns the longest time from the crash of the active endpoint to the decision that it
    /// failed, for any behaviour of the path, if the group is polled on time.
    ///
    /// The bound is the stated one. Where none is stated, it is the longest interval plus the
    /// longest timeout of the first probe and of each retry. The switch follows as soon as another
    /// endpoint has replied to a probe that was sent after the suspicion began, which has usually
    /// happened by then.
    #[must_use]
    pub const fn bound(&self) -> Duration {
        let limits = &self.active.settings.limits;
        if limits.bound_us > 0 {
            return duration(limits.bound_us);
        }
        let tail =
            (limits.timeout_max_us as u64).saturating_mul(limits.retries.total_weight() as u64);
        duration(limits.interval_max_us.saturating_add(tail))
    }
}

impl Config<Fixed> {
    /// Starts a builder with its defaults: the active endpoint is probed every second, the others
    /// every 5 s, with a request timeout of 800 ms and 2 retries. Only the seed is missing.
    pub const fn builder() -> Builder<Fixed> {
        Builder::fixed()
    }
}
