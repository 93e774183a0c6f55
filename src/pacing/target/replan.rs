//! Drawing up the interval, and saying what cannot be kept: the only floating point, amortised.

use super::outlook::{Choice, Outlook};
use super::state::{SAVINGS, TargetState};
use super::{Target, shape};
use crate::error::Setting;
use crate::fixed::{divided, scaled_q16};
use crate::promise::Infeasible;

/// Avoidable mistakes that may be expected, of those that may happen: what makes the promise hold although the expectation is an
/// extrapolation.
const PROMISED: f32 = 0.4;
/// Where that cannot be had, so many for each unavoidable one: more probes would not save the promise. With 1, bursts of 0.2 s cost 1.6 times
/// the best constant interval, and the recorded networks 3 % more; with 4, promises are broken.
const OF_FLOOR: f32 = 2.0;
/// What a mistake is worth in probes is the time between mistakes over three bounds: the price at which the settings chosen in hindsight for the
/// recorded networks trade one for the other, at 3 as at 10 s.
const WORTH: f32 = 1.0 / 3.0;
/// Doublings of that price after which a shorter interval buys nothing.
const DEAREST: u8 = 6;
/// Intervals lengthen to 1.6 times a plan at most. With a quarter, recordings of less than an hour cost 3 % more.
const RELAX_Q16: u32 = 104_858;
/// The longest usual round trip that is planned for, in bounds: 7/8.
const LONGEST_LAG: f32 = 0.875;
const MINUTE_US: u64 = 60_000_000;
/// The least number of probes before anything is called infeasible.
const CERTAIN: u32 = 256;
/// And of silences of half the bound and more, before the path is.
const CERTAIN_SILENCES: f32 = 3.0;
/// How far the assumed power law may exaggerate before the target is called infeasible: silences of exponential length.
const PESSIMISM: f32 = 2.0;
/// The same for the nearest feasible budget: as much less as the expectation may change by until it is granted.
const NEAREST: f32 = 1.5;

impl Target {
    /// What the last retry has to be early by, in per cent of the bound.
    pub(super) fn margin_percent(&self, state: &TargetState) -> u8 {
        let bound_us = self.bound_us.max(1);
        let waited = u64::from(state.trouble.median_us()) * 5 / 8;
        let percent = divided(100 * waited + bound_us - 1, bound_us);
        u8::try_from(percent)
            .unwrap_or(shape::MARGIN_MOST)
            .clamp(shape::MARGIN, shape::MARGIN_MOST)
    }

    /// All probes of a minute are at most twice the steady ones, and an episode: each steady one saves half a retry, up to those of a minute.
    pub(super) fn savings_most(&self, state: &TargetState) -> u16 {
        let interval_us = scaled_q16(self.bound_us, u32::from(state.share())).max(1);
        let minute = u16::try_from(divided(MINUTE_US, interval_us)).unwrap_or(u16::MAX);
        minute.saturating_add(SAVINGS)
    }

    /// Bounds from one mistake to the next.
    pub(super) fn bounds_apart(&self) -> f32 {
        self.recurrence_us as f32 / self.bound_us.max(1) as f32
    }

    /// The shortest interval that the budget allows, in 2^-16 of the bound.
    #[allow(clippy::cast_possible_truncation)] // at most a half, since two probes a bound are the least budget
    pub(super) const fn least_share(&self) -> u16 {
        let probes = self.bound_us.saturating_mul(self.budget as u64); // in 10^9 bounds
        if probes == 0 {
            return 0;
        }
        divided(1_000_000_000 << 16, probes) as u16 + 1
    }

    /// What the silences of a path count from: its usual round trip, where that is a quarter of the bound or more.
    pub(super) fn lag_us(&self, state: &TargetState) -> u32 {
        let median = state.trouble.median_us();
        if u64::from(median) < self.bound_us >> 2 {
            return 0;
        }
        median
    }

    fn outlook(&self, state: &TargetState) -> Outlook {
        let share = |us: u32| us as f32 / self.bound_us.max(1) as f32;
        let closest = (2.0 * share(state.trouble.median_us())).clamp(0.04, 0.3); // the timeout: on average half of it is lost as well
        let margin = f32::from(state.margin) / 100.0 + closest / 2.0;
        let lag = share(self.lag_us(state)).min(LONGEST_LAG);
        Outlook::new(&state.silences, margin, lag)
    }

    /// Draws up the intervals: amortised, and the only floating point.
    pub(super) fn replan(&self, state: &mut TargetState) {
        state.since = 0;
        state.audit.review(state.now, self.recurrence_us);
        state.margin = self.margin_percent(state);
        let outlook = self.outlook(state);
        let (choice, worth) = self.choose(&outlook, state.audit.strictness());
        (state.mistakes, state.floor) = (choice.excess + choice.floor, choice.floor);
        self.grade(state, &outlook, worth);
    }

    /// The interval at each grade of trouble, where a mistake is worth so many probes on average.
    fn grade(&self, state: &mut TargetState, outlook: &Outlook, worth: f32) {
        let risks = state.risk.relative().into_iter().zip(state.risk.parts());
        (state.cost, state.relaxing) = (0.0, false);
        for (share, (risk, part)) in state.shares.iter_mut().zip(risks) {
            let choice = outlook.choose(worth * risk, self.least());
            state.cost += part * choice.cost;
            let wanted = q16(choice.interval);
            *share = self.approach(*share, wanted);
            state.relaxing |= *share < wanted && self.constant == 0;
        }
    }

    /// From one interval towards another: at once where it is shorter.
    fn approach(&self, share: u16, wanted: u16) -> u16 {
        let relaxed = scaled_q16(u64::from(share), RELAX_Q16);
        match self.constant {
            0 => wanted.min(u16::try_from(relaxed).unwrap_or(u16::MAX)),
            constant => constant,
        }
    }

    /// The shortest interval that the budget allows, in bounds.
    fn least(&self) -> f32 {
        f32::from(self.least_share()) / 65_536.0
    }

    /// The interval as if all grades were one, and the worth of a mistake in probes at which it keeps the promise, if any does.
    fn choose(&self, outlook: &Outlook, strictness: u8) -> (Choice, f32) {
        let apart = self.bounds_apart();
        let mut worth = WORTH * apart * f32::from(1_u16 << strictness.min(8));
        let least = self.least();
        let mut choice = outlook.choose(worth, least);
        for _ in 0..DEAREST {
            if choice.excess <= (PROMISED / apart).max(OF_FLOOR * choice.floor) {
                break;
            }
            worth *= 2.0;
            choice = outlook.choose(worth, least);
        }
        (choice, worth)
    }

    /// What stands in the way of the target, if it is certain.
    pub(super) fn infeasible(&self, state: &TargetState) -> Option<Infeasible> {
        let certain = state.silences.probes() >= CERTAIN;
        let median = u64::from(state.trouble.median_us());
        if median > scaled_q16(self.bound_us, shape::LAG_MOST) {
            return Some(Infeasible {
                requirement: Setting::DetectWithin,
                nearest: median.saturating_mul(4) / 3, // 8/7, and what the running median is off by, there and here
            });
        }
        let apart = self.bounds_apart();
        let silent = state.silences.longest() >= CERTAIN_SILENCES;
        if silent && state.floor * apart > PESSIMISM {
            return Some(self.too_rare(state));
        }
        let slow = median >= self.bound_us >> 3; // its round trips are no silences
        let late_us = median + scaled_q16(self.bound_us, u32::from(self.least_share()));
        let seen = !slow || silent || late_us > self.bound_us;
        let short = self.budget > 0 && state.mistakes * apart > PESSIMISM;
        (certain && seen && short).then(|| self.too_few(state))
    }

    fn too_rare(&self, state: &TargetState) -> Infeasible {
        Infeasible {
            requirement: Setting::MistakeRecurrence,
            nearest: self.expected_us(state),
        }
    }

    /// The budget is in the way, if more probes would keep the promise.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is not negative
    fn too_few(&self, state: &TargetState) -> Infeasible {
        let longest = self.outlook(state).longest(NEAREST / self.bounds_apart());
        match longest {
            None => self.too_rare(state),
            Some(interval) => Infeasible {
                requirement: Setting::ProbeBudget,
                nearest: (1e9 / (interval * self.bound_us as f32)) as u64 + 1,
            },
        }
    }

    /// The expected time between mistakes, in microseconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is not negative
    pub(super) fn expected_us(&self, state: &TargetState) -> u64 {
        (self.bound_us as f32 / state.mistakes.max(1e-12)) as u64
    }

    /// The time between mistakes that the audit holds the planner to.
    pub(super) fn promised_us(&self, state: &TargetState) -> u64 {
        match self.infeasible(state) {
            None => self.recurrence_us,
            Some(_) => self.recurrence_us.min(self.expected_us(state)),
        }
    }
}

/// A share below one, in 16 fractional bits.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates, and is not negative
fn q16(share: f32) -> u16 {
    (share * 65_536.0) as u16
}
