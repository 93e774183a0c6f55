//! Silences of power-law length at random moments, as on mobile paths.

use alloc::vec::Vec;
use core::time::Duration;

use super::Layer;
use crate::time::{MicrosExt as _, micros};
use crate::{Span, SplitMix64};
use systole::Instant;

/// Silences that begin at random moments and last a Pareto time. What is sent in one is lost, or
/// waits for its end.
///
/// They are drawn once, for a length of time, and repeat after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stalls {
    spans: Vec<Span>,
    period_us: u64,
    waits: bool,
}

/// The longest stall, ten minutes. Longer ones are cut.
const LONGEST_US: f64 = 600e6;

impl Stalls {
    /// Returns silences that are `gap` apart on average and longer than x with probability
    /// `(least/x)^exponent`, drawn for `length`.
    ///
    /// Probes sent in one are lost; see [`waiting`](Self::waiting). A gap below a millisecond
    /// counts as one.
    #[must_use]
    pub fn new(gap: Duration, least: Duration, exponent: f64, length: Duration, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let gap_us = micros(gap).max(1_000) as f64;
        let least_us = micros(least) as f64;
        let end = Instant::from_micros(micros(length).max(1));
        let mut spans = Vec::new();
        let mut from = Instant::ZERO;
        loop {
            from = from.plus(1 + rng.exponential(gap_us) as u64);
            if from >= end {
                break;
            }
            let lasts = least_us * libm::pow(rng.positive_unit(), -1.0 / exponent);
            let until = from.plus(lasts.min(LONGEST_US) as u64).min(end);
            spans.push(Span::new(from, until));
            from = until;
        }
        Self {
            spans,
            period_us: end.as_micros(),
            waits: false,
        }
    }

    /// Loses nothing in the silences: all replies arrive at their end, as from a queue.
    #[must_use]
    pub fn waiting(self) -> Self {
        Self {
            waits: true,
            ..self
        }
    }

    /// Returns how long the silence in which `sent_at` lies still lasts, in microseconds.
    fn to_go_us(&self, sent_at: Instant) -> Option<u64> {
        let at = Instant::from_micros(sent_at.as_micros() % self.period_us);
        let next = self.spans.partition_point(|span| span.until <= at);
        let span = self.spans.get(next).filter(|span| span.contains(at))?;
        Some(span.until.since(at))
    }
}

impl Layer for Stalls {
    fn pass(&self, sent_at: Instant, rtt: Duration) -> Option<Duration> {
        match self.to_go_us(sent_at) {
            None => Some(rtt),
            Some(to_go) => self
                .waits
                .then(|| rtt.saturating_add(Duration::from_micros(to_go))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stalls() -> Stalls {
        let secs = Duration::from_secs;
        Stalls::new(secs(10), secs(1), 1.5, secs(100_000), 4)
    }

    #[test]
    fn lengths_follow_the_power_law() {
        let stalls = stalls();
        let all = stalls.spans.len() as f64;
        let longer = |s: u64| {
            stalls
                .spans
                .iter()
                .filter(|span| span.length_us() > s * 1_000_000)
                .count() as f64
        };
        assert!((all / (100_000.0 / 13.0) - 1.0).abs() < 0.05, "{all}");
        assert!((longer(4) / all - 0.125).abs() < 0.02);
    }

    #[test]
    fn what_is_sent_in_a_silence_is_lost_or_waits_for_its_end() {
        let lost = stalls();
        let waits = stalls().waiting();
        for &Span { from, until } in lost.spans.iter().take(50) {
            assert_eq!(lost.pass(from, Duration::ZERO), None);
            let rtt = waits.pass(from, Duration::ZERO);
            assert_eq!(rtt.map(|rtt| from.saturating_add(rtt)), Some(until));
            assert_eq!(lost.pass(until, Duration::ZERO), Some(Duration::ZERO));
        }
    }
}
