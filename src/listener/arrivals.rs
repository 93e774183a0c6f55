//! When beats arrive, beside the schedule that their sequence numbers say.

use core::time::Duration;

use crate::fixed::{divided, scaled_q16};
use crate::time::{Instant, duration, saturate};
use crate::window::{Moments, RttWindow};

/// The last `N` arrivals, as offsets from the sender's schedule.
///
/// By sequence number, never by arrival count (\[Chen02\], section 6.3), so that losses shift nothing. The schedule is the sender's, placed
/// on our clock by the first arrival: where the two clocks differ is part of every offset and drops out of every difference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrivals<const N: usize> {
    /// Offsets plus [`ZERO_US`].
    window: RttWindow<N>,
    /// When the newest beat would have arrived at offset 0.
    origin: Instant,
    interval_us: u64,
    /// The least offset, which is forgotten slowly: it grows by this share of the time.
    least: i64,
    leak_q16: u32,
    /// The newest offset, less what we were late.
    last: i64,
    run: Run,
    /// Whether our clock stood still since the last arrival.
    adrift: bool,
}

/// Stands for an offset of 0 in the window: offsets from -18 to 53 minutes have their place, and are moved before they leave it.
const ZERO_US: u32 = 1 << 30;
/// Offsets beyond are moved back to 0, and those in the window with them.
const FAR: u64 = 1 << 29;
/// The share of the time at which the least offset is forgotten, in 65,536ths: 1/4096, more than two crystals drift apart, unless the sender is found to be slower than it says, by a
/// quarter at most.
const LEAK_MIN_Q16: u32 = 1 << 4;
const LEAK_MAX_Q16: u32 = 1 << 14;

/// An arrival, as it bears on the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// How much later than the quickest it came.
    pub(super) excess_us: u64,
    /// When it was sent, were the quickest to take no time.
    pub(super) sent: Instant,
}

/// A beat's place: how many slots after the last, at which interval to the next, when it came and how much of that is our lateness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) slots: u32,
    pub(super) interval_us: u64,
    pub(super) received: Instant,
    pub(super) late_us: u64,
}

impl<const N: usize> Arrivals<N> {
    pub(super) const fn new() -> Self {
        Self {
            window: RttWindow::new(),
            origin: Instant::ZERO,
            interval_us: 0,
            least: 0,
            leak_q16: LEAK_MIN_Q16,
            last: 0,
            run: Run::NONE,
            adrift: true,
        }
    }

    /// A schedule of which nothing is known but that a beat arrived: its delay is taken to be the usual one.
    pub(super) fn align(&mut self, received: Instant, interval_us: u64) {
        self.adrift = true;
        self.interval_us = interval_us;
        self.take(Step {
            slots: 0,
            interval_us,
            received,
            late_us: 0,
        });
    }

    /// Takes in an arrival. O(1), but for once in many hours.
    pub(super) fn take(&mut self, step: Step) -> Arrival {
        let slots_us = self.advance(step);
        let mut offset = offset(step.received, self.origin);
        let leaked = signed(scaled_q16(slots_us, self.leak_q16));
        let leaked = self.least.saturating_add(leaked);
        let off_schedule = step.interval_us != self.interval_us && offset < self.least;
        if core::mem::take(&mut self.adrift) || off_schedule {
            offset = self.mean();
            self.origin = shifted(step.received, offset.saturating_neg());
            self.run = Run::NONE;
        }
        if offset < self.least {
            self.leak_q16 = LEAK_MIN_Q16.max(self.leak_q16 / 2); // it is not slower
        }
        self.interval_us = step.interval_us;
        self.least = leaked.min(offset);
        self.last = offset.saturating_sub(signed(step.late_us)).max(self.least);
        self.window.push_us(sample(self.last));
        let arrival = self.arrival(offset);
        self.stay_near();
        arrival
    }

    /// Moves the schedule on to the newest beat; returns how far. Where the interval changed in a beat that was lost, the longer one counts:
    /// a beat sent later than it says would look stale for ever, one sent earlier corrects the least offset.
    fn advance(&mut self, step: Step) -> u64 {
        let interval_us = if step.slots > 1 {
            self.interval_us.max(step.interval_us)
        } else {
            self.interval_us
        };
        let slots_us = interval_us.saturating_mul(u64::from(step.slots));
        self.origin = self.origin.plus(slots_us);
        slots_us
    }

    const fn arrival(&self, offset: i64) -> Arrival {
        Arrival {
            excess_us: offset.abs_diff(self.least), // no offset is below the least
            sent: shifted(self.origin, self.least),
        }
    }

    /// Notes that the newest beat came so late that the next one at that delay comes after the verdict of `bound_us`, or that it did not. Where
    /// all have for `patience_us`, at the pace of their slots, the path is slower for good, or the sender than it says: the least delay of them is the
    /// least there is, and the arrival is seen anew. A queue that drains is quicker than its slots.
    pub(super) fn settle(
        &mut self,
        step: Step,
        arrival: Arrival,
        bound_us: u64,
        patience_us: u64,
    ) -> Option<Arrival> {
        if arrival.excess_us.saturating_add(step.interval_us) <= bound_us {
            self.run = Run::NONE;
            return None;
        }
        let offset = self.least.saturating_add(signed(arrival.excess_us));
        let slots_us = step.interval_us.saturating_mul(u64::from(step.slots));
        self.run = self.run.then(step.received, slots_us, offset);
        if !self.run.is_rule(step.received, patience_us) {
            return None;
        }
        self.least = self.run.least.min(offset);
        self.last = self.last.max(self.least);
        self.leak_q16 = self.run.slope_q16(offset).clamp(LEAK_MIN_Q16, LEAK_MAX_Q16);
        self.run = Run::NONE;
        let arrival = self.arrival(offset);
        self.stay_near();
        Some(arrival)
    }

    /// Our clock stood still, for who knows how long.
    pub(super) const fn cast_off(&mut self) {
        self.adrift = true;
    }

    /// Our clock goes back by `back_us`.
    pub(super) const fn set_back(&mut self, back_us: u64) {
        self.origin = self.origin.minus(back_us);
        self.run.since = self.run.since.minus(back_us);
    }

    /// Moves the zero of the schedule to the last offset where that is far off, after hours of drift.
    fn stay_near(&mut self) {
        if self.last.unsigned_abs() < FAR {
            return;
        }
        let by = self.last;
        self.window.shift_us(by.saturating_neg());
        self.origin = shifted(self.origin, by);
        self.least = self.least.saturating_sub(by);
        self.run.least = self.run.least.saturating_sub(by);
        self.last = 0;
    }

    // ---- queries ----

    pub(super) const fn moments(&self) -> &Moments {
        self.window.moments()
    }

    pub(super) const fn interval_us(&self) -> u64 {
        self.interval_us
    }

    /// The mean offset; 0 where there is none.
    fn mean(&self) -> i64 {
        match self.moments().count() {
            0 => 0,
            _ => i64::from(self.moments().mean_us()) - i64::from(ZERO_US),
        }
    }

    /// The standard deviation of the offsets.
    pub(super) const fn deviation_us(&self) -> u64 {
        self.moments().deviation_us() as u64
    }

    /// The later of two expectations, of the last offset and of the window's mean (2W-FD): it rises at once and falls slowly.
    fn later(&self) -> i64 {
        self.last.max(self.mean())
    }

    /// When the next beat is expected to arrive.
    pub(super) fn expected(&self) -> Instant {
        shifted(self.origin.plus(self.interval_us), self.later())
    }

    /// How much later than the quickest the next beat may well come: the later expectation and four deviations.
    pub(super) fn allowance_us(&self) -> u64 {
        let usual = self.later().abs_diff(self.least);
        usual.saturating_add(self.deviation_us().saturating_mul(4))
    }

    /// How long the newest beat, and then one an interval for each that is missing, has been expected at `now`, on the scale of
    /// [`moments`](Self::moments): `missing` is 0 for the first that is not there.
    pub(super) fn age_us(&self, origin: Instant, missing: u64, now: Instant) -> u64 {
        let due = origin.plus(self.interval_us.saturating_mul(missing + 1));
        let zero = u64::from(ZERO_US);
        zero.saturating_add(now.since(due))
            .saturating_sub(due.since(now))
    }

    pub(super) const fn origin(&self) -> Instant {
        self.origin
    }

    /// How many slots have passed at `now` since the newest beat was sent, at intervals of `interval_us`. A division of 64 bits: for the doubtful
    /// alone.
    pub(super) fn slots_since(&self, now: Instant, interval_us: u64) -> u64 {
        let passed = now.since(shifted(self.origin, self.least));
        let interval = saturate(interval_us.min(1 << 31)).max(1);
        divided(passed, u64::from(interval))
    }

    /// The mean excess over the quickest.
    pub(super) fn mean_excess(&self) -> Duration {
        duration(self.mean().abs_diff(self.least))
    }

    pub(super) const fn is_valid(&self) -> bool {
        self.least <= self.last && self.last.unsigned_abs() <= FAR
    }

    #[cfg(test)]
    pub(super) const fn spoil(&mut self) {
        self.least = self.last + 1;
    }
}

/// Beats in a row that came too late for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    beats: u8,
    /// When the first came, at which offset, and how far the newest is from it by their numbers.
    since: Instant,
    first: i64,
    slots_us: u64,
    least: i64,
}

impl Run {
    const NONE: Self = Self {
        beats: 0,
        since: Instant::ZERO,
        first: 0,
        slots_us: 0,
        least: i64::MAX,
    };

    /// How many make a rule.
    const ENOUGH: u8 = 4;

    /// One more, `slots_us` after the one before by its number; or the first, where it came too soon for that.
    fn then(self, received: Instant, slots_us: u64, offset: i64) -> Self {
        let slots_us = self.slots_us.saturating_add(slots_us);
        let in_pace = received.since(self.since) >= slots_us - slots_us / 4;
        if self.beats > 0 && in_pace {
            return Self {
                beats: self.beats.saturating_add(1),
                slots_us,
                least: self.least.min(offset),
                ..self
            };
        }
        Self {
            beats: 1,
            since: received,
            first: offset,
            slots_us: 0,
            least: offset,
        }
    }

    /// Whether they are no accident.
    const fn is_rule(&self, received: Instant, patience_us: u64) -> bool {
        self.beats >= Self::ENOUGH && received.since(self.since) >= patience_us
    }

    /// How much longer than it says the sender's interval is, if that is what it is.
    fn slope_q16(&self, offset: i64) -> u32 {
        if offset < self.first {
            return 0;
        }
        let grown = offset.abs_diff(self.first).min(self.slots_us);
        let shift = 33_u32.saturating_sub(self.slots_us.leading_zeros());
        let (grown, slots) = (grown >> shift, saturate(self.slots_us >> shift)); // below 2^31
        saturate(divided(grown << 16, u64::from(slots.max(1))))
    }
}

/// How much later than `origin` it is.
fn offset(received: Instant, origin: Instant) -> i64 {
    signed(received.since(origin)) - signed(origin.since(received)) // one of them is 0
}

fn signed(us: u64) -> i64 {
    i64::try_from(us).unwrap_or(i64::MAX)
}

const fn shifted(at: Instant, by: i64) -> Instant {
    if by < 0 {
        at.minus(by.unsigned_abs())
    } else {
        at.plus(by.unsigned_abs())
    }
}

/// What the window remembers of an offset.
#[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation)] // clamped
fn sample(offset: i64) -> u32 {
    offset
        .saturating_add(i64::from(ZERO_US))
        .clamp(0, i64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: u64 = 1_000_000;

    /// What a beat that many slots and so long after the last one is, where it says this interval.
    fn step(arrivals: &Arrivals<8>, slots: u32, interval_us: u64, after_us: u64) -> Step {
        Step {
            slots,
            interval_us,
            received: shifted(arrivals.origin, arrivals.last).plus(after_us),
            late_us: 0,
        }
    }

    /// A beat that says an interval of a second, so long after the last.
    fn beat(arrivals: &mut Arrivals<8>, after_us: u64) -> (Step, Arrival) {
        let step = step(arrivals, 1, SECOND_US, after_us);
        (step, arrivals.take(step))
    }

    fn aligned() -> Arrivals<8> {
        let mut arrivals = Arrivals::new();
        arrivals.align(Instant::from_secs(10_000), SECOND_US);
        arrivals
    }

    /// The same, of another interval and place.
    fn other(arrivals: &mut Arrivals<8>, slots: u32, interval_us: u64, after_us: u64) -> Arrival {
        arrivals.take(step(arrivals, slots, interval_us, after_us))
    }

    #[test]
    fn who_is_early_at_the_old_interval_is_the_quickest_and_at_a_new_one_has_another_schedule() {
        let mut arrivals = aligned();
        beat(&mut arrivals, SECOND_US / 2);
        assert_eq!(arrivals.least, -500_000);
        let expected = Instant::from_millis(10_001_750); // by the mean of the two offsets
        assert_eq!(arrivals.expected(), expected);

        let mut arrivals = aligned();
        let arrival = other(&mut arrivals, 1, SECOND_US / 10, SECOND_US / 10);
        assert_eq!((arrival.excess_us, arrivals.least), (0, 0));
        let next = Instant::from_secs(10_000).plus(SECOND_US / 5);
        assert_eq!(arrivals.expected(), next);
    }

    #[test]
    fn a_new_interval_on_time_or_late_keeps_the_schedule() {
        let excess_at = |offset: i64| {
            let mut arrivals = aligned();
            beat(&mut arrivals, 3 * SECOND_US); // so that the mean is a second
            let on_time = shifted(arrivals.origin.plus(SECOND_US), arrivals.least);
            let step = Step {
                slots: 1,
                interval_us: 5 * SECOND_US,
                received: shifted(on_time, offset),
                late_us: 0,
            };
            arrivals.take(step).excess_us
        };
        assert_eq!([0, 1_000].map(excess_at), [0, 756]); // less what is forgotten of the quickest
    }

    /// An interval that changed in a beat which was lost: the longer one is taken to have been in force.
    #[test]
    fn the_schedule_moves_by_what_was_said_or_by_the_longer_where_that_was_lost() {
        let moved = |slots, interval_us| {
            let mut arrivals = aligned();
            let before = arrivals.origin;
            other(&mut arrivals, slots, interval_us, 20 * SECOND_US);
            arrivals.origin.since(before) / (SECOND_US / 2)
        };
        assert_eq!([moved(1, 3 * SECOND_US), moved(1, SECOND_US / 2)], [2, 2]);
        assert_eq!([moved(2, 3 * SECOND_US), moved(2, SECOND_US / 2)], [12, 4]);
    }

    #[test]
    fn whoever_is_quicker_than_the_quickest_is_not_slower_than_it_says() {
        let leak_after = |offset: i64| {
            let mut arrivals = aligned();
            arrivals.leak_q16 = LEAK_MAX_Q16;
            beat(&mut arrivals, SECOND_US.saturating_add_signed(offset));
            arrivals.leak_q16
        };
        assert_eq!([1, 0].map(leak_after), [LEAK_MAX_Q16; 2]);
        assert_eq!(leak_after(-1), LEAK_MAX_Q16 / 2);
    }

    #[test]
    fn after_our_clock_stood_still_the_schedule_is_found_anew() {
        let mut arrivals = aligned();
        arrivals.cast_off();
        let arrival = other(&mut arrivals, 1, SECOND_US, 3 * SECOND_US);
        assert_eq!(arrival.excess_us, 0);
        assert_eq!(arrivals.expected(), Instant::from_secs(10_004));
    }

    #[test]
    fn a_clock_that_goes_back_takes_the_schedule_with_it() {
        let mut arrivals = aligned();
        let (step, arrival) = beat(&mut arrivals, 3 * SECOND_US);
        arrivals.settle(step, arrival, SECOND_US, SECOND_US);
        let (next, since) = (arrivals.expected(), arrivals.run.since);
        arrivals.set_back(7 * SECOND_US);
        assert_eq!(arrivals.expected(), next.minus(7 * SECOND_US));
        assert_eq!(arrivals.run.since, since.minus(7 * SECOND_US));
    }

    #[test]
    fn offsets_from_17_minutes_early_to_53_late_have_their_place() {
        let minute = 60_000_000_i64;
        for offset in [-17 * minute, 0, 53 * minute] {
            let mut arrivals = Arrivals::<1>::new();
            arrivals.window.push_us(sample(offset));
            assert_eq!(arrivals.mean(), offset);
        }
        assert_eq!(Arrivals::<1>::new().mean(), 0);
    }

    /// What is less than nine minutes off the schedule stays there; more becomes the schedule.
    #[test]
    fn the_schedule_follows_what_is_far_off() {
        let off_us = [FAR - 1, FAR];
        let last = off_us.map(|off_us| {
            let mut arrivals = aligned();
            beat(&mut arrivals, SECOND_US + off_us);
            assert!(arrivals.is_valid());
            let next = arrivals.expected().since(Instant::from_secs(10_000));
            assert_eq!(next, 2 * SECOND_US + off_us);
            arrivals.last
        });
        assert_eq!(last, [signed(FAR) - 1, 0]);
    }

    /// By a second in 4,096, so that the quickest of long ago is none for ever.
    #[test]
    fn the_quickest_is_forgotten_slowly() {
        let mut arrivals = aligned();
        beat(&mut arrivals, 2 * SECOND_US);
        let before = arrivals.least;
        for _ in 0..4_096 {
            beat(&mut arrivals, SECOND_US);
        }
        assert_eq!(arrivals.least - before, 4_096 * (1_000_000 / 4_096));
    }

    /// A sender that takes twice as long as it says is no more than a quarter slower, as far as the quickest goes.
    #[test]
    fn the_quickest_is_forgotten_by_a_quarter_of_the_time_at_most() {
        let mut arrivals = aligned();
        let anew = (0..8).find_map(|_| {
            let (step, arrival) = beat(&mut arrivals, 2 * SECOND_US);
            arrivals.settle(step, arrival, 3 * SECOND_US, 0)
        });
        assert!(anew.is_some());
        let before = arrivals.least;
        beat(&mut arrivals, 2 * SECOND_US);
        assert_eq!(arrivals.least - before, 250_000);
    }

    #[test]
    fn the_first_beat_is_on_schedule() {
        let arrivals = aligned();
        assert_eq!(arrivals.origin, Instant::from_secs(10_000));
        assert_eq!((arrivals.least, arrivals.last), (0, 0));
    }

    /// One on time, and one two seconds late.
    #[test]
    fn lateness_has_a_mean_a_deviation_and_what_may_well_come() {
        let mut arrivals = aligned();
        beat(&mut arrivals, 3 * SECOND_US);
        let forgotten_us = 244; // a second's 4,096th
        assert_eq!(arrivals.deviation_us(), SECOND_US);
        let mean_us = SECOND_US - forgotten_us;
        assert_eq!(arrivals.mean_excess(), Duration::from_micros(mean_us));
        assert_eq!(arrivals.allowance_us(), 6 * SECOND_US - forgotten_us);
    }

    #[test]
    fn slots_and_ages_are_counted_from_the_newest_beat() {
        let arrivals = aligned();
        let at = |second: u64| Instant::from_secs(10_000 + second);
        assert_eq!(arrivals.slots_since(at(10), SECOND_US), 10);
        assert_eq!(arrivals.slots_since(at(10), u64::MAX), 0);
        let age = |missing, second| arrivals.age_us(at(0), missing, at(second));
        let zero = u64::from(ZERO_US);
        assert_eq!([age(0, 1), age(2, 3)], [zero; 2]);
        assert_eq!(age(0, 3), zero + 2 * SECOND_US);
        assert_eq!(age(1, 1), zero - SECOND_US);
    }

    #[test]
    fn a_run_is_in_pace_from_three_quarters_of_its_slots_on() {
        let beats_after = |us| {
            let first = Run::NONE.then(Instant::from_secs(9), SECOND_US, 0);
            let received = Instant::from_secs(9).plus(us);
            first.then(received, SECOND_US, 0).beats
        };
        assert_eq!([750_000, 749_999].map(beats_after), [2, 1]);
    }

    #[test]
    fn a_slope_is_what_grew_in_the_time_of_the_slots() {
        let slope = |slots_us: u64, first: i64, offset: i64| {
            let run = Run {
                first,
                slots_us,
                ..Run::NONE
            };
            run.slope_q16(offset)
        };
        assert_eq!(slope(1_000_000, 5, 250_005), 1 << 14);
        assert_eq!(slope(1 << 34, 0, 1 << 32), 1 << 14);
        assert_eq!(slope(1_000_000, 250_005, 5), 0);
        assert_eq!(slope(1_000_000, 0, 1 << 40), 1 << 16);
    }

    #[test]
    fn a_run_keeps_its_least_offset() {
        let beats = [9, 7, 8].into_iter().zip(1..);
        let run = beats.fold(Run::NONE, |run, (offset, second)| {
            run.then(Instant::from_secs(second), 1_000_000, offset)
        });
        assert_eq!((run.beats, run.first, run.least), (3, 9, 7));
    }
}
