//! Computes the intervals and whether the target can be met. Only this part uses floating point,
//! and its cost is amortised over many samples.

use super::exponent::{exp2, log2, rounded};
use super::outlook::{Choice, Outlook, PathShape, not_understated};
use super::state::{SAVINGS, TargetState};
use super::{Target, shape};
use crate::config::error::Setting;
use crate::math::fixed_point::{divided, scaled_q16};
use crate::math::saturating;
use crate::plan::Infeasible;

/// The limit of the expected avoidable mistakes, as a share of the stated rate. The rest is a
/// reserve, because the expectation is an extrapolation.
const PROMISED: f32 = 0.4;
/// The limit of avoidable mistakes is at least this many times the unavoidable ones. If unavoidable
/// mistakes alone break the promise, more probes would not save it. With 1, bursts of 0.2 s cost
/// 1.6 times the best constant interval, and the recorded networks 3 % more. With 4, promises are
/// broken.
const OF_FLOOR: f32 = 2.0;
/// The cost of a mistake in probes is the stated time between mistakes divided by three bounds. The
/// settings chosen in hindsight for the recorded networks trade mistakes for probes at this price,
/// both at 3 s and at 10 s.
const WORTH: f32 = 1.0 / 3.0;
/// The exponent of the price where the stated time between mistakes is longer than that between
/// mistakes that no interval avoids. There, more probes hardly make mistakes rarer. With 1, a target
/// of one mistake a year costs three times the probes of one a week on the recorded networks, for
/// few mistakes less; with 1/2, it costs 1.6 times.
const BEYOND_FLOOR: f32 = 0.5;
/// The number of doublings of that price beyond which a shorter interval gains nothing.
const DEAREST: f32 = 6.0;
/// A price of a mistake that outweighs every other cost.
const BEYOND_PRICE: f32 = 1e12;
/// The number of halvings by which the price is searched.
const HALVINGS: u8 = 6;
/// Each plan lengthens intervals to at most 1.6 times their last value. With 1.25 times, recordings
/// of less than an hour cost 3 % more.
const RELAX_Q16: u32 = 104_858;
/// The longest planned timeout, in bounds: the bound without the shortest interval.
const LONGEST: f32 = 0.96;
/// The number of mean deviations that a timeout adds to the usual round-trip time, as in TCP.
const DEVIATIONS: u64 = 4;
const MINUTE_US: u64 = 60_000_000;
/// The number of probes that is needed before a budget is called infeasible.
const CERTAIN: u32 = 256;
/// The number of silences of half the bound and more that is needed before the path is called
/// infeasible.
const CERTAIN_SILENCES: f32 = 3.0;
/// The factor by which the assumed power law may exaggerate the mistakes that no interval avoids,
/// before the target is called infeasible. It was measured with silences of exponential length.
const PESSIMISM: f32 = 2.0;
impl Target {
    /// Returns the timeout of a steady probe: the usual round-trip time plus an addition. The
    /// addition is the larger of two values: the usual round-trip time, limited to 1/25 of the
    /// bound, and four mean deviations. If the round trip takes up most of the bound, the addition
    /// is smaller, which leaves time for one more probe.
    pub(super) fn timeout_us(&self, state: &TargetState) -> u64 {
        let usual_us = u64::from(state.disturbance.median_us());
        let least_us = scaled_q16(self.bound_us, shape::TIMEOUT);
        let room_us = saturating::minus(scaled_q16(self.bound_us, shape::LAG_MOST), usual_us) / 4;
        let wanted_us = saturating::max(
            saturating::min(least_us, usual_us),
            DEVIATIONS * u64::from(state.spread_us),
        );
        // If round trips take so many intervals that only some of the outstanding probes are
        // recorded, measured times vary with the interval. The minimum is longer than that
        // variation.
        let least_added_us = self.bound_us >> 7;
        let added_us = saturating::max(saturating::min(wanted_us, room_us), least_added_us);
        saturating::max(usual_us + added_us, least_us)
    }

    /// Returns the shortest time between the last retry and the bound, in per cent of the bound.
    pub(super) fn margin_percent(&self, state: &TargetState) -> u8 {
        let bound_us = self.bound_us.max(1);
        let usual_us = u64::from(state.disturbance.median_us());
        let percent = divided(100 * usual_us + bound_us - 1, bound_us);
        u8::try_from(percent)
            .unwrap_or(100)
            .clamp(shape::MARGIN, 100)
    }

    /// Returns the largest number of half-retries that can be saved up: those of a minute and of
    /// one episode. Since each steady probe saves half a retry, all probes of a minute are at most
    /// twice the steady ones plus those of an episode.
    pub(super) fn savings_most(&self, state: &TargetState) -> u16 {
        let interval_us = scaled_q16(self.bound_us, u32::from(state.share())).max(1);
        let minute = u16::try_from(divided(MINUTE_US, interval_us)).unwrap_or(u16::MAX);
        minute.saturating_add(SAVINGS)
    }

    /// Returns the stated time between mistakes, in bounds.
    pub(super) fn bounds_apart(&self) -> f32 {
        self.recurrence_us as f32 / self.bound_us.max(1) as f32
    }

    /// Returns the shortest interval that the budget allows, in 2^-16 of the bound.
    // The result is at most a half, since the least budget is two probes per bound.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) const fn least_share(&self) -> u16 {
        let probes = self.bound_us.saturating_mul(self.budget as u64); // in 10^9 bounds
        if probes == 0 {
            return 0;
        }
        debug_assert!(divided(1_000_000_000 << 16, probes) <= 1 << 15);
        divided(1_000_000_000 << 16, probes) as u16 + 1
    }

    /// Returns the longest interval, in bounds, after which a lost probe can still be repeated in
    /// time, if the reply to the second probe takes as long as the timeout.
    ///
    /// The second probe is a retry, one timeout after the first, or the next steady probe,
    /// whichever allows the longer interval. The transition between the two is smooth, so that the
    /// cost is smooth too.
    fn usable(&self, state: &TargetState) -> f32 {
        let left = 1.0 - self.share_of(self.timeout_us(state)).min(LONGEST);
        let usual = self
            .share_of(state.disturbance.median_us().into())
            .max(1e-6);
        let ratio = 2.0 * usual / left;
        let nearer = exp2(-log2(1.0 + ratio * ratio * ratio) / 3.0);
        debug_assert!(left > usual * nearer);
        left - usual * nearer
    }

    /// Returns a span in bounds.
    fn share_of(&self, span_us: u64) -> f32 {
        span_us as f32 / self.bound_us.max(1) as f32
    }

    fn outlook(&self, state: &TargetState) -> Outlook {
        let lag = self.share_of(state.disturbance.median_us().into());
        let path = PathShape {
            usable: self.usable(state),
            lag: lag.min(LONGEST),
            timeout: self.share_of(self.timeout_us(state)),
        };
        Outlook::new(&state.silences, path)
    }

    /// Computes the intervals anew. This is the only use of floating point, and its cost is
    /// amortised.
    pub(super) fn replan(&self, state: &mut TargetState) {
        debug_assert!(usize::from(state.grade) < state.shares.len());
        state.since = 0;
        state.audit.review(state.now, self.recurrence_us as f32);
        state.margin = self.margin_percent(state);
        state.independent = state.silences.independent();
        let outlook = self.outlook(state);
        let (choice, worth) = self.choose(&outlook, state.audit.strictness());
        (state.mistakes, state.floor) = (choice.excess + choice.floor, choice.floor);
        self.grade(state, &outlook, worth);
    }

    /// Computes the interval at each grade of disturbance, if a mistake costs `worth` probes on
    /// average.
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

    /// Returns the next interval on the way to `wanted`. A shorter one applies at once.
    fn approach(&self, share: u16, wanted: u16) -> u16 {
        let relaxed = scaled_q16(u64::from(share), RELAX_Q16);
        match self.constant {
            0 => wanted.min(u16::try_from(relaxed).unwrap_or(u16::MAX)),
            constant => constant,
        }
    }

    /// Returns the shortest interval that the budget and the limits allow, in bounds.
    fn least(&self) -> f32 {
        (f32::from(self.least_share()) / 65_536.0).max(1.0 - LONGEST)
    }

    /// Returns the interval that would apply without grades, and the lowest price of a mistake in
    /// probes at which it keeps the promise, or the highest price if no price does.
    fn choose(&self, outlook: &Outlook, strictness: u8) -> (Choice, f32) {
        let apart = self.bounds_apart();
        let limit = (PROMISED / apart).max(OF_FLOOR * outlook.floor());
        let worth = WORTH * priced(apart, outlook.floor()) * f32::from(1_u16 << strictness.min(8));
        let at = |doublings| {
            let worth = worth * exp2(doublings);
            (outlook.choose(worth, self.least()), worth)
        };
        let kept = |doublings| at(doublings).0.excess <= limit;
        if kept(0.0) {
            return at(0.0);
        }
        let (mut dear, mut step) = (DEAREST, DEAREST);
        for _ in 0..HALVINGS {
            step *= 0.5;
            if kept(dear - step) {
                dear -= step;
            }
        }
        at(dear)
    }

    /// Returns the requirement that makes the target infeasible, if that is certain.
    pub(super) fn infeasible(&self, state: &TargetState) -> Option<Infeasible> {
        let certain = state.silences.probes() >= CERTAIN;
        let median = u64::from(state.disturbance.level_us());
        if median > scaled_q16(self.bound_us, shape::LAG_MOST) {
            return Some(Infeasible {
                requirement: Setting::DetectWithin,
                // The smallest factor is 8/7, the inverse of `LAG_MOST`. The larger factor 4/3
                // allows for the error of the median, now and later.
                nearest: divided(median.saturating_mul(4), 3),
            });
        }
        let apart = self.bounds_apart();
        let silent = state.silences.longest() >= CERTAIN_SILENCES;
        if silent && state.floor * apart > PESSIMISM {
            return Some(self.too_rare(1.0 / state.mistakes));
        }
        // On a slow path, long round trips alone are no evidence that the budget is too small.
        let slow = median >= self.bound_us >> 3;
        let late_us = median + scaled_q16(self.bound_us, u32::from(self.least_share()));
        let seen = !slow || silent || late_us > self.bound_us;
        let budgeted = self.budget > 0 && certain && seen;
        budgeted.then(|| self.too_few(state)).flatten()
    }

    /// Returns the finding that mistakes cannot be rarer than one in `apart` bounds.
    fn too_rare(&self, apart: f32) -> Infeasible {
        Infeasible {
            requirement: Setting::MistakeRecurrence,
            nearest: self.span_us(apart).max(self.least_recurrence_us()),
        }
    }

    // The cast saturates, and the value is not negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn span_us(&self, bounds: f32) -> u64 {
        (self.bound_us as f32 * bounds) as u64
    }

    /// Returns the requirement that the budget makes infeasible, if no interval that it allows
    /// keeps the promise. The nearest feasible target keeps the same reserve as the planner,
    /// because expectations change until the path is learnt anew.
    // The cast saturates, and the value is not negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn too_few(&self, state: &TargetState) -> Option<Infeasible> {
        let (outlook, apart) = (self.outlook(state), self.bounds_apart());
        let certain = outlook.floor() / PESSIMISM;
        let avoidable = 1.0 / apart - certain;
        let best = outlook.choose(BEYOND_PRICE, self.least());
        let fewest = not_understated(best.excess, best.interval);
        if fewest <= avoidable {
            return None;
        }
        let Some(interval) = outlook.longest(PROMISED * avoidable) else {
            return Some(self.too_rare(PROMISED / (fewest + certain)));
        };
        Some(Infeasible {
            requirement: Setting::ProbeBudget,
            nearest: (1e9 / (interval * self.bound_us as f32)) as u64 + 1,
        })
    }

    /// Returns the expected time between mistakes, in microseconds.
    pub(super) fn expected_us(&self, state: &TargetState) -> u64 {
        self.span_us(1.0 / state.mistakes.max(1e-12))
    }

    /// Returns the time between mistakes that the audit compares with, in microseconds.
    pub(super) fn promised_us(&self, state: &TargetState) -> f32 {
        let promised_us = self.recurrence_us as f32;
        if self.infeasible(state).is_none() {
            return promised_us;
        }
        promised_us.min(self.bound_us as f32 / state.mistakes)
    }
}

/// Returns the time between mistakes by which a mistake is priced, in bounds: `apart`, or less if
/// mistakes that no interval avoids are certain to be more frequent.
fn priced(apart: f32, floor: f32) -> f32 {
    let beyond = apart * floor / PESSIMISM;
    if beyond > 1.0 {
        return apart * exp2(log2(beyond) * (BEYOND_FLOOR - 1.0));
    }
    apart
}

/// Returns a share below 1 in 16 fractional bits.
#[allow(clippy::cast_possible_truncation)] // below one
const fn q16(share: f32) -> u16 {
    debug_assert!(share >= 0.0 && share < 1.0);
    rounded(share * 65_536.0) as u16
}

#[cfg(test)]
mod tests;
