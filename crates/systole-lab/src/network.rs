//! Networks to replay over: what a probe sent at any moment meets.

mod delay;
mod fault;
mod gallery;
mod loss;
mod recurrence;
mod stall;
mod synthetic;

use core::time::Duration;

pub use delay::{Constant, Exponential, HeavyTail, Lognormal, RttStep};
pub use fault::{Outage, Queue};
pub use gallery::gallery;
pub use loss::{Bernoulli, GilbertElliott, LossStep};
pub use stall::Stalls;
pub use synthetic::{Layer, Synthetic};

use systole::Instant;

/// A path to a live peer, defined at every moment and deterministic: the same question, the same answer.
pub trait Network {
    /// The round trip of a probe sent at `sent_at`; `None` where it is lost.
    fn answer(&self, sent_at: Instant) -> Option<Duration>;

    /// The first moment to replay.
    fn start(&self) -> Instant {
        Instant::ZERO
    }

    /// The moment the replay ends.
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
