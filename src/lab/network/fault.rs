//! Layers for things that happen at a moment: outages, queues.

use core::time::Duration;

use super::Layer;
use crate::Instant;
use crate::lab::Span;
use crate::time::{duration, micros};

/// Loses everything sent within a stretch of time, once or again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    first: Span,
    every_us: Option<u64>,
}

impl Outage {
    /// Nothing gets through from `from` on, for `length`.
    #[must_use]
    pub const fn once(from: Instant, length: Duration) -> Self {
        Self {
            first: Span::new(from, from.saturating_add(length)),
            every_us: None,
        }
    }

    /// The same again every `period` after `from`; a period shorter than the outage is an outage for good.
    #[must_use]
    pub fn every(self, period: Duration) -> Self {
        Self {
            every_us: Some(micros(period).max(1)),
            ..self
        }
    }
}

impl Layer for Outage {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let since = since_last(self.first.from, self.every_us, sent_at);
        let over = since.is_none_or(|since| since >= self.first.length_us());
        over.then_some(rtt)
    }
}

/// A queue on the path that builds up and drains: nothing is lost, everything is late.
///
/// The wait of a probe grows linearly to `peak` while the queue builds, then shrinks at the speed of the clock,
/// so that all that was sent while it drains arrives together: the quickest drain that keeps the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    from: Instant,
    build_us: u64,
    peak_us: u64,
    every_us: Option<u64>,
}

impl Queue {
    /// A queue that starts at `from`, takes `build` to grow to a wait of `peak`, and drains.
    #[must_use]
    pub const fn once(from: Instant, build: Duration, peak: Duration) -> Self {
        Self {
            from,
            build_us: micros(build),
            peak_us: micros(peak),
            every_us: None,
        }
    }

    /// The same again every `period` after `from`.
    #[must_use]
    pub fn every(self, period: Duration) -> Self {
        Self {
            every_us: Some(micros(period).max(1)),
            ..self
        }
    }

    /// The wait of what is sent `since` after the queue began.
    fn wait_us(&self, since: u64) -> u64 {
        if since < self.build_us {
            (u128::from(self.peak_us) * u128::from(since) / u128::from(self.build_us)) as u64
        } else {
            self.peak_us.saturating_sub(since - self.build_us)
        }
    }
}

impl Layer for Queue {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let wait =
            since_last(self.from, self.every_us, sent_at).map_or(0, |since| self.wait_us(since));
        Some(rtt.saturating_add(duration(wait)))
    }
}

/// Microseconds since the last time it began; `None` before the first.
fn since_last(first: Instant, every_us: Option<u64>, now: Instant) -> Option<u64> {
    let since = (now >= first).then(|| now.since(first))?;
    Some(every_us.map_or(since, |every| since % every))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn rtts(layer: &dyn Layer, seconds: core::ops::Range<u64>) -> Vec<Option<u64>> {
        seconds
            .map(|s| {
                layer
                    .pass(Instant::from_secs(s), Duration::ZERO)
                    .map(|rtt| rtt.as_secs())
            })
            .collect()
    }

    #[test]
    fn an_outage_loses_what_is_sent_in_it_and_nothing_else() {
        let outage = Outage::once(Instant::from_secs(2), Duration::from_secs(2));
        assert_eq!(
            rtts(&outage, 0..6),
            [Some(0), Some(0), None, None, Some(0), Some(0)]
        );
        let again = outage.every(Duration::from_secs(3));
        assert_eq!(
            rtts(&again, 0..8),
            [Some(0), Some(0), None, None, Some(0), None, None, Some(0)]
        );
    }

    #[test]
    fn a_queue_grows_drains_and_keeps_the_order() {
        let queue = Queue::once(
            Instant::from_secs(10),
            Duration::from_secs(4),
            Duration::from_secs(8),
        );
        let waits: Vec<_> = rtts(&queue, 9..24).into_iter().flatten().collect();
        assert_eq!(waits, [0, 0, 2, 4, 6, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]);
        let arrivals: Vec<_> = (9..).zip(&waits).map(|(sent, wait)| sent + wait).collect();
        assert!(arrivals.is_sorted());
    }

    #[test]
    fn a_queue_that_builds_at_once_does_not_divide_by_zero() {
        let queue = Queue::once(Instant::ZERO, Duration::ZERO, Duration::from_secs(3));
        assert_eq!(
            rtts(&queue, 0..5),
            [Some(3), Some(2), Some(1), Some(0), Some(0)]
        );
    }
}
