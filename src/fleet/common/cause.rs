//! Whether a peer failed by itself.

use core::fmt;

/// Whether a peer that was called dead fell silent by itself or together with others.
///
/// It is told with every [`Dead`](crate::Verdict::Dead), and never delays one. Peers that are
/// suspected, or were called dead within the last bound, are compared with what independent
/// failures explain: a Poisson distribution at significance level 1 in 1,000. Its mean is the usual
/// number of such peers over the last bounds, or that of peers that fail once in two minutes each,
/// whichever is greater.
///
/// The first of a small group can be `Independent` although others follow: the cause is what was
/// known at the moment of the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Chance explains how many other peers are silent.
    Independent,
    /// More peers fell silent at the same time than chance explains, so they share a fault: a rack,
    /// an uplink, or this process's own network.
    Common {
        /// How many peers are silent, this one included: suspected, or called dead within the last
        /// bound.
        silent: u32,
        /// Of how many peers that were alive until then.
        of: u32,
        /// The label that all these peers have, where the others are not silent; else `None`.
        label: Option<u8>,
    },
}

/// Formats the cause as the end of a line of a log.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Independent => f.write_str("by itself"),
            Self::Common { silent, of, label } => {
                write!(f, "in common: {silent} of {of} silent")?;
                match label {
                    Some(label) => write!(f, " with label {label}"),
                    None => Ok(()),
                }
            }
        }
    }
}
