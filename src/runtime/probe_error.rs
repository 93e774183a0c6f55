//! Why a probe has no answer, or one that says more.

use core::fmt;
use core::time::Duration;

use crate::Failure;

#[cfg(feature = "std")]
mod io;

/// Why a probe has no answer, or one that says more.
///
/// With feature `std`, an `io::Error` converts by its kind: what the peer or the path did is [`Failed`](Self::Failed), what we lack is
/// [`Unsent`](Self::Unsent), and everything else, time-outs among it, is [`Missed`](Self::Missed): silence until the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProbeError {
    /// No answer in time. Whether and when that counts is for the machine to say.
    Missed,
    /// The probe failed at once, which is evidence.
    Failed(Failure),
    /// The probe could not be sent, which is our fault and no evidence.
    Unsent,
    /// The peer answered, and asks for fewer probes: it is alive, and the interval grows
    /// ([`Monitor::handle_pushback_with`](crate::Monitor::handle_pushback_with)).
    Pushback {
        /// How long it wants to be left alone, such as `Retry-After` says; zero where it does not say.
        wait: Duration,
    },
    /// The peer answered, and the answer told that the flow was lost before the probe: it came over a new one, or from now on the peer sees us at another
    /// address ([`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost)).
    FlowLost,
}

impl From<Failure> for ProbeError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed => f.pad("missed"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Unsent => f.pad("not sent"),
            Self::Pushback { .. } => f.pad("pushed back"),
            Self::FlowLost => f.pad("answered over a new flow"),
        }
    }
}

impl core::error::Error for ProbeError {}
