//! The range in which a lifetime is searched for.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::config::{SPAN_MAX_US, Span};
use crate::time::{duration, micros};

/// The shortest and longest interval of a search for a lifetime, and how to search.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::LifetimeRange;
///
/// const MINUTE: Duration = Duration::from_secs(60);
/// # fn main() -> Result<(), systole::ConfigError> {
/// // From half a minute up to an hour, with trials on a second flow.
/// let reach = LifetimeRange::between(MINUTE / 2, 60 * MINUTE)?.with_second_flow();
/// assert_eq!(reach.most(), 60 * MINUTE);
///
/// assert!(LifetimeRange::between(MINUTE / 6, MINUTE).is_err()); // RFC 8085: not below 15 s
/// assert!(LifetimeRange::below_the_floor(MINUTE / 6, MINUTE).is_ok()); // on purpose
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LifetimeRange {
    least_us: u64,
    most_us: u64,
    second_flow: bool,
    refreshed_by_traffic: bool,
}

/// The floor of keep-alive intervals, 15 s [RFC8085, 3.5].
const FLOOR_US: u64 = 15_000_000;

impl LifetimeRange {
    /// Creates a range from `least` to `most`. Every network on the path must survive `least`.
    ///
    /// # Errors
    /// Returns an error if `least` is below 15 s, the floor of RFC 8085 (3.5), or `most` is below
    /// `least` or above 12.7 days.
    pub const fn between(least: Duration, most: Duration) -> Result<Self, ConfigError> {
        Self::from(FLOOR_US, least, most)
    }

    /// Creates a range without that floor, for networks that are known to drop flows after less
    /// than 15 s.
    ///
    /// # Errors
    /// Returns an error if `least` is below 1 ms, or `most` is below `least` or above 12.7 days.
    pub const fn below_the_floor(least: Duration, most: Duration) -> Result<Self, ConfigError> {
        Self::from(Span::MILLISECOND_US, least, most)
    }

    /// Creates a range whose shortest interval must not be below `floor_us`.
    const fn from(floor_us: u64, least: Duration, most: Duration) -> Result<Self, ConfigError> {
        let (least_us, most_us) = (micros(least), micros(most));
        ensure!(check(Setting::LifetimeMin, least_us, floor_us, SPAN_MAX_US));
        ensure!(check(Setting::Lifetime, most_us, least_us, SPAN_MAX_US));
        let mut reach = Self::only(most_us);
        reach.least_us = least_us;
        Ok(reach)
    }

    /// Creates a range that contains only `span_us`, so that there is nothing to search.
    pub(crate) const fn only(span_us: u64) -> Self {
        Self {
            least_us: span_us,
            most_us: span_us,
            second_flow: false,
            refreshed_by_traffic: false,
        }
    }

    /// States that the caller can open a second flow over the same path, to the same peer in the
    /// same manner, and let it idle. Longer idle times are then tried on that flow first, so the
    /// search does not lose the flow in use.
    #[must_use]
    pub const fn with_second_flow(mut self) -> Self {
        self.second_flow = true;
        self
    }

    /// States that traffic reported with [`handle_traffic`](crate::Monitor::handle_traffic)
    /// refreshes the flow; such traffic then postpones the next probe.
    ///
    /// This is true of TCP and of every protocol that acknowledges what it receives. It is not true
    /// of datagrams that only arrive, because a NAT need not let them refresh a binding (RFC 4787,
    /// REQ-6). Unless this is stated, traffic proves that the peer is alive and changes no
    /// interval.
    #[must_use]
    pub const fn refreshed_by_traffic(mut self) -> Self {
        self.refreshed_by_traffic = true;
        self
    }

    /// Returns the shortest interval, with which a search begins.
    #[must_use]
    pub const fn least(&self) -> Duration {
        duration(self.least_us)
    }

    /// Returns the longest interval.
    #[must_use]
    pub const fn most(&self) -> Duration {
        duration(self.most_us)
    }

    /// Returns whether there is a second flow.
    #[must_use]
    pub const fn has_second_flow(&self) -> bool {
        self.second_flow
    }

    /// Returns whether other traffic refreshes the flow.
    #[must_use]
    pub const fn is_refreshed_by_traffic(&self) -> bool {
        self.refreshed_by_traffic
    }

    pub(super) const fn least_us(&self) -> u64 {
        self.least_us
    }

    pub(super) const fn most_us(&self) -> u64 {
        self.most_us
    }
}
