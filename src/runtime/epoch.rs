//! The anchor that relates an [`Instant`] to the clock of `std`.

use core::time::Duration;

use crate::Instant;

/// The moment of `std`'s clock at which [`Instant::ZERO`] lies.
///
/// That clock is `CLOCK_MONOTONIC` on Linux, `CLOCK_UPTIME_RAW` on macOS and the performance
/// counter on Windows. The first two stop while the computer is suspended, the last one continues.
/// Where the clock counts a suspend, the machine treats it as lateness like any other. Where it
/// does not, call [`Monitor::resumed`](crate::Monitor::resumed) after a suspend.
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

/// The deadline of a timer that need not fire, one year ahead.
const FAR: Duration = Duration::from_secs(86_400 * 365);

impl Epoch {
    /// Returns an epoch that starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the anchor: clocks are read here"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Returns an epoch that starts at `origin`.
    #[must_use]
    pub const fn at(origin: std::time::Instant) -> Self {
        Self(origin)
    }

    /// Returns the current time, rounded down to whole microseconds.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the anchor: clocks are read here"
    )]
    pub fn now(&self) -> Instant {
        self.moment(std::time::Instant::now())
    }

    /// Converts `at`, rounded down to whole microseconds. A moment before the epoch becomes
    /// [`Instant::ZERO`].
    #[must_use]
    pub fn moment(&self, at: std::time::Instant) -> Instant {
        Instant::ZERO.saturating_add(at.saturating_duration_since(self.0))
    }

    /// Returns the first moment of `std`'s clock that is no earlier than `moment`, so that a sleep
    /// until then never ends too early. Returns one year after the epoch if `std` cannot represent
    /// the moment.
    #[must_use]
    pub fn when(&self, moment: Instant) -> std::time::Instant {
        let span = moment.saturating_duration_since(Instant::ZERO);
        self.0
            .checked_add(span)
            .or_else(|| self.0.checked_add(FAR))
            .unwrap_or(self.0)
    }
}
