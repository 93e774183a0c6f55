//! Whether and when an event occurs again.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use crate::SplitMix64;
use crate::time::{MicrosExt as _, micros};
use systole::Instant;

/// When an event occurs after the first time: never, periodically, or at random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recurrence {
    Never,
    Every {
        period_us: u64,
    },
    /// The beginnings after the first one, which is 0. The sequence repeats after `length_us`.
    AtRandom {
        begins_us: Vec<u64>,
        length_us: u64,
    },
}

impl Recurrence {
    pub(super) fn every(period: Duration) -> Self {
        Self::Every {
            period_us: micros(period).max(1),
        }
    }

    /// Returns a recurrence with exponential pauses between the end of one event, which takes
    /// `takes_us`, and the beginning of the next, drawn for `length`. A mean `pause` below a
    /// millisecond counts as one.
    pub(super) fn at_random(pause: Duration, takes_us: u64, length: Duration, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let mean_us = micros(pause).max(1_000) as f64;
        let length_us = micros(length).max(1);
        let mut begins_us = vec![0];
        let mut at = 0_u64;
        loop {
            let pause_us = 1 + rng.exponential(mean_us) as u64;
            at = at.saturating_add(takes_us).saturating_add(pause_us);
            if at >= length_us {
                break;
            }
            begins_us.push(at);
        }
        Self::AtRandom {
            begins_us,
            length_us,
        }
    }

    /// Returns the microseconds since the event last began; `None` before the first time.
    pub(super) fn since_last(&self, first: Instant, now: Instant) -> Option<u64> {
        let since = (now >= first).then(|| now.since(first))?;
        Some(match self {
            Self::Never => since,
            Self::Every { period_us } => since % period_us,
            Self::AtRandom {
                begins_us,
                length_us,
            } => {
                let within = since % length_us;
                let begun = begins_us.partition_point(|&begin| begin <= within);
                let last = begins_us.get(begun.saturating_sub(1));
                within - last.copied().unwrap_or_default()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn random_pauses_have_their_mean_and_spread_and_repeat() {
        let takes_us = 5_000_000;
        let again = Recurrence::at_random(Duration::from_secs(20), takes_us, 100 * HOUR, 9);
        let Recurrence::AtRandom { ref begins_us, .. } = again else {
            panic!("at random")
        };
        let pauses: Vec<_> = begins_us
            .windows(2)
            .map(|pair| (pair[1] - pair[0] - takes_us) as f64 / 1e6)
            .collect();
        let mean = |of: fn(f64) -> f64| {
            pauses.iter().map(|&pause| of(pause)).sum::<f64>() / pauses.len() as f64
        };
        assert!((mean(|s| s) / 20.0 - 1.0).abs() < 0.05);
        assert!((mean(|s| s * s) / 800.0 - 1.0).abs() < 0.1, "exponential");
        let first = Instant::from_secs(7);
        let at = |s| again.since_last(first, Instant::from_secs(s));
        assert_eq!((at(6), at(7)), (None, Some(0)));
        assert_eq!(at(5_000), at(5_000 + 360_000));
    }

    #[test]
    fn by_the_clock_or_never_again() {
        let since =
            |again: &Recurrence, s| again.since_last(Instant::from_secs(2), Instant::from_secs(s));
        assert_eq!(since(&Recurrence::Never, 9), Some(7_000_000));
        let every = Recurrence::every(Duration::from_secs(3));
        assert_eq!(since(&every, 9), Some(1_000_000));
        assert_eq!(since(&Recurrence::every(Duration::ZERO), 9), Some(0));
    }
}
