//! The reasons why a probe has no reply, and the replies that say more than that the peer is alive.

use core::fmt;
use core::time::Duration;

use crate::Failure;

#[cfg(feature = "std")]
mod io;

/// The reason why a probe has no reply, or what a reply says beyond that the peer is alive.
///
/// With the feature `std`, an `io::Error` converts by its kind. An error caused by the peer or by
/// the path becomes [`Failed`](Self::Failed). An error caused by a lack of local resources becomes
/// [`Unsent`](Self::Unsent). Every other error, including a time-out, becomes
/// [`Missed`](Self::Missed), which means silence until the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProbeError {
    /// No reply came in time. The machine decides whether and when that counts.
    Missed,
    /// The probe failed at once. This is evidence against the peer.
    Failed(Failure),
    /// The probe could not be sent. The cause is local, so this is no evidence against the peer.
    Unsent,
    /// The peer replied and asked for fewer probes: it is alive, and the interval grows
    /// ([`Monitor::handle_pushback_with`](crate::Monitor::handle_pushback_with)).
    Pushback {
        /// How long the peer asks not to be probed, for example by `Retry-After`; zero if it does
        /// not say.
        wait: Duration,
    },
    /// The peer replied, and the reply showed that the flow had been lost before the probe: the
    /// probe went over a new flow, or the peer now sees this process at another address
    /// ([`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost)).
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
