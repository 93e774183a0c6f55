//! The reason why a probe got no reply.

use core::error::Error;
use core::fmt;

use crate::Failure;

#[cfg(feature = "std")]
mod io;

/// The reason why a probe got no reply.
///
/// Every error that implements [`Error`](core::error::Error) converts into it, so that a probe can
/// use `?`. With the feature `std`, the conversion uses the first [`io::Error`](std::io::Error) in
/// the error's chain of sources that means more than "no reply". An error caused by the peer or by
/// the path becomes [`Failed`](Self::Failed). An error caused by a lack of local resources becomes
/// [`Unsent`](Self::Unsent). Every other error, including a time-out, becomes
/// [`Missed`](Self::Missed), which means that the machine waits until the probe is overdue.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use std::io;
/// use systole::{Failure, ProbeError};
///
/// fn ping() -> Result<(), ProbeError> {
///     Err(io::Error::from(io::ErrorKind::ConnectionRefused))?; // what a client returned
///     Ok(())
/// }
/// assert_eq!(ping(), Err(ProbeError::Failed(Failure::Refused)));
/// # }
/// ```
///
/// This type does not itself implement `Error`, because then it could not convert from every type
/// that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProbeError {
    /// No reply came in time. The machine decides when the probe is overdue.
    Missed,
    /// The probe failed at once. This is evidence against the peer.
    Failed(Failure),
    /// The probe could not be sent. The cause is local, so this is no evidence against the peer.
    Unsent,
}

impl ProbeError {
    /// Converts an error behind a reference, as [`From`] converts an owned one. Use it for values
    /// that do not implement [`Error`](core::error::Error) themselves, such as a boxed error.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let chain = core::iter::successors(Some(error), |&error| error.source());
        let known = chain.map(Self::of_one).find(|one| *one != Self::Missed);
        known.unwrap_or(Self::Missed)
    }

    /// Converts an error without regard to its sources.
    #[cfg(feature = "std")]
    fn of_one(error: &(dyn Error + 'static)) -> Self {
        error.downcast_ref().map_or(Self::Missed, io::of)
    }

    #[cfg(not(feature = "std"))]
    fn of_one(_: &(dyn Error + 'static)) -> Self {
        Self::Missed
    }
}

impl<E: Error + 'static> From<E> for ProbeError {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
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
        }
    }
}
