//! What a machine's clock shows, as a function of true time.

use systole::Instant;

/// A clock that starts anywhere, drifts, steps and stands still: lines from true time to its own.
#[derive(Clone, Debug)]
pub struct Clock {
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    true_us: u64,
    shown_us: u64,
    /// How much it shows for a million microseconds: 1,000,000 where it is right, 0 where it stands.
    rate_ppm: u64,
}

/// The rate of a clock that is right.
const RIGHT_PPM: u64 = 1_000_000;

impl Clock {
    /// A clock that shows `start_us` at true time 0 and is fast by `drift_ppm`.
    #[must_use]
    pub fn new(start_us: u64, drift_ppm: i32) -> Self {
        let first = Piece {
            true_us: 0,
            shown_us: start_us,
            rate_ppm: rate(drift_ppm),
        };
        Self {
            pieces: vec![first],
        }
    }

    /// From `from_us` on it is fast by `drift_ppm`. Changes are added in order of time.
    pub fn drift(&mut self, from_us: u64, drift_ppm: i32) {
        self.change(from_us, 0, rate(drift_ppm));
    }

    /// At `at_us` it leaps by `by_us`, back where that is negative.
    pub fn step(&mut self, at_us: u64, by_us: i64) {
        let rate_ppm = self.last().rate_ppm;
        self.change(at_us, by_us, rate_ppm);
    }

    /// It stands still from `from_us` to `until_us`, as in a suspend that it does not see.
    pub fn stand(&mut self, from_us: u64, until_us: u64) {
        let rate_ppm = self.last().rate_ppm;
        self.change(from_us, 0, 0);
        self.change(until_us, 0, rate_ppm);
    }

    fn last(&self) -> Piece {
        self.pieces[self.pieces.len() - 1]
    }

    fn change(&mut self, true_us: u64, by_us: i64, rate_ppm: u64) {
        assert!(true_us >= self.last().true_us, "changes come in order");
        let shown_us = self.last().shown(true_us).saturating_add_signed(by_us);
        self.pieces.push(Piece {
            true_us,
            shown_us,
            rate_ppm,
        });
    }

    /// What it shows at `true_us`.
    #[must_use]
    pub fn read(&self, true_us: u64) -> Instant {
        let begun = |piece: &Piece| piece.true_us <= true_us;
        let after = self.pieces.partition_point(begun);
        Instant::from_micros(self.pieces[after.saturating_sub(1)].shown(true_us))
    }

    /// The first moment of true time, not before `from_us`, at which it shows `until` or more;
    /// nothing where it never does.
    #[must_use]
    pub fn reaches(&self, until: Instant, from_us: u64) -> Option<u64> {
        let begun = |piece: &Piece| piece.true_us <= from_us;
        let current = self.pieces.partition_point(begun).saturating_sub(1);
        (current..self.pieces.len()).find_map(|index| {
            let end_us = self.pieces.get(index + 1);
            let end_us = end_us.map_or(u64::MAX, |next| next.true_us);
            let reached = self.pieces[index].reaches(until.as_micros(), from_us);
            reached.filter(|&at_us| at_us < end_us)
        })
    }
}

impl Piece {
    fn shown(self, true_us: u64) -> u64 {
        let passed_us = true_us - self.true_us;
        if self.rate_ppm == RIGHT_PPM {
            return self.shown_us.saturating_add(passed_us);
        }
        let passed = u128::from(passed_us) * u128::from(self.rate_ppm) / u128::from(RIGHT_PPM);
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.shown_us.saturating_add(passed)
    }

    /// When this piece first shows `target`, if it were the last one.
    fn reaches(self, target: u64, from_us: u64) -> Option<u64> {
        let from_us = from_us.max(self.true_us);
        if self.shown(from_us) >= target {
            return Some(from_us);
        }
        if self.rate_ppm == 0 {
            return None;
        }
        let missing = u128::from(target - self.shown_us) * u128::from(RIGHT_PPM);
        let needed = missing.div_ceil(u128::from(self.rate_ppm));
        u64::try_from(needed).ok()?.checked_add(self.true_us)
    }
}

fn rate(drift_ppm: i32) -> u64 {
    RIGHT_PPM.saturating_add_signed(drift_ppm.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_a_moment_when_it_says_that_it_reaches_it() {
        let mut clock = Clock::new(500, 300);
        clock.step(1_000_000, -200_000);
        clock.stand(2_000_000, 5_000_000);
        clock.step(6_000_000, 10_000_000);
        for target in (0..20_000_000).step_by(99_991) {
            let target = Instant::from_micros(target);
            let at_us = clock.reaches(target, 0).unwrap();
            assert!(clock.read(at_us) >= target, "{target} at {at_us}");
            assert!(at_us == 0 || clock.read(at_us - 1) < target);
        }
    }
}
