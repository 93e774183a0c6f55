//! Layers for events that occur once, periodically, or at random: outages and queues.

use core::time::Duration;

use super::Layer;
use super::recurrence::Recurrence;
use crate::Span;
use crate::time::micros;
use systole::Instant;

/// Loses everything that is sent within a stretch of time, once or repeatedly.
///
/// ```
/// use core::time::Duration;
/// use systole::Instant;
/// use systole_lab::network::{Layer, Outage};
///
/// let secs = Duration::from_secs;
/// let handover = Outage::once(Instant::from_secs(7), secs(1)).every(secs(15)); // a satellite's, by the clock
/// let crossing = Outage::once(Instant::from_secs(7), secs(1)).at_random(secs(14), secs(3_600), 1); // a driver's
/// let lost = |path: &dyn Layer, s| path.pass(Instant::from_secs(s), Duration::ZERO).is_none();
/// assert!(lost(&handover, 7) && lost(&handover, 22) && lost(&handover, 37));
/// assert!(lost(&crossing, 7) && !lost(&crossing, 22));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    first: Span,
    again: Recurrence,
}

impl Outage {
    /// Returns an outage that begins at `from` and lasts for `length`.
    #[must_use]
    pub const fn once(from: Instant, length: Duration) -> Self {
        Self {
            first: Span::new(from, from.saturating_add(length)),
            again: Recurrence::Never,
        }
    }

    /// Repeats the outage every `period` after `from`. A period shorter than the outage makes it
    /// permanent.
    ///
    /// This suits events that really are periodic: a prober in step with them meets either all of
    /// them or none.
    #[must_use]
    pub fn every(self, period: Duration) -> Self {
        Self {
            again: Recurrence::every(period),
            ..self
        }
    }

    /// Repeats the outage after pauses of exponential length with the mean `pause`, drawn for
    /// `length` and repeated after it.
    #[must_use]
    pub fn at_random(self, pause: Duration, length: Duration, seed: u64) -> Self {
        let again = Recurrence::at_random(pause, self.first.length_us(), length, seed);
        Self { again, ..self }
    }
}

impl Layer for Outage {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        let since = self.again.since_last(self.first.from, sent_at);
        let over = since.is_none_or(|since| since >= self.first.length_us());
        over.then_some(rtt)
    }
}

/// A queue on the path that builds up and drains: nothing is lost, and everything is late.
///
/// The wait of a probe grows linearly to `peak` while the queue builds. Then it shrinks as fast as
/// time passes, so that everything sent while the queue drains arrives together. This is the
/// fastest drain that keeps the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    from: Instant,
    build_us: u64,
    peak_us: u64,
    again: Recurrence,
}

impl Queue {
    /// Returns a queue that begins at `from`, takes `build` to grow to a wait of `peak`, and
    /// drains.
    #[must_use]
    pub const fn once(from: Instant, build: Duration, peak: Duration) -> Self {
        Self {
            from,
            build_us: micros(build),
            peak_us: micros(peak),
            again: Recurrence::Never,
        }
    }

    /// Repeats the queue every `period` after `from`, like [`Outage::every`].
    #[must_use]
    pub fn every(self, period: Duration) -> Self {
        Self {
            again: Recurrence::every(period),
            ..self
        }
    }

    /// Repeats the queue after pauses of exponential length with the mean `pause`, drawn for
    /// `length` and repeated after it.
    #[must_use]
    pub fn at_random(self, pause: Duration, length: Duration, seed: u64) -> Self {
        let takes_us = self.build_us.saturating_add(self.peak_us);
        let again = Recurrence::at_random(pause, takes_us, length, seed);
        Self { again, ..self }
    }

    /// Returns the wait of a probe sent `since` after the queue began.
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
        let since = self.again.since_last(self.from, sent_at);
        let wait_us = since.map_or(0, |since| self.wait_us(since));
        Some(rtt.saturating_add(Duration::from_micros(wait_us)))
    }
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
    fn at_random_nothing_is_cut_short_or_overlaps() {
        let secs = Duration::from_secs;
        let outage = Outage::once(Instant::ZERO, secs(4)).at_random(secs(6), secs(100_000), 3);
        let lost = rtts(&outage, 0..100_000);
        let lost: Vec<_> = lost.iter().map(Option::is_none).collect();
        let all = lost.iter().filter(|&&lost| lost).count();
        assert!(all.abs_diff(40_000) < 1_500, "{all}");
        let runs = lost.chunk_by(|a, b| a == b).filter(|run| run[0]);
        assert!(runs.map(<[bool]>::len).all(|length| length >= 3));
        let queue = Queue::once(Instant::ZERO, secs(2), secs(8));
        let queue = queue.at_random(secs(6), secs(100_000), 3);
        let arrivals = rtts(&queue, 0..100_000);
        let arrivals = (0..).zip(arrivals.into_iter().flatten());
        assert!(arrivals.map(|(sent, wait)| sent + wait).is_sorted());
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
