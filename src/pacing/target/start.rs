//! The first interval, on a path of which nothing is known.

use super::risk::GRADES;
use super::{Target, TargetState};
use crate::math::fixed_point::divided;

/// The shortest first interval, in 2^-16 of the bound: one twentieth.
const SHORTEST: u16 = 3_277;
/// The largest number of probes per bound that is tried.
const MOST: u8 = 40;

impl Target {
    /// Sets the first interval, before the first probe.
    pub(super) fn start(&self, state: &mut TargetState) {
        if state.share() == 0 {
            state.shares = [self.starting_share(); GRADES];
        }
    }

    /// Returns the current interval, in 2^-16 of the bound.
    pub(super) fn share(&self, state: &TargetState) -> u16 {
        match state.share() {
            0 => self.starting_share(),
            share => share,
        }
    }

    /// Returns the first interval, in 2^-16 of the bound. The configurator of \[Chen02\] (section
    /// 4) computes it for an unknown path, with Jeffreys' loss rate before the first sample, 1/2,
    /// and immediate replies.
    ///
    /// In that model, an interval of just under 1/m of the bound D leaves m probes to prove life
    /// until the bound has passed. A mistake takes one probe with a reply and m lost ones, so the
    /// time between mistakes is D/m * 2^(m+1). The largest interval that keeps a time T between
    /// mistakes therefore has the smallest m with 2^(m+1) >= m * T/D.
    fn starting_share(&self) -> u16 {
        if self.constant > 0 {
            return self.constant;
        }
        let apart = divided(self.recurrence_us, self.bound_us);
        let mut probes = 1;
        while probes < MOST && (2_u64 << probes) < apart.saturating_mul(u64::from(probes)) {
            probes += 1;
        }
        #[allow(clippy::cast_possible_truncation)] // a part of 16 bits
        let share = divided(u16::MAX.into(), probes.into()) as u16;
        let least = self.least_share();
        let least = if least > SHORTEST { least } else { SHORTEST };
        if share > least { share } else { least }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn a_target_that_cannot_be_kept_starts_at_the_shortest_interval() {
        let target = Target::new(Duration::from_millis(1));
        let century = Duration::from_secs(100 * 365 * 86_400);
        let target = target.with_recurrence(century).unwrap();
        assert_eq!(target.starting_share(), SHORTEST);
    }

    #[test]
    fn a_frozen_interval_is_limited_to_95_percent_of_the_bound() {
        let frozen = |ms| {
            let target = Target::new(Duration::from_secs(1));
            target.frozen(Duration::from_millis(ms)).starting_share()
        };
        assert_eq!(frozen(500), 32_768);
        assert_eq!(frozen(2_000), 62_259); // 95 % of the bound
    }

    #[test]
    fn the_budget_limits_the_first_interval() {
        let target = Target::new(Duration::from_secs(10));
        let thrifty = target.with_budget(201).unwrap();
        assert!(thrifty.starting_share() > 32_000, "{thrifty:?}");
    }

    /// With eight probes per bound, eight losses in a row are just rare enough.
    #[test]
    fn a_first_interval_that_just_meets_the_rate_is_chosen() {
        let second = Duration::from_secs(1);
        let target = Target::new(second).with_recurrence(64 * second).unwrap();
        assert_eq!(target.starting_share(), u16::MAX / 8);
    }
}
