//! How long a set-up usually takes, apart from the round trip.

use std::time::Duration;

/// The shortest time after which a second set-up is started beside one that is under way: before,
/// it would only be a burden (RFC 8305, section 5).
pub(super) const LEAST: Duration = Duration::from_millis(250);

/// The smoothed set-up time and its mean deviation, as RFC 6298 estimates round trips.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SetupTime(Option<(Duration, Duration)>);

impl SetupTime {
    pub(super) fn learn(&mut self, took: Duration) {
        self.0 = Some(match self.0 {
            None => (took, took / 2),
            Some((mean, deviation)) => {
                let apart = mean.abs_diff(took);
                ((mean * 7 + took) / 8, (deviation * 3 + apart) / 4)
            }
        });
    }

    /// Returns the time that nearly all set-ups take, or `None` if none has succeeded yet.
    pub(super) fn usual(&self) -> Option<Duration> {
        let (mean, deviation) = self.0?;
        Some((mean + deviation * 4).max(LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_that_takes_as_long_as_ever_is_usual() {
        let mut time = SetupTime::default();
        assert_eq!(time.usual(), None);
        for _ in 0..100 {
            time.learn(Duration::from_millis(1_500));
            assert!(time.usual().unwrap() >= Duration::from_millis(1_500));
        }
        assert!(time.usual().unwrap() < Duration::from_millis(1_550));
        time.learn(Duration::from_secs(3));
        assert!(time.usual().unwrap() > Duration::from_secs(3));
    }

    #[test]
    fn quick_ones_are_not_hurried() {
        let mut time = SetupTime::default();
        time.learn(Duration::from_micros(300));
        assert_eq!(time.usual(), Some(LEAST));
    }
}
