//! The search for a lifetime, as a machine without a clock, a flow or a timer.

use core::time::Duration;

use super::range::LifetimeRange;
use super::record::LifetimeRecord;
use crate::time::{duration, micros};

mod found;
mod shape;

pub(super) use found::Found;

/// Searches for the longest idle time that a flow survives, and keeps just below it.
/// [`Lifetime`](super::Lifetime) is built on it; use it alone if you have a timer of your own.
///
/// It returns how long [the flow in use](Self::interval) may idle and, if the
/// [range](LifetimeRange::with_second_flow) has a second flow, how long [the second
/// flow](Self::trial) should idle. The caller reports whether each flow survived. All spans are
/// idle times, from the last packet that refreshed the flow to the next.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::{LifetimeSearch, LifetimeRange};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let reach = LifetimeRange::between(Duration::from_secs(30), Duration::from_secs(3_600))?
///     .with_second_flow();
/// let mut search = LifetimeSearch::new(reach);
/// let mut tried = Vec::new();
/// while let Some(idle) = search.trial() {
///     // Open the second flow, exchange a few packets, leave it idle for `idle`, and probe it.
///     let forgotten_after = Duration::from_secs(300); // unknown to the program
///     if idle < forgotten_after {
///         search.trial_survived(idle);
///     } else {
///         search.trial_lost(idle); // the flow in use was never idle for so long
///     }
///     tried.push(idle.as_secs());
/// }
/// assert_eq!(tried, [60, 120, 240, 480, 360, 300, 270, 285, 292]); // double, then halve the gap
/// assert_eq!(search.interval().as_secs(), 255); // less 1/8 until confirmed
/// # Ok(()) }
/// ```
///
/// A search takes 56 bytes. No call uses floating point. Only [`recall`](Self::recall) loops: once
/// per 30 days of the age of the record, and at most 41 times.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LifetimeSearch {
    reach: LifetimeRange,
    found: Found,
}

/// The size that the documentation states.
const _: () = assert!(size_of::<LifetimeSearch>() <= 56);

impl LifetimeSearch {
    /// Creates a search on a network of which nothing is known.
    #[must_use]
    pub const fn new(reach: LifetimeRange) -> Self {
        Self {
            reach,
            found: Found::NOTHING,
        }
    }

    /// Returns how long the flow in use may idle next.
    #[must_use]
    pub fn interval(&self) -> Duration {
        duration(self.found.interval_us(&self.reach))
    }

    /// Returns how long the second flow should idle next, or `None` if there is no second flow or
    /// no trial is due.
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.found.trial_us(&self.reach).map(duration)
    }

    /// Records that the flow in use survived `idle`.
    pub fn survived(&mut self, idle: Duration) {
        self.found.survived(&self.reach, micros(idle));
    }

    /// Records that the flow in use was lost after `idle`. This is the only event that costs a
    /// connection.
    pub fn lost(&mut self, idle: Duration) {
        self.found.lost(&self.reach, micros(idle));
    }

    /// Records that the second flow survived `idle`.
    pub fn trial_survived(&mut self, idle: Duration) {
        self.found.trial_survived(&self.reach, micros(idle));
    }

    /// Records that the second flow was lost after `idle`. Probe it more than once before this
    /// call, so that a lost packet is not taken for a lost flow.
    pub fn trial_lost(&mut self, idle: Duration) {
        self.found.trial_lost(&self.reach, micros(idle));
    }

    /// Returns whether the search has ended, so that longer idle times are tried only rarely.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.found.is_open(&self.reach)
    }

    /// Returns the record to store for this network.
    #[must_use]
    pub const fn lifetime_record(&self) -> LifetimeRecord {
        self.found.lifetime_record()
    }

    /// Restarts the search from a record that was stored `age` ago. After 30 days the lost idle
    /// time is forgotten, and the survived one is halved; after 60 days it is halved again, and so
    /// on.
    pub const fn recall(&mut self, memory: LifetimeRecord, age: Duration) {
        self.found = Found::recalled(memory, micros(age));
    }

    /// Returns the range that is searched.
    #[must_use]
    pub const fn range(&self) -> &LifetimeRange {
        &self.reach
    }
}
