//! Where a lifetime is looked for.

use core::time::Duration;

use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::config::{SPAN_MAX_US, Span};
use crate::time::{duration, micros};

/// Between which intervals a lifetime is looked for, and with what.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::LifetimeRange;
///
/// const MINUTE: Duration = Duration::from_secs(60);
/// # fn main() -> Result<(), systole::ConfigError> {
/// // From half a minute up to what a lease of three hours allows, with probes of a second flow.
/// let reach = LifetimeRange::between(MINUTE / 2, 90 * MINUTE)?.under_lease(180 * MINUTE)?.with_second_flow();
/// assert_eq!(reach.most(), 60 * MINUTE);
///
/// assert!(LifetimeRange::between(MINUTE / 6, MINUTE).is_err()); // RFC 8085: not below 15 s …
/// assert!(LifetimeRange::below_the_floor(MINUTE / 6, MINUTE).is_ok()); // … unless you say so
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

/// [RFC8085, 3.5]: keep-alives are not to be sent more often.
const FLOOR_US: u64 = 15_000_000;

impl LifetimeRange {
    /// From `least`, which every network on the way is trusted to survive, to `most`.
    ///
    /// # Errors
    /// Where `least` is below 15 s, the floor of RFC 8085 (3.5), or `most` is below `least` or above 12.7 days.
    pub const fn between(least: Duration, most: Duration) -> Result<Self, ConfigError> {
        Self::from(FLOOR_US, least, most)
    }

    /// The same without the floor, for networks that are known to forget sooner than 15 s.
    ///
    /// # Errors
    /// Where `least` is below 1 ms, or `most` is below `least` or above 12.7 days.
    pub const fn below_the_floor(least: Duration, most: Duration) -> Result<Self, ConfigError> {
        Self::from(Span::MILLISECOND_US, least, most)
    }

    const fn from(floor_us: u64, least: Duration, most: Duration) -> Result<Self, ConfigError> {
        let (least_us, most_us) = (micros(least), micros(most));
        ensure!(check(Setting::LifetimeMin, least_us, floor_us, SPAN_MAX_US));
        ensure!(check(Setting::Lifetime, most_us, least_us, SPAN_MAX_US));
        let mut reach = Self::only(most_us);
        reach.least_us = least_us;
        Ok(reach)
    }

    /// Nothing to look for: `span_us` and no other.
    pub(crate) const fn only(span_us: u64) -> Self {
        Self {
            least_us: span_us,
            most_us: span_us,
            second_flow: false,
            refreshed_by_traffic: false,
        }
    }

    /// No longer than a third of a lease, so that a renewal may be missed and asked again twice before it lapses.
    ///
    /// # Errors
    /// Where a third of `ttl` is below the shortest interval.
    pub const fn under_lease(mut self, ttl: Duration) -> Result<Self, ConfigError> {
        let third_us = micros(ttl) / 3;
        ensure!(check(Setting::Lifetime, third_us, self.least_us, u64::MAX));
        if third_us < self.most_us {
            self.most_us = third_us;
        }
        Ok(self)
    }

    /// The caller can open a second flow along the same way, to the same peer in the same manner, and let it idle: longer idles are tried
    /// on that one first, and the flow in use is not given up to learn.
    #[must_use]
    pub const fn with_second_flow(mut self) -> Self {
        self.second_flow = true;
        self
    }

    /// What is reported with [`handle_traffic`](crate::Monitor::handle_traffic) has refreshed the flow, and puts off the next probe. True of TCP and of whatever
    /// acknowledges what it receives. Not of datagrams that only arrive: a NAT need not take those for a sign of life (RFC 4787, REQ-6),
    /// so unless this is said they prove that the peer lives, and change no interval.
    #[must_use]
    pub const fn refreshed_by_traffic(mut self) -> Self {
        self.refreshed_by_traffic = true;
        self
    }

    /// The interval that a search begins with.
    #[must_use]
    pub const fn least(&self) -> Duration {
        duration(self.least_us)
    }

    /// The longest interval.
    #[must_use]
    pub const fn most(&self) -> Duration {
        duration(self.most_us)
    }

    /// Whether there is a second flow.
    #[must_use]
    pub const fn has_second_flow(&self) -> bool {
        self.second_flow
    }

    /// Whether other traffic refreshes the flow.
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
