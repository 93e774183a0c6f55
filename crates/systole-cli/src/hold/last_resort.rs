//! The timer by which the kernel kills a guard that does not run.

use std::io;

use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use systole::Instant;

use super::clock::time_spec;
use super::deadline::Deadline;

/// A timer that sends SIGKILL to this process, which nothing can catch, block or delay, and which
/// ends a stopped process too.
#[derive(Debug)]
pub(super) struct LastResort(Timer);

impl LastResort {
    pub(super) fn new(deadline: Deadline) -> io::Result<Self> {
        let kill = SigevNotify::SigevSignal {
            signal: Signal::SIGKILL,
            si_value: 0,
        };
        let mut timer = Self(Timer::new(ClockId::CLOCK_BOOTTIME, SigEvent::new(kill))?);
        timer.arm(deadline)?;
        Ok(timer)
    }

    pub(super) fn arm(&mut self, deadline: Deadline) -> nix::Result<()> {
        self.set(deadline.last())
    }

    /// Sets a time that does not come.
    pub(super) fn disarm(&mut self) {
        let _ = self.set(Instant::MAX); // then it is the end that it would have been without
    }

    fn set(&mut self, at: Instant) -> nix::Result<()> {
        let at = Expiration::OneShot(time_spec(at));
        self.0.set(at, TimerSetTimeFlags::TFD_TIMER_ABSTIME)
    }
}
