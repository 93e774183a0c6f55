//! A policy that answers anything.

use systole::pacing::{Answer, Pacing};
use systole::{Instant, Retries, pacing::Statistics, plan::Plan};

use crate::world::Random;

/// Draws each plan from its seed and the number of answers so far: zeros, the ends of the ranges,
/// and everything in between. The machine has to fit it to the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hostile(pub u64);

impl Pacing for Hostile {
    type State = u32;

    const INITIAL: u32 = 0;

    fn plan(&self, answers: &u32, path: &Statistics<'_>) -> Plan {
        let mut random = Random::of(self.0, 0, u64::from(*answers) / 4);
        let interval_us = match random.below(4) {
            0 => 0,
            1 => u64::MAX,
            _ => random.magnitude(1, 1 << 36),
        };
        let timeout_us = match random.below(5) {
            0 => 0,
            1 => u32::MAX,
            2 => path.timeout_us(),
            _ => u32::try_from(random.magnitude(1, u32::MAX.into())).unwrap_or(u32::MAX),
        };
        let count = random.pick(&[0, 1, 2, 7, 16, 17, 255]);
        let retries = match random.below(4) {
            0 => Retries::fixed(count),
            1 => Retries::exponential(count),
            2 => Retries::closing(count),
            _ => path.retries(),
        };
        let plan = Plan::from_micros(interval_us, timeout_us).with_retries(retries);
        let plan = if random.one_in(2) {
            plan.with_dead_interval(super::us(random.magnitude(1, 1 << 36)))
        } else {
            plan
        };
        plan.with_margin_percent(random.pick(&[0, 1, 50, 100, 255]))
    }

    fn on_probe(&self, _: &mut u32, _: Instant, _: bool) {}

    fn on_answer(&self, answers: &mut u32, _: &Answer) {
        *answers = answers.wrapping_add(1);
    }
}
