//! The record of a search, to be stored per network.

use core::time::Duration;

use crate::config::SPAN_MAX_US;
use crate::config::error::{ConfigError, Setting, check, ensure};
use crate::time::{duration, micros};

/// The results of a search on a network. Store the record, keyed by network (by SSID, APN or
/// address of a gateway), and pass it to the search when the device is in that network again.
///
/// With the feature `serde`, its serialized form is `{ "survived", "lost", "doubts" }`, which is
/// checked when it is read. Without the feature, store its three values, which take 17 bytes;
/// [`new`](Self::new) checks them.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::{LifetimeSearch, LifetimeRecord, LifetimeRange};
///
/// const MINUTE: Duration = Duration::from_secs(60);
/// # fn main() -> Result<(), systole::ConfigError> {
/// let reach = LifetimeRange::between(MINUTE / 2, 60 * MINUTE)?;
/// let mut search = LifetimeSearch::new(reach);
/// search.survived(2 * MINUTE);
/// let memory = search.lifetime_record(); // store it for the network "home"
///
/// let mut search = LifetimeSearch::new(reach);
/// let memory = LifetimeRecord::new(memory.survived(), memory.lost(), memory.doubts())?;
/// search.recall(memory, Duration::from_secs(3_600));
/// assert!(search.interval() >= 2 * MINUTE);
///
/// // No search writes a lost idle time that is shorter than the survived one:
/// assert!(LifetimeRecord::new(3 * MINUTE, Some(2 * MINUTE), 0).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "form::LifetimeRecord", try_from = "form::LifetimeRecord")
)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LifetimeRecord {
    /// The longest idle time that was survived; 0 if there is none.
    survived_us: u64,
    /// The shortest idle time that was lost; [`u64::MAX`] if there is none.
    lost_us: u64,
    /// The number of losses after an idle time that had been survived before.
    doubts: u8,
}

/// The largest value of [`LifetimeRecord::doubts`].
pub(super) const DOUBTS_MAX: u8 = 3;

impl LifetimeRecord {
    /// The record of a network that was never measured.
    pub const NOTHING: Self = Self {
        survived_us: 0,
        lost_us: u64::MAX,
        doubts: 0,
    };

    /// Creates a record from stored values: the longest idle time that was survived (zero: none),
    /// the shortest that was lost, and how often the two have contradicted each other.
    ///
    /// # Errors
    /// Returns an error if one of the spans is above 12.7 days, `lost` is not longer than
    /// `survived`, or `doubts` is above 3.
    pub const fn new(
        survived: Duration,
        lost: Option<Duration>,
        doubts: u8,
    ) -> Result<Self, ConfigError> {
        let survived_us = micros(survived);
        ensure!(check(Setting::Lifetime, survived_us, 0, SPAN_MAX_US));
        let lost_us = match lost {
            Some(lost) => {
                let lost_us = micros(lost);
                ensure!(check(
                    Setting::Lifetime,
                    lost_us,
                    survived_us + 1,
                    SPAN_MAX_US + 1
                ));
                lost_us
            }
            None => u64::MAX,
        };
        ensure!(check(
            Setting::LifetimeDoubts,
            doubts as u64,
            0,
            DOUBTS_MAX as u64
        ));
        Ok(Self {
            survived_us,
            lost_us,
            doubts,
        })
    }

    /// Creates a record from values that a search has found, which need no check.
    pub(super) const fn of(survived_us: u64, lost_us: u64, doubts: u8) -> Self {
        Self {
            survived_us,
            lost_us,
            doubts,
        }
    }

    /// Returns the longest idle time that was survived; zero if none is known.
    #[must_use]
    pub const fn survived(&self) -> Duration {
        duration(self.survived_us)
    }

    /// Returns the shortest idle time that was lost, if any.
    #[must_use]
    pub const fn lost(&self) -> Option<Duration> {
        match self.lost_us {
            u64::MAX => None,
            lost_us => Some(duration(lost_us)),
        }
    }

    /// Returns the number of losses after an idle time that had been survived before, at most 3.
    /// Each doubt doubles the margin.
    #[must_use]
    pub const fn doubts(&self) -> u8 {
        self.doubts
    }

    pub(super) const fn survived_us(&self) -> u64 {
        self.survived_us
    }

    pub(super) const fn lost_us(&self) -> u64 {
        self.lost_us
    }
}

impl Default for LifetimeRecord {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// The serialized form of a record. It is read through
/// [`LifetimeRecord::new`](super::LifetimeRecord::new), which checks it.
#[cfg(feature = "serde")]
mod form {
    use serde::{Deserialize, Serialize};

    use crate::config::error::ConfigError;
    use crate::time::serde::Span;

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct LifetimeRecord {
        survived: Span,
        #[serde(default)]
        lost: Option<Span>,
        #[serde(default)]
        doubts: u8,
    }

    impl From<super::LifetimeRecord> for LifetimeRecord {
        fn from(memory: super::LifetimeRecord) -> Self {
            Self {
                survived: Span(memory.survived_us),
                lost: memory.lost().map(Span::of),
                doubts: memory.doubts,
            }
        }
    }

    impl TryFrom<LifetimeRecord> for super::LifetimeRecord {
        type Error = ConfigError;

        fn try_from(form: LifetimeRecord) -> Result<Self, ConfigError> {
            Self::new(
                form.survived.duration(),
                form.lost.map(Span::duration),
                form.doubts,
            )
        }
    }
}
