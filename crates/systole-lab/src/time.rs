//! Moments and durations in whole microseconds, the unit in which networks are replayed.

use core::time::Duration;

use systole::Instant;

/// Saturating arithmetic of [`Instant`] in microseconds.
pub(crate) trait MicrosExt {
    /// Returns the moment `us` later.
    fn plus(self, us: u64) -> Self;
    /// Returns the moment `us` earlier.
    fn minus(self, us: u64) -> Self;
    /// Returns the microseconds from `earlier` to this moment; 0 if `earlier` is later.
    fn since(self, earlier: Self) -> u64;
}

impl MicrosExt for Instant {
    fn plus(self, us: u64) -> Self {
        Self::from_micros(self.as_micros().saturating_add(us))
    }

    fn minus(self, us: u64) -> Self {
        Self::from_micros(self.as_micros().saturating_sub(us))
    }

    fn since(self, earlier: Self) -> u64 {
        self.as_micros().saturating_sub(earlier.as_micros())
    }
}

/// Returns the whole microseconds in `span`, rounded down, saturating.
pub(crate) const fn micros(span: Duration) -> u64 {
    let us = span.as_micros();
    if us > u64::MAX as u128 {
        u64::MAX
    } else {
        us as u64
    }
}

/// Returns the whole microseconds in a round trip, rounded down, saturating at `u32::MAX`, as
/// systole's RTT window stores them.
pub(crate) const fn rtt_micros(span: Duration) -> u32 {
    let us = micros(span);
    if us > u32::MAX as u64 {
        u32::MAX
    } else {
        us as u32
    }
}
