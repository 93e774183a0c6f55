//! The expected arrival of the next heartbeat, EA in \[Chen02\], section 6.3, and freshness derived
//! from it.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::{Freshness, INTERVALS, shares};
use crate::Answer;
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// Fresh until the expected arrival of the next reply plus a margin. Of several expectations, each
/// the mean over a window of its own, the latest counts.
#[derive(Clone, Debug)]
pub struct ArrivalRule<const WINDOWS: usize> {
    margin_us: u64,
    first_us: u64,
    expected: [ExpectedArrival; WINDOWS],
    newest: Option<u64>,
}

impl<const WINDOWS: usize> ArrivalRule<WINDOWS> {
    pub(super) fn new(interval: Duration, margin: Duration, windows: [usize; WINDOWS]) -> Self {
        let (interval_us, margin_us) = (micros(interval), micros(margin));
        Self {
            margin_us,
            first_us: interval_us.saturating_add(margin_us),
            expected: windows.map(|window| ExpectedArrival::new(interval_us, window)),
            newest: None,
        }
    }
}

impl<const WINDOWS: usize> Freshness for ArrivalRule<WINDOWS> {
    fn first(&self, start: Instant) -> Instant {
        start.plus(self.first_us)
    }

    fn after(&mut self, answer: &Answer, _: Instant) -> Option<Instant> {
        if self.newest.is_some_and(|newest| answer.id <= newest) {
            return None;
        }
        self.newest = Some(answer.id);
        self.expected
            .iter_mut()
            .for_each(|window| window.record(answer));
        let latest = self
            .expected
            .iter()
            .filter_map(|window| window.of(answer.id + 1))
            .fold(0.0, f64::max);
        Some(Instant::from_micros(latest as u64).plus(self.margin_us))
    }
}

/// Returns the intervals to sweep, each with the margin that the bound leaves.
pub(super) fn intervals_and_margins(bound: Duration) -> impl Iterator<Item = (Duration, Duration)> {
    shares(bound, &INTERVALS).map(move |interval| (interval, bound.saturating_sub(interval)))
}

/// The mean of A'_i - eta * `s_i` over the newest replies. It uses sequence numbers, so losses do
/// not shift it.
#[derive(Clone, Debug)]
pub(super) struct ExpectedArrival {
    interval_us: u64,
    capacity: usize,
    shifted: VecDeque<u64>,
    sum: u64,
}

impl ExpectedArrival {
    /// Returns the mean over the `capacity` newest replies, at least 1.
    pub(super) const fn new(interval_us: u64, capacity: usize) -> Self {
        Self {
            interval_us,
            capacity: if capacity == 0 { 1 } else { capacity },
            shifted: VecDeque::new(),
            sum: 0,
        }
    }

    pub(super) fn record(&mut self, answer: &Answer) {
        if self.shifted.len() >= self.capacity {
            self.sum -= self.shifted.pop_front().unwrap_or_default();
        }
        let shifted = answer
            .at
            .as_micros()
            .saturating_sub(self.interval_us.saturating_mul(answer.id));
        self.shifted.push_back(shifted);
        self.sum += shifted;
    }

    /// Returns when the reply to probe `id` is expected, in microseconds since the epoch; `None`
    /// before the first reply.
    pub(super) fn of(&self, id: u64) -> Option<f64> {
        let mean = self.sum as f64 / self.shifted.len() as f64;
        (!self.shifted.is_empty()).then_some(mean + self.interval_us as f64 * id as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use systole::Instant;

    /// Probes 0, 1 and 3 with an interval of 1 s have replies after 20, 40 and 60 ms; probe 2 is
    /// lost.
    #[test]
    fn a_lost_probe_does_not_shift_the_expectation() {
        let mut expected = ExpectedArrival::new(1_000_000, 3);
        assert_eq!(expected.of(0), None);
        for (id, rtt_ms) in [(0, 20), (1, 40), (3, 60)] {
            let sent = Instant::from_secs(id);
            expected.record(&Answer {
                id,
                sent,
                at: sent.plus(rtt_ms * 1_000),
            });
        }
        assert_eq!(expected.of(4), Some(4_040_000.0));
        let sent = Instant::from_secs(4);
        expected.record(&Answer {
            id: 4,
            sent,
            at: sent.plus(80_000),
        });
        assert_eq!(expected.of(5), Some(5_060_000.0));
    }
}
