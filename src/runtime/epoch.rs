//! The anchor of our time on the clock of `std`.

use core::time::Duration;

use crate::Instant;

/// Where [`Instant::ZERO`] lies on the clock of `std`.
///
/// That clock is `CLOCK_MONOTONIC` on Linux, `CLOCK_UPTIME_RAW` on macOS and the performance counter on Windows. The first two stand
/// still while the machine is suspended and the last one runs on. A suspend that the clock counts is lateness like any other; after one
/// that it does not count, call [`Monitor::resumed`](crate::Monitor::resumed).
///
/// ```
/// use core::time::Duration;
/// use systole::Epoch;
///
/// let epoch = Epoch::start();
/// let soon = epoch.now().saturating_add(Duration::from_millis(5));
/// assert_eq!(epoch.moment(epoch.when(soon)), soon); // there and back
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(std::time::Instant);

/// What "never" is to a timer.
const FAR: Duration = Duration::from_secs(86_400 * 365);

impl Epoch {
    /// The epoch is now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the anchor: clocks are read here"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The epoch is `origin`.
    #[must_use]
    pub const fn at(origin: std::time::Instant) -> Self {
        Self(origin)
    }

    /// Now, rounded down to whole microseconds.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the anchor: clocks are read here"
    )]
    pub fn now(&self) -> Instant {
        self.moment(std::time::Instant::now())
    }

    /// `at`, rounded down to whole microseconds; the epoch where it lies before that.
    #[must_use]
    pub fn moment(&self, at: std::time::Instant) -> Instant {
        Instant::ZERO.saturating_add(at.saturating_duration_since(self.0))
    }

    /// The first moment of `std` that is no earlier than `moment`: who sleeps until then does not wake too early. A year from the epoch
    /// where `std` cannot tell.
    #[must_use]
    pub fn when(&self, moment: Instant) -> std::time::Instant {
        let span = moment.saturating_duration_since(Instant::ZERO);
        self.0
            .checked_add(span)
            .or_else(|| self.0.checked_add(FAR))
            .unwrap_or(self.0)
    }
}
