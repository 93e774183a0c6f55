//! Networks composed of layers.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::time::Duration;

use super::Network;
use systole::Instant;

/// One property of a synthetic network: a layer adds to the delay, or loses the probe.
///
/// Layers are functions of the send time alone, so a network can be queried at any moments in any
/// order.
pub trait Layer: Debug + Send + Sync {
    /// Returns the round trip of a probe sent at `sent_at` for which the earlier layers gave `rtt`;
    /// `None` loses the probe.
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration>;
}

/// A network made from seeds: a round trip of zero passes through each layer in turn.
///
/// ```
/// use core::time::Duration;
/// use systole_lab::Network;
/// use systole_lab::network::{Lognormal, Outage, Synthetic};
/// use systole::Instant;
///
/// let secs = Duration::from_secs;
/// let network = Synthetic::new(secs(600))
///     .with(Lognormal::new(Duration::from_millis(50), 0.2, 1))
///     .with(Outage::once(Instant::from_secs(100), secs(60)));
/// assert!(network.answer(Instant::from_secs(99)).is_some());
/// assert!(network.answer(Instant::from_secs(100)).is_none());
/// ```
#[derive(Debug)]
pub struct Synthetic {
    length: Duration,
    layers: Vec<Box<dyn Layer>>,
}

impl Synthetic {
    /// Returns a network of this length without delay and loss, from [`Instant::ZERO`].
    #[must_use]
    pub const fn new(length: Duration) -> Self {
        Self {
            length,
            layers: Vec::new(),
        }
    }

    /// Returns the network with `layer` after its other layers.
    #[must_use]
    pub fn with(mut self, layer: impl Layer + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }
}

impl Network for Synthetic {
    fn answer(&self, sent_at: Instant) -> Option<Duration> {
        self.layers
            .iter()
            .try_fold(Duration::ZERO, |rtt, layer| layer.pass(sent_at, rtt))
    }

    fn end(&self) -> Instant {
        Instant::ZERO.saturating_add(self.length)
    }
}
