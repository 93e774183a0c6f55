//! The content of a reply to a probe.

use core::any::Any;
use core::time::Duration;

use super::ProbeError;

/// The content of a reply to a probe. Whatever it is, the peer is alive.
///
/// A probe returns a `Reply` where it has to report more than [`Ok`](Self::Ok). Any other value
/// that a probe returns, such as `()`, a number of bytes or a connection, counts as `Ok`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Reply {
    /// The peer is alive. There is nothing else to report.
    #[default]
    Ok,
    /// The peer asks for fewer probes. The interval grows
    /// ([`Monitor::handle_pushback_with`](crate::Monitor::handle_pushback_with)).
    Pushback {
        /// How long the peer asks not to be probed, for example by `Retry-After`; zero if it does
        /// not state this.
        wait: Duration,
    },
    /// The flow had been lost before the probe. The probe went over a new flow, or the peer now
    /// sees this process at another address
    /// ([`Monitor::handle_flow_lost`](crate::Monitor::handle_flow_lost)).
    FlowLost,
}

/// Returns what a probe that returned `result` has got.
pub(super) fn result_of<A: 'static, E: Into<ProbeError>>(
    result: Result<A, E>,
) -> Result<Reply, ProbeError> {
    match result {
        Ok(value) => Ok(Reply::of(&value)),
        Err(error) => Err(error.into()),
    }
}

impl Reply {
    /// Returns `value` itself where it is a `Reply`, and [`Ok`](Self::Ok) otherwise.
    fn of<A: 'static>(value: &A) -> Self {
        let value: &dyn Any = value;
        value.downcast_ref().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
