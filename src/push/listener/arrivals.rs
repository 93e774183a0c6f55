//! When beats arrive, beside the line of the sender's schedule.

use crate::math::fixed_point::divided;
use crate::path::window::{Moments, RttWindow};
use crate::push::listener::line::{Line, Point};
use crate::time::{Instant, saturate};

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(super) use compact::CompactArrivals;

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
mod tests;
