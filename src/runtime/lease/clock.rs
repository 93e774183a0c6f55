//! The clock of a lease: it counts the time in which the computer was suspended.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::time::Instant as Moment;

use crate::Instant;
use crate::runtime::epoch::Epoch;

/// The clock of `std`, or of a runtime whose tests pause it, and beside it how long the computer was
/// suspended since the start: `CLOCK_BOOTTIME` less `CLOCK_MONOTONIC` on Linux. On other systems
/// the clock of `std` is all that there is.
#[derive(Debug)]
pub(crate) struct Clock {
    epoch: Epoch,
    suspended_before: Duration,
    suspended_us: AtomicU64,
}

impl Clock {
    pub(crate) fn new(start: Moment) -> Self {
        Self {
            epoch: Epoch::at(start),
            suspended_before: suspended(),
            suspended_us: AtomicU64::new(0),
        }
    }

    /// Converts `moment`, which must have been read before the call: a suspend in between then
    /// counts.
    pub(crate) fn moment(&self, moment: Moment) -> Instant {
        let new = suspended().saturating_sub(self.suspended_before);
        let new_us = u64::try_from(new.as_micros()).unwrap_or(u64::MAX);
        let old_us = self.suspended_us.fetch_max(new_us, Ordering::Relaxed);
        let suspended = Duration::from_micros(new_us.max(old_us));
        self.epoch.moment(moment).saturating_add(suspended)
    }
}

/// Returns how long the computer was suspended since it was booted.
///
/// Two clocks cannot be read at one moment. This one is read between two readings of the other, and
/// the later of those is subtracted: the result may fall short of the truth by the time between the
/// readings, and never exceeds it. Where this thread was interrupted in between, it reads again.
#[cfg(target_os = "linux")]
fn suspended() -> Duration {
    use nix::time::{ClockId, clock_gettime};

    const TRIES: usize = 4;
    const CLOSE: Duration = Duration::from_micros(20);
    let read = |id| clock_gettime(id).map_or(Duration::ZERO, Duration::from);
    let mut found = Duration::ZERO;
    for _ in 0..TRIES {
        let before = read(ClockId::CLOCK_MONOTONIC);
        let all = read(ClockId::CLOCK_BOOTTIME);
        let after = read(ClockId::CLOCK_MONOTONIC);
        found = found.max(all.saturating_sub(after));
        if after.saturating_sub(before) < CLOSE {
            break;
        }
    }
    found
}

#[cfg(not(target_os = "linux"))]
const fn suspended() -> Duration {
    Duration::ZERO
}
