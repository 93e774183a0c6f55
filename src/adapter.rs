//! Threads and tasks around a [`Monitor`]: a clock anchor and a loop each, no decisions.

use core::fmt;
use core::hash::BuildHasher;
use core::num::NonZeroU64;
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::pacing::Pacing;
use crate::{Config, Failure, Instant, Monitor, ProbeId};

#[cfg(feature = "metrics")]
pub mod metrics;
pub mod thread;
#[cfg(feature = "tokio")]
pub mod tokio;

/// Round-trip times that the adapters look at.
pub const WINDOW: usize = 32;

/// Where [`Instant::ZERO`] lies on the clock of `std`.
///
/// That clock is `CLOCK_MONOTONIC` on Linux, `CLOCK_UPTIME_RAW` on macOS and the performance counter on Windows. The first two stand
/// still while the machine is suspended and the last one runs on. A suspend that the clock counts is lateness like any other; after one
/// that it does not count, call [`Monitor::resumed`].
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

/// Why a probe has no answer.
///
/// An [`io::Error`] converts by its kind: what the peer or the path did is [`Failed`](Self::Failed), what we lack is
/// [`Unsent`](Self::Unsent), and everything else, time-outs among it, is [`Missed`](Self::Missed): silence until the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// No answer in time. Whether and when that counts is for the machine to say.
    Missed,
    /// The probe failed at once, which is evidence.
    Failed(Failure),
    /// The probe could not be sent, which is our fault and no evidence.
    Unsent,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        if error.raw_os_error().is_some_and(is_out_of_files) {
            return Self::Unsent; // or a prober with a leak would call all its peers dead
        }
        match error.kind() {
            Kind::ConnectionRefused => Self::Failed(Failure::Refused),
            Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::UnexpectedEof => Self::Failed(Failure::Reset),
            Kind::HostUnreachable | Kind::NetworkUnreachable => Self::Failed(Failure::Unreachable),
            Kind::InvalidData => Self::Failed(Failure::Garbage),
            Kind::NetworkDown
            | Kind::AddrInUse
            | Kind::AddrNotAvailable
            | Kind::PermissionDenied
            | Kind::OutOfMemory => Self::Unsent,
            _ => Self::Missed,
        }
    }
}

/// `ENFILE` and `EMFILE`, which [`io::ErrorKind`] has no name for.
const fn is_out_of_files(code: i32) -> bool {
    (cfg!(unix) && matches!(code, 23 | 24)) || (cfg!(windows) && code == 10_024)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed => f.pad("missed"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Unsent => f.pad("not sent"),
        }
    }
}

impl core::error::Error for Fault {}

impl<P: Pacing> Config<P> {
    /// Draws a missing seed from the randomness of the operating system.
    #[must_use]
    pub fn seeded(mut self) -> Self {
        if !self.is_seeded() {
            self.seed = random().get();
        }
        self
    }
}

/// A number that differs from process to process and from call to call: `std` keys its hash maps from the system's randomness.
fn random() -> NonZeroU64 {
    NonZeroU64::new(RandomState::new().hash_one(0_u8)).unwrap_or(NonZeroU64::MIN)
}

/// The machine of an adapter, shared by its loop and its handle. The lock is held for one call of the machine, never across a wait.
pub(crate) struct Shared<P: Pacing> {
    monitor: Mutex<Monitor<WINDOW, P>>,
}

impl<P: Pacing> Shared<P> {
    pub(crate) fn new(config: Config<P>, now: Instant) -> Self {
        let monitor = Mutex::new(Monitor::start(config.seeded(), now));
        Self { monitor }
    }

    pub(crate) fn with<R>(&self, call: impl FnOnce(&mut Monitor<WINDOW, P>) -> R) -> R {
        call(&mut self.monitor.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hands in what became of probe `id` at `at`.
    pub(crate) fn hand_in(&self, id: ProbeId, result: Result<(), Fault>, at: Instant) {
        self.with(|monitor| match result {
            Ok(()) => monitor.handle_reply(id, at),
            Err(Fault::Failed(failure)) => monitor.handle_failure(id, failure, at),
            Err(Fault::Unsent) => monitor.handle_unsent(id, at),
            Err(Fault::Missed) => {} // the machine sees for itself
        });
    }
}
