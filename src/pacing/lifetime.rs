//! A ceiling on another policy's intervals: a lease, a NAT binding, an idle timeout.

use core::time::Duration;

use crate::pacing::{Answer, EpisodeEnd, Pacing};
use crate::plan::Plan;
use crate::statistics::Statistics;
use crate::time::{Instant, duration, micros};

/// Another policy, with a ceiling on its steady interval: what has to be refreshed lapses otherwise.
///
/// ```
/// use core::time::Duration;
/// use systole::pacing::{Lifetime, Pacing};
/// use systole::{Config, Heartbeat};
///
/// # fn main() -> Result<(), systole::ConfigError> {
/// // A lease of 30 s is renewed every 10 s at the latest, whatever the founding rule wishes.
/// let polite = Config::every(Duration::from_secs(8))?;
/// let policy = Lifetime::lease(*polite.policy(), Duration::from_secs(30));
/// let config = Config::with_policy(policy, Duration::from_secs(1), Duration::from_secs(60))?;
/// let mut heart = Heartbeat::<8, _>::new(config.jitter_percent(0)?);
/// heart.next_interval(Duration::from_millis(1));
/// assert_eq!(heart.next_interval(Duration::from_millis(900)), Duration::from_secs(10));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Lifetime<P> {
    inner: P,
    ceiling_us: u64,
}

impl<P: Pacing> Lifetime<P> {
    /// `inner`, with intervals of at most `ceiling`. The limits of the configuration come before it.
    #[must_use]
    pub const fn at_most(inner: P, ceiling: Duration) -> Self {
        Self {
            inner,
            ceiling_us: micros(ceiling),
        }
    }

    /// `inner`, with intervals of at most a third of `ttl`, so that a renewal may be missed and asked again twice
    /// before the lease lapses.
    #[must_use]
    pub const fn lease(inner: P, ttl: Duration) -> Self {
        Self {
            inner,
            ceiling_us: micros(ttl) / 3,
        }
    }

    /// The policy under the ceiling.
    #[must_use]
    pub const fn inner(&self) -> &P {
        &self.inner
    }

    /// The longest interval.
    #[must_use]
    pub const fn ceiling(&self) -> Duration {
        duration(self.ceiling_us)
    }
}

impl<P: Pacing> Pacing for Lifetime<P> {
    type State = P::State;
    const INITIAL: P::State = P::INITIAL;

    fn on_probe(&self, state: &mut P::State, now: Instant, retry: bool) {
        self.inner.on_probe(state, now, retry);
    }

    fn on_answer(&self, state: &mut P::State, answer: &Answer) {
        self.inner.on_answer(state, answer);
    }

    fn on_miss(&self, state: &mut P::State, sent: Instant, now: Instant) {
        self.inner.on_miss(state, sent, now);
    }

    fn on_episode_end(&self, state: &mut P::State, end: &EpisodeEnd) {
        self.inner.on_episode_end(state, end);
    }

    fn on_lapse(&self, state: &mut P::State, span_us: u64) {
        self.inner.on_lapse(state, span_us);
    }

    fn plan(&self, state: &P::State, path: &Statistics<'_>) -> Plan {
        self.inner
            .plan(state, path)
            .with_interval_at_most(self.ceiling_us)
    }
}
