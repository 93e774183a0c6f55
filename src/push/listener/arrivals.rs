//! When beats arrive, beside the line of the sender's schedule.

use crate::math::fixed_point::divided;
use crate::path::window::{Moments, RttWindow};
use crate::push::listener::line::{Line, Point};
use crate::time::{Instant, saturate};

/// The line below all arrivals, and by how much the last `N` arrivals lay above it.
///
/// By sequence number, never by arrival count (\[Chen02\], section 6.3), so that losses shift nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arrivals<const N: usize> {
    /// How much later than the line each beat came, less our own lateness.
    window: RttWindow<N>,
    line: Line,
    /// The line at the newest beat: when it was sent, if the quickest take no time.
    sent: Instant,
    interval_us: u64,
    /// The newest sample of the window.
    last_us: u32,
    /// Beats in a row that came too late for the next, and the first of them.
    late_beats: u8,
    late_since: Point,
}

/// A beat's place: how many slots after the last, at which interval to the next, when it came and how much of that is our lateness,
/// and whether our clock stood still since the last, for nobody knows how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) slots: u32,
    pub(super) interval_us: u64,
    pub(super) received: Instant,
    pub(super) late_us: u64,
    pub(super) slept: bool,
}

/// How many late beats in a row are no accident.
const LATE_BEATS: u8 = 4;

impl<const N: usize> Arrivals<N> {
    pub(super) const fn new() -> Self {
        let line = Line::new(Instant::ZERO);
        Self {
            window: RttWindow::new(),
            late_since: line.newest(),
            line,
            sent: Instant::ZERO,
            interval_us: 0,
            last_us: 0,
            late_beats: 0,
        }
    }

    /// Starts a schedule of which nothing is known but that a beat arrived. The statistics of the path stay.
    pub(super) fn align(&mut self, received: Instant, interval_us: u64) {
        self.line.restart(received);
        self.interval_us = interval_us;
        self.late_beats = 0;
        self.record(received, 0);
    }

    /// Takes in an arrival; returns how much later than the line it came. O(1), whatever `N` is.
    pub(super) fn take(&mut self, step: Step) -> u64 {
        let slots_us = self.interval_us.saturating_mul(step.slots.into());
        if step.slept {
            self.line.restart(step.received);
        } else {
            self.line.take(slots_us, step.received, self.margin_us());
        }
        if step.interval_us != self.interval_us {
            self.change_interval(step);
        }
        self.record(step.received, step.late_us)
    }

    /// The beat announces another interval. Where that was lost until now, nobody knows which slot this is.
    fn change_interval(&mut self, step: Step) {
        let from = if step.slots == 1 {
            self.line.end().min(step.received)
        } else {
            step.received
        };
        self.line = Line::new(from);
        self.interval_us = step.interval_us;
        self.late_beats = 0;
    }

    fn record(&mut self, received: Instant, late_us: u64) -> u64 {
        self.sent = self.line.end().min(received);
        let excess_us = received.since(self.sent);
        self.last_us = saturate(excess_us.saturating_sub(late_us));
        self.window.push_us(self.last_us);
        excess_us
    }

    /// Counts beats in a row that came so late that the next one at that delay comes after the verdict of `bound_us`. Where all
    /// have for `patience_us`, at the pace of their slots, the path is slower for good, or the sender's clock is, and the line
    /// starts again from the newest; returns whether it does. A queue that drains is quicker than its slots.
    pub(super) fn restarts(&mut self, received: Instant, bound_us: u64, patience_us: u64) -> bool {
        let next_us = self.line.span_us(self.interval_us);
        if received.since(self.sent).saturating_add(next_us) <= bound_us {
            self.late_beats = 0;
            return false;
        }
        if self.late_beats == 0 || !self.line.is_in_pace_since(self.late_since) {
            (self.late_beats, self.late_since) = (0, self.line.newest());
        }
        self.late_beats = self.late_beats.saturating_add(1);
        let waited_us = received.since(self.late_since.at);
        if self.late_beats < LATE_BEATS || waited_us < patience_us {
            return false;
        }
        self.line.restart(received);
        (self.sent, self.late_beats) = (received, 0);
        true
    }

    // ---- queries ----

    pub(super) const fn moments(&self) -> &Moments {
        self.window.moments()
    }

    pub(super) const fn interval_us(&self) -> u64 {
        self.interval_us
    }

    /// When the newest beat was sent, if the quickest beats take no time.
    pub(super) const fn sent(&self) -> Instant {
        self.sent
    }

    /// A span that the sender announces, as long as it is on our clock; no shorter than announced.
    pub(super) fn announced_us(&self, span_us: u64) -> u64 {
        self.line.span_us(span_us).max(span_us)
    }

    /// The standard deviation of the lateness.
    pub(super) const fn deviation_us(&self) -> u64 {
        self.moments().deviation_us() as u64
    }

    /// The later of two expectations of how late the next beat comes, that of the last and the mean of the window (2W-FD): it rises
    /// at once and falls slowly.
    fn lateness_us(&self) -> u64 {
        self.last_us.max(self.moments().mean_us()).into()
    }

    /// When the next beat is expected to arrive.
    pub(super) fn expected(&self) -> Instant {
        let next = self.sent.plus(self.line.span_us(self.interval_us));
        next.plus(self.lateness_us())
    }

    /// By how much beats may well miss what is expected: four deviations, or an eighth of an interval.
    pub(super) fn margin_us(&self) -> u64 {
        let deviations_us = self.deviation_us().saturating_mul(4);
        deviations_us.max(self.interval_us / 8)
    }

    /// How much later than the line the next beat may well come.
    pub(super) fn allowance_us(&self) -> u64 {
        self.lateness_us().saturating_add(self.margin_us())
    }

    /// How long the next beat, and then one an interval for each that is missing, is late at `now`, on the scale of
    /// [`moments`](Self::moments), where the newest was sent at `sent`: `missing` is 0 for the first that is not there.
    pub(super) const fn age_us(&self, sent: Instant, missing: u64, now: Instant) -> u64 {
        let slots_us = self.interval_us.saturating_mul(missing.saturating_add(1));
        now.since(sent.plus(self.line.span_us(slots_us)))
    }

    /// How many slots have passed at `now` since the newest beat was sent, at intervals of `interval_us`. A division of 64 bits: for the doubtful
    /// alone.
    pub(super) fn slots_since(&self, now: Instant, interval_us: u64) -> u64 {
        let interval = saturate(interval_us.min(1 << 31)).max(1);
        divided(now.since(self.sent), u64::from(interval))
    }

    pub(super) fn is_valid(&self) -> bool {
        self.line.is_valid() && self.window.is_valid()
    }

    #[cfg(test)]
    pub(super) const fn spoil(&mut self) {
        self.line.spoil();
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    const SECOND_US: u64 = 1_000_000;

    /// A beat that many slots and so long after the moment at which the last one was sent, by the line.
    fn step(arrivals: &Arrivals<8>, slots: u32, interval_us: u64, after_us: u64) -> Step {
        Step {
            slots,
            interval_us,
            received: arrivals.sent.plus(after_us),
            late_us: 0,
            slept: false,
        }
    }

    fn aligned() -> Arrivals<8> {
        let mut arrivals = Arrivals::new();
        arrivals.align(Instant::from_secs(10_000), SECOND_US);
        arrivals
    }

    /// The next beat, which says an interval of a second, so long after its slot.
    fn beat(arrivals: &mut Arrivals<8>, late_us: u64) -> u64 {
        let step = step(arrivals, 1, SECOND_US, SECOND_US + late_us);
        arrivals.take(step)
    }

    #[test]
    fn the_first_beat_is_on_schedule() {
        let arrivals = aligned();
        assert_eq!(arrivals.sent, Instant::from_secs(10_000));
        assert_eq!(arrivals.expected(), Instant::from_secs(10_001));
        assert_eq!(arrivals.allowance_us(), SECOND_US / 8);
    }

    /// One on time, and one two seconds late.
    #[test]
    fn lateness_has_a_mean_a_deviation_and_what_may_well_come() {
        let mut arrivals = aligned();
        assert_eq!(beat(&mut arrivals, 2 * SECOND_US), 2 * SECOND_US);
        assert_eq!(arrivals.deviation_us(), SECOND_US);
        assert_eq!(arrivals.moments().mean(), Duration::from_secs(1));
        assert_eq!(arrivals.allowance_us(), 6 * SECOND_US);
        assert_eq!(
            arrivals.expected(),
            Instant::from_secs(10_004),
            "as late as the last"
        );
        beat(&mut arrivals, 0);
        let expected = Instant::from_micros(10_003_666_666); // as late as the mean
        assert_eq!(arrivals.expected(), expected);
    }

    #[test]
    fn our_own_lateness_is_no_delay_of_the_next_beat() {
        let mut arrivals = aligned();
        let late = Step {
            late_us: 2 * SECOND_US,
            ..step(&arrivals, 1, SECOND_US, 3 * SECOND_US)
        };
        assert_eq!(arrivals.take(late), 2 * SECOND_US);
        assert_eq!(arrivals.expected(), Instant::from_secs(10_002));
    }

    /// An interval that changed in a beat that was lost: nobody knows the slot of this one.
    #[test]
    fn a_new_interval_keeps_the_line_if_its_slot_is_known() {
        let excess = |slots, after_us| {
            let mut arrivals = aligned();
            let new = step(&arrivals, slots, 5 * SECOND_US, after_us);
            let excess_us = arrivals.take(new);
            let next = arrivals.expected().since(arrivals.sent);
            assert_eq!(next, 5 * SECOND_US + excess_us, "{slots} slots");
            excess_us
        };
        assert_eq!(excess(1, SECOND_US), 0);
        assert_eq!(excess(1, SECOND_US + 1_000), 1_000);
        assert_eq!(excess(1, SECOND_US / 10), 0, "its slot was brought forward");
        assert_eq!(excess(2, 20 * SECOND_US), 0);
    }

    #[test]
    fn slots_and_ages_are_counted_from_the_newest_beat() {
        let arrivals = aligned();
        let at = |second: u64| Instant::from_secs(10_000 + second);
        assert_eq!(arrivals.slots_since(at(10), SECOND_US), 10);
        assert_eq!(arrivals.slots_since(at(10), u64::MAX), 0);
        let age = |missing, second| arrivals.age_us(at(0), missing, at(second));
        assert_eq!([age(0, 1), age(2, 3), age(1, 1)], [0; 3]);
        assert_eq!(age(0, 3), 2 * SECOND_US);
    }

    /// Which of the beats that come `late_us` after their slots, one a second, is the first to restart the line.
    fn restarted_at(late_us: impl Fn(u64) -> u64, bound_us: u64, patience_us: u64) -> Option<u64> {
        let mut arrivals = aligned();
        (1..60).find(|&slot| {
            let received = Instant::from_secs(10_000 + slot).plus(late_us(slot));
            let step = Step {
                received,
                ..step(&arrivals, 1, SECOND_US, 0)
            };
            arrivals.take(step);
            let restarts = arrivals.restarts(received, bound_us, patience_us);
            assert!(!restarts || arrivals.sent == received);
            restarts
        })
    }

    #[test]
    fn beats_that_come_too_late_for_the_next_restart_the_line_after_the_patience() {
        let late = |_| 30 * SECOND_US;
        assert_eq!(restarted_at(late, 31 * SECOND_US, 10 * SECOND_US), None);
        assert_eq!(
            restarted_at(late, 31 * SECOND_US - 1, 10 * SECOND_US),
            Some(11)
        );
        assert_eq!(
            restarted_at(late, 3 * SECOND_US, 0),
            Some(4),
            "four at least"
        );
        let one_on_time = |slot| if slot == 8 { 0 } else { 30 * SECOND_US };
        assert_eq!(
            restarted_at(one_on_time, 3 * SECOND_US, 10 * SECOND_US),
            Some(19)
        );
    }
}
