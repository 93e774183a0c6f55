//! Networks for replay: they define what happens to a probe sent at any moment.

mod delay;
mod fault;
mod gallery;
mod loss;
mod pattern;
mod recurrence;
mod stall;
mod synthetic;

use core::time::Duration;

pub use delay::{Constant, Exponential, HeavyTail, Lognormal, RttStep};
pub use fault::{Outage, Queue};
pub use gallery::gallery;
pub use loss::{Bernoulli, GilbertElliott, LossStep};
pub use pattern::{ClusteredOutages, Diurnal, Drift};
pub use stall::Stalls;
pub use synthetic::{Layer, Synthetic};

use systole::Instant;

/// A path to a live peer, defined at every moment and deterministic: the same query gives the same
/// result.
pub trait Network {
    /// Returns the round trip of a probe sent at `sent_at`, or `None` if it is lost.
    fn answer(&self, sent_at: Instant) -> Option<Duration>;

    /// Returns the first moment to replay.
    fn start(&self) -> Instant {
        Instant::ZERO
    }

    /// Returns the moment at which the replay ends.
    fn end(&self) -> Instant;
}

impl<N: Network + ?Sized> Network for &N {
    fn answer(&self, sent_at: Instant) -> Option<Duration> {
        (**self).answer(sent_at)
    }

    fn start(&self) -> Instant {
        (**self).start()
    }

    fn end(&self) -> Instant {
        (**self).end()
    }
}
