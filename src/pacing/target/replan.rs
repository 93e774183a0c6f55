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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::time::{Instant, saturate};

    /// 2^24 us, so that shares of it are exact.
    const BOUND_US: u64 = 1 << 24;

    /// A mistake is allowed every 16 bounds.
    fn target() -> Target {
        let bound = Duration::from_micros(BOUND_US);
        Target::new(bound).with_recurrence(16 * bound).unwrap()
    }

    /// On a path whose usual round trip is `median_us`.
    fn usual(median_us: u32) -> TargetState {
        let mut state = TargetState::NEW;
        state.trouble.sample(median_us);
        state
    }

    /// With `count` silences of a share of the bound.
    fn after(count: usize, length_us: u64, mut state: TargetState) -> TargetState {
        for _ in 0..count {
            state.silences.add(length_us, BOUND_US, 1 << 14);
        }
        state
    }

    fn requirement(target: &Target, state: &TargetState) -> Option<Setting> {
        target.infeasible(state).map(|found| found.requirement)
    }

    #[test]
    fn the_margin_is_five_eighths_of_the_usual_round_trip() {
        let target = Target::new(Duration::from_secs(10));
        for (median_us, percent) in [
            (1, 3),
            (480_000, 3),
            (480_016, 4), // rounded up
            (1_600_000, 10),
            (4_000_000, 25),
            (8_000_000, 25),
        ] {
            assert_eq!(target.margin_percent(&usual(median_us)), percent);
        }
    }

    #[test]
    fn the_shortest_interval_is_the_shortest_that_the_budget_allows() {
        for budget in [120, 300, 777, 5_000] {
            let share = target().with_budget(budget).unwrap().least_share();
            let probes_us = |share: u16| scaled_q16(BOUND_US, u32::from(share)) * u64::from(budget);
            assert!(probes_us(share) >= 1_000_000_000, "{budget}: {share}");
            assert!(probes_us(share - 2) < 1_000_000_000, "{budget}: {share}");
        }
    }

    #[test]
    fn a_usual_round_trip_of_a_quarter_of_the_bound_is_no_silence() {
        for (median_us, lag_us) in [
            (10, 0),
            ((1 << 22) - 1, 0),
            (1 << 22, 1 << 22),
            (9 << 20, 9 << 20),
        ] {
            assert_eq!(target().lag_us(&usual(median_us)), lag_us);
        }
    }

    /// Half of the timeout, which is two usual round trips, is lost as well.
    #[test]
    fn what_cannot_be_used_of_the_bound_grows_with_the_usual_round_trip() {
        for (median_us, closest, lag) in [
            (1 << 10, 0.04, 0.0),
            (1 << 20, 0.125, 0.0),
            (1 << 22, 0.3, 0.25),
            (1 << 24, 0.3, 0.875),
        ] {
            let mut state = after(50, 3 << 20, usual(median_us));
            state.margin = 7;
            let expected = Outlook::new(&state.silences, 0.07 + closest / 2.0, lag);
            assert_eq!(target().outlook(&state), expected, "{median_us}");
        }
    }

    /// Of which every twentieth probe is followed by a silence of 3/16 of the bound, most of them after trouble.
    fn troubled() -> TargetState {
        let mut state = usual(50_000);
        for k in 0..2_000 {
            let long = k % 20 == 0;
            let length_us = if long { 3 << 20 } else { 50_000 };
            state.silences.add(length_us, BOUND_US, 1 << 14);
            state.risk.add(u8::from(k % 40 < 3), 1 << 14, long);
        }
        state
    }

    #[test]
    fn the_cost_is_that_of_each_grade_while_it_lasts() {
        let mut state = troubled();
        let outlook = target().outlook(&state);
        target().grade(&mut state, &outlook, 3_000.0);
        let grades = state.risk.relative().into_iter().zip(state.risk.parts());
        let cost_of = |(risk, part): (f32, f32)| part * outlook.choose(3_000.0 * risk, 0.0).cost;
        let cost: f32 = grades.map(cost_of).sum();
        assert!((state.cost / cost - 1.0).abs() < 1e-6, "{}", state.cost);
    }

    #[test]
    fn intervals_lengthen_by_steps_until_they_are_as_wanted() {
        let mut state = troubled();
        let outlook = target().outlook(&state);
        state.shares = [1_000; 5];
        target().grade(&mut state, &outlook, 3_000.0);
        assert_eq!((state.shares, state.relaxing), ([1_600; 5], true));
        for _ in 0..12 {
            target().grade(&mut state, &outlook, 3_000.0);
        }
        let wanted = |risk: f32| q16(outlook.choose(3_000.0 * risk, 0.0).interval);
        let wanted = state.risk.relative().map(wanted);
        assert_eq!((state.shares, state.relaxing), (wanted, false));
    }

    #[test]
    fn a_constant_interval_is_never_relaxed() {
        let (target, mut state) = (
            Target {
                constant: 1_234,
                ..target()
            },
            troubled(),
        );
        let outlook = target.outlook(&state);
        target.grade(&mut state, &outlook, 3_000.0);
        assert_eq!((state.shares, state.relaxing), ([1_234; 5], false));
    }

    /// At first, a third of the bounds between two mistakes; each broken promise doubles it.
    #[test]
    fn a_mistake_is_worth_a_third_of_the_bounds_between_two() {
        let outlook = target().outlook(&after(2_000, 10_000, usual(10_000)));
        for (strictness, worth) in [(0, 16.0 / 3.0), (2, 64.0 / 3.0), (12, 4_096.0 / 3.0)] {
            let (_, found) = target().choose(&outlook, strictness);
            assert!((found / worth - 1.0).abs() < 1e-6, "{strictness}: {found}");
        }
    }

    #[test]
    fn over_seven_eighths_of_the_bound_round_trips_leave_no_time_to_ask() {
        let longest = 7 << 21;
        assert_eq!(target().infeasible(&usual(longest)), None);
        let found = target().infeasible(&usual(longest + 1)).unwrap();
        assert_eq!(found.requirement, Setting::DetectWithin);
        assert_eq!(found.nearest, (u64::from(longest) + 1) * 4 / 3);
    }

    /// Twice as many as allowed, of which three silences were witnesses.
    #[test]
    fn what_no_interval_avoids_may_be_too_much() {
        let with = |silences, floor| TargetState {
            floor,
            mistakes: 0.25,
            ..after(silences, 9 << 20, usual(10_000))
        };
        for (silences, floor, infeasible) in [
            (3, 0.125, false),
            (3, 0.126, true),
            (2, 0.5, false),
            (0, 0.5, false),
        ] {
            let found = target().infeasible(&with(silences, floor));
            assert_eq!(found.is_some(), infeasible, "{silences} {floor}");
            if let Some(found) = found {
                assert_eq!(found.requirement, Setting::MistakeRecurrence);
                assert_eq!(found.nearest, 4 * BOUND_US);
            }
        }
    }

    #[test]
    fn a_budget_is_in_the_way_where_there_is_one_and_it_is_certain() {
        let thrifty = target().with_budget(120).unwrap();
        let with = |probes, mistakes| TargetState {
            mistakes,
            ..after(probes, 10_000, usual(10_000))
        };
        let short = Some(Setting::ProbeBudget);
        assert_eq!(requirement(&thrifty, &with(256, 0.126)), short);
        assert_eq!(requirement(&thrifty, &with(256, 0.125)), None);
        assert_eq!(requirement(&thrifty, &with(255, 0.126)), None);
        assert_eq!(requirement(&target(), &with(256, 0.126)), None);
    }

    #[test]
    fn the_nearest_budget_affords_the_longest_interval_that_will_do() {
        let state = TargetState {
            mistakes: 1.0,
            ..after(256, 10_000, usual(10_000))
        };
        let found = target().with_budget(120).unwrap().infeasible(&state);
        let nearest = found.unwrap().nearest as f32;
        let longest = target().outlook(&state).longest(1.5 / 16.0).unwrap();
        let spent = |probes: f32| probes * longest * BOUND_US as f32;
        assert!(spent(nearest) >= 1e9 && spent(nearest - 1.0) < 1e9);
    }

    /// Where a round trip after the shortest interval would come too late, it is certain without a long silence.
    #[test]
    fn on_a_slow_path_a_round_trip_may_be_too_late() {
        let thrifty = target().with_budget(120).unwrap();
        let interval_us = scaled_q16(BOUND_US, u32::from(thrifty.least_share()));
        let just = saturate(BOUND_US - interval_us);
        assert!(u64::from(just) > BOUND_US >> 3);
        let with = |median_us| TargetState {
            mistakes: 1.0,
            ..after(300, 10_000, usual(median_us))
        };
        assert_eq!(thrifty.infeasible(&with(just)), None);
        assert!(thrifty.infeasible(&with(just + 1)).is_some());
    }

    #[test]
    fn the_audit_holds_the_planner_to_what_it_expects() {
        let mut state = after(3, 9 << 20, usual(10_000));
        assert_eq!(target().promised_us(&state), 16 * BOUND_US);
        (state.floor, state.mistakes, state.now) = (0.5, 0.5, Instant::ZERO);
        assert_eq!(target().promised_us(&state), 2 * BOUND_US);
    }
}
