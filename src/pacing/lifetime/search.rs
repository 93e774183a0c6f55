//! The search itself: a small machine without a clock, a flow or a timer.

use core::time::Duration;

use super::range::LifetimeRange;
use super::record::LifetimeRecord;
use crate::time::{duration, micros};

mod found;
mod shape;

pub(super) use found::Found;

/// Looks for the longest idle that a flow survives, and keeps to it: what [`Lifetime`](super::Lifetime) is built around, to be used alone by who has
/// a timer of his own.
///
/// It says how long [the flow in use](Self::interval) may idle and, where the [reach](LifetimeRange::with_second_flow) has a second one, how long
/// [that one](Self::trial) should; it is told what came of each. All spans are idles, from the last packet that refreshed the flow to the next.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::{LifetimeSearch, LifetimeRange};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// let reach = LifetimeRange::between(Duration::from_secs(30), Duration::from_secs(3_600))?.with_second_flow();
/// let mut search = LifetimeSearch::new(reach);
/// let mut tried = Vec::new();
/// while let Some(idle) = search.trial() {
///     // open the second flow, exchange a few packets, be silent for `idle`, and ask over it
///     let forgotten_after = Duration::from_secs(300); // what nobody knows
///     if idle < forgotten_after {
///         search.trial_survived(idle);
///     } else {
///         search.trial_lost(idle); // and the flow in use never idled that long
///     }
///     tried.push(idle.as_secs());
/// }
/// assert_eq!(tried, [60, 120, 240, 480, 360, 300, 270, 285, 292]); // twice as long, then half way
/// assert_eq!(search.interval().as_secs(), 255); // less 1/8 until it is confirmed
/// # Ok(()) }
/// ```
///
/// 56 bytes; a call takes no loop and no floating point.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LifetimeSearch {
    reach: LifetimeRange,
    found: Found,
}

/// As the documentation says.
const _: () = assert!(size_of::<LifetimeSearch>() <= 56);

impl LifetimeSearch {
    /// A search on a network of which nothing is known.
    #[must_use]
    pub const fn new(reach: LifetimeRange) -> Self {
        Self {
            reach,
            found: Found::NOTHING,
        }
    }

    /// How long the flow in use is to idle next.
    #[must_use]
    pub fn interval(&self) -> Duration {
        duration(self.found.interval_us(&self.reach))
    }

    /// How long the second flow is to idle next; nothing where there is none, or nothing to try for now.
    #[must_use]
    pub fn trial(&self) -> Option<Duration> {
        self.found.trial_us(&self.reach).map(duration)
    }

    /// The flow in use was still there after `idle`.
    pub fn survived(&mut self, idle: Duration) {
        self.found.survived(&self.reach, micros(idle));
    }

    /// The flow in use was gone after `idle`: the one lost event that costs a connection.
    pub fn lost(&mut self, idle: Duration) {
        self.found.lost(&self.reach, micros(idle));
    }

    /// The second flow was still there after `idle`.
    pub fn trial_survived(&mut self, idle: Duration) {
        self.found.trial_survived(&self.reach, micros(idle));
    }

    /// The second flow was gone after `idle`, and nothing else was: what is asked over it should be asked more than once.
    pub fn trial_lost(&mut self, idle: Duration) {
        self.found.trial_lost(&self.reach, micros(idle));
    }

    /// Whether the search has ended: only now and then something is tried.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.found.is_open(&self.reach)
    }

    /// What is worth remembering of this network.
    #[must_use]
    pub const fn lifetime_record(&self) -> LifetimeRecord {
        self.found.lifetime_record()
    }

    /// Begins again with what was remembered of a network `age` ago. After 30 days the idle that was lost is forgotten, and half of the one that
    /// was survived; after 60 days three quarters, and so on.
    pub const fn recall(&mut self, memory: LifetimeRecord, age: Duration) {
        self.found = Found::recalled(memory, micros(age));
    }

    /// What is looked for.
    #[must_use]
    pub const fn range(&self) -> &LifetimeRange {
        &self.reach
    }
}
