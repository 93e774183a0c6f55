//! The clock of leases, which counts the time of a suspend too.

use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId as FdClock, TimerFd, TimerFlags};
use nix::time::{ClockId, clock_gettime};
use systole::Instant;

/// Returns the time of `CLOCK_BOOTTIME`, rounded down to whole microseconds.
pub(super) fn now() -> Instant {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from);
    Instant::ZERO.saturating_add(time)
}

/// Returns `at` in the form of the system.
pub(super) fn time_spec(at: Instant) -> TimeSpec {
    let span = Duration::from_micros(at.as_micros());
    TimeSpec::from_duration(span.max(Duration::from_nanos(1))) // zero would disarm a timer
}

/// A timer of the same clock, which becomes readable when its time has come.
#[derive(Debug)]
pub(super) struct Alarm(TimerFd);

impl Alarm {
    pub(super) fn new() -> nix::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        TimerFd::new(FdClock::CLOCK_BOOTTIME, flags).map(Self)
    }

    /// Sets the time, in place of the one that was set before.
    pub(super) fn set(&self, at: Instant) -> nix::Result<()> {
        let at = Expiration::OneShot(time_spec(at));
        self.0.set(at, TimerSetTimeFlags::TFD_TIMER_ABSTIME)
    }
}

impl std::os::fd::AsFd for Alarm {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}
