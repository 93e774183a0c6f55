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
mod tests;
