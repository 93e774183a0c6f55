//! The sender's schedule on our clock: the line below all arrivals.
//!
//! # Model
//!
//! A beat is a point: the moment of its slot on the sender's schedule, and the moment of its arrival on our
//! clock. A beat arrives at its send time plus a delay, and the two clocks run at a constant ratio, so every
//! point lies above the line of the send times by its delay. The quickest beats lie on that line, but for the
//! least delay, which nobody can know without a common clock. S. Moon, P. Skelly and D. Towsley, "Estimation
//! and removal of clock skew from network delay measurements", INFOCOM 1999, take the line that lies below all
//! points and touches them at their mean slot: of all lines below the points, it is the one with the least
//! sum of delays above it. It is the edge of the lower convex hull over the mean slot.
//!
//! * The slope is the interval of the sender on our clock over the announced one. A sender may be up to a
//!   quarter faster or slower than it announces, so the slope is held within 3/4 and 5/4.
//! * The announced interval is kept as the slope unless the other line halves the sum of delays, or quarters it in the
//!   first 16 beats, of four points at least: a queue that builds up in the first seconds looks like a slow sender,
//!   but its points scatter.
//! * The line is extended to the newest beat and read there: "sent, if the quickest beats take no time".
//!   It is never later than the arrival.
//!
//! # Blocks
//!
//! The points are the lowest of each of [`BLOCKS`] blocks of consecutive beats, lowest beside the line of the
//! moment. A block has 1 beat at first. When all blocks are full, neighbours are merged and blocks are twice
//! as long from there on, up to [`BEATS_MAX`] beats; then the oldest block is dropped. So
//!
//! * the line rests on the lowest beats of all time until there are [`MEMORY`], and then of the last 7/8 of as many
//!   at least;
//! * a step up in delay counts after [`MEMORY`] heard beats at the latest, one down at once.
//!
//! A change of the clock's rate moves the line away from the newest beats until their half of the blocks outweighs
//! the other. 1,000 ppm, twice what a crystal is off, thus cost at most half an interval: less than any bound that
//! tolerates a loss leaves.
//!
//! # What restarts it
//!
//! * A beat so early that no slope from 3/4 on leads from an older point down to it voids that point.
//! * A beat that comes an eighth of an interval before a line of more than 16 beats voids all older points: the delay
//!   has stepped down, or our clock stood still.
//! * A change of the announced interval is a new schedule. If no beat was lost with it, the line goes on from
//!   where it was; the slope is found anew.
//! * A new incarnation, and [`Arrivals::settle`](super::arrivals::Arrivals::settle).
//!
//! # Cost
//!
//! Per beat, whatever the size of the window: 30 passes over the [`BLOCKS`] points, with one multiplication of 64 by
//! 32 bits a point. No division, no allocation. Spans saturate.

use crate::time::Instant;
use crate::wide;

/// How many points the line rests on.
const BLOCKS: usize = 8;
/// The longest block, in heard beats.
const BEATS_MAX: u16 = 128;
/// How many heard beats it takes at most until an old point is forgotten.
#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // eight
const MEMORY: u32 = BLOCKS as u32 * BEATS_MAX as u32;

/// A sender that keeps the announced interval on our clock.
const RATE: u32 = 1 << 31;
/// The limits of the slope, a quarter to either side.
const RATE_MIN: u32 = RATE - RATE / 4;
const RATE_MAX: u32 = RATE + RATE / 4;
/// The length of the blocks of a line that rests on at most 16 beats.
const YOUNG: u16 = 2;
/// How often the range of slopes is halved to find one: to 0.5 ppm, a quarter of a millisecond in 1,000 s.
const HALVINGS: u32 = 20;

/// A beat: its slot on the sender's schedule, in microseconds since the first, and its arrival on our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    slot: u64,
    pub(super) at: Instant,
}

impl Point {
    /// Where a line of slope `rate` through this point is at `slot`, which is not before it.
    const fn ahead(self, slot: u64, rate: u32) -> Instant {
        self.at.plus(scaled(wide::minus(slot, self.slot), rate))
    }

    /// The lower of two beside a line of slope `rate`; `later` has the later slot.
    fn lower(self, later: Self, rate: u32) -> Self {
        if later.at <= self.ahead(later.slot, rate) {
            later
        } else {
            self
        }
    }

    /// Whether a line of the least slope leads from here to no later than `later`, whose slot is later.
    pub(super) fn is_in_pace_with(self, later: Self) -> bool {
        later.at >= self.ahead(later.slot, RATE_MIN)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The lowest of each block, oldest first; the last block is open. Those from `blocks` on mean nothing.
    points: [Point; BLOCKS],
    /// The newest slot.
    slot: u64,
    /// The slope, in 31 fractional bits.
    rate: u32,
    /// Beats in the open block, and how many fill it: a power of two.
    beats: u16,
    size: u16,
    blocks: u8,
}

impl Line {
    /// Through one beat, at the announced interval.
    pub(super) const fn new(at: Instant) -> Self {
        Self::through(Point { slot: 0, at }, RATE)
    }

    const fn through(point: Point, rate: u32) -> Self {
        Self {
            points: [point; BLOCKS],
            slot: point.slot,
            rate,
            beats: 1,
            size: 1,
            blocks: 1,
        }
    }

    /// Starts again from one point: the newest slot at `at`. The slope stays until there is another.
    pub(super) const fn restart(&mut self, at: Instant) {
        *self = Self::through(self.newest(at), self.rate);
    }

    /// Takes in the beat whose slot is `slots_us` after the newest. One that comes more than `early_us` before a line of more than 16
    /// beats says that the path is quicker, or that our clock stood still: the older points are void.
    pub(super) fn take(&mut self, slots_us: u64, at: Instant, early_us: u64) {
        self.slot = wide::plus(self.slot, slots_us);
        if self.size > YOUNG && at.plus(early_us) < self.end() {
            return self.restart(at);
        }
        self.place(self.newest(at));
        self.fit();
    }

    /// The newest slot and an arrival in it.
    pub(super) const fn newest(&self, at: Instant) -> Point {
        Point {
            slot: self.slot,
            at,
        }
    }

    /// The line at the newest slot.
    pub(super) fn end(&self) -> Instant {
        self.touched(self.rate).1.ahead(self.slot, self.rate)
    }

    /// A span of the sender's schedule on our clock.
    pub(super) const fn span_us(&self, schedule_us: u64) -> u64 {
        scaled(schedule_us, self.rate)
    }

    // ---- blocks ----

    fn place(&mut self, newest: Point) {
        let full = self.beats >= self.size;
        if full && usize::from(self.blocks) == BLOCKS {
            self.make_room();
        }
        if full {
            (self.blocks, self.beats) = (self.blocks + 1, 0); // at most BLOCKS
        }
        self.beats += 1;
        let open = usize::from(self.blocks).wrapping_sub(1);
        if let Some(open) = self.points.get_mut(open) {
            *open = if full {
                newest
            } else {
                open.lower(newest, self.rate)
            };
        }
    }

    /// Merges neighbours, or drops the oldest block if they are as long as they may be.
    fn make_room(&mut self) {
        if self.size >= BEATS_MAX {
            return self.drop_oldest();
        }
        let [p0, p1, p2, p3, p4, p5, p6, p7] = self.points;
        let merged = |earlier: Point, later| earlier.lower(later, self.rate);
        let [q0, q1] = [merged(p0, p1), merged(p2, p3)];
        let [q2, q3] = [merged(p4, p5), merged(p6, p7)];
        self.points = [q0, q1, q2, q3, q3, q3, q3, q3];
        (self.blocks, self.size) = (4, self.size * 2);
    }

    const fn drop_oldest(&mut self) {
        let [_, p1, p2, p3, p4, p5, p6, p7] = self.points;
        self.points = [p1, p2, p3, p4, p5, p6, p7, p7];
        self.blocks = self.blocks.saturating_sub(1);
    }

    // ---- the fit ----

    /// Finds the slope.
    ///
    /// Of two points that lines touch, the older one is touched by the flatter line. So what is older than the point that
    /// the flattest line touches is touched by no line within the limits, and dropped.
    fn fit(&mut self) {
        let (void, _) = self.touched(RATE_MIN);
        for _ in 0..void {
            self.drop_oldest();
        }
        if self.blocks == 1 {
            (self.beats, self.size) = (1, 1); // nothing is known but the newest beat
        }
        if self.blocks > 3 {
            let rate = self.touching_at_mean();
            let part = if self.size > YOUNG { 2 } else { 4 };
            let is_evident = self.delays(rate) <= self.delays(RATE) / part;
            self.rate = if is_evident { rate } else { RATE };
        }
    }

    /// The slope of the line that touches the points at their mean slot: a flatter one touches an older point.
    fn touching_at_mean(&self) -> u32 {
        let ages = self.held().map(|point| self.age(point)).sum();
        let (mut flat, mut steep) = (RATE_MIN, RATE_MAX);
        for _ in 0..HALVINGS {
            let rate = flat + (steep - flat) / 2;
            let (_, touched) = self.touched(rate);
            if self.age(touched) * u64::from(self.blocks) > ages {
                flat = rate;
            } else {
                steep = rate;
            }
        }
        flat
    }

    /// The sum of the delays of the points above the line of slope `rate`.
    fn delays(&self, rate: u32) -> u64 {
        let end = self.touched(rate).1.ahead(self.slot, rate);
        let delay = |point: Point| point.ahead(self.slot, rate).since(end);
        self.held().map(delay).fold(0, wide::plus)
    }

    /// The point that a line of slope `rate` below all of them touches, and how many are older. Of several, the newest.
    fn touched(&self, rate: u32) -> (usize, Point) {
        let (mut lowest, mut least) = ((0, self.newest(Instant::MAX)), Instant::MAX);
        for (older, point) in self.held().enumerate() {
            let end = point.ahead(self.slot, rate);
            if end <= least {
                (lowest, least) = ((older, point), end);
            }
        }
        lowest
    }

    fn held(&self) -> impl Iterator<Item = Point> {
        self.points.iter().take(self.blocks.into()).copied()
    }

    /// How long before the newest slot; at most 36,000 years, so that the sum of eight fits.
    const fn age(&self, point: Point) -> u64 {
        wide::min(wide::minus(self.slot, point.slot), 1 << 60)
    }

    pub(super) fn is_valid(&self) -> bool {
        let blocks = usize::from(self.blocks);
        let filled = (1..=BLOCKS).contains(&blocks) && self.beats <= self.size;
        let limits = (RATE_MIN..=RATE_MAX).contains(&self.rate) && self.size <= BEATS_MAX;
        filled && limits && self.held().is_sorted_by_key(|point| point.slot)
    }

    #[cfg(test)]
    pub(super) const fn spoil(&mut self) {
        self.rate = 0;
    }
}

/// `span` times `rate`, rounded down.
const fn scaled(span: u64, rate: u32) -> u64 {
    let (high, low) = (span >> 32, span & 0xffff_ffff);
    let high = high * rate as u64;
    wide::plus(wide::plus(high, high), (low * rate as u64) >> 31)
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const SECOND_US: u64 = 1_000_000;

    /// The line through beats one second apart that arrive so many milliseconds after their slots.
    fn line(delays_ms: &[u64]) -> Line {
        let at = |slot: u64, delay_ms| Instant::from_millis(100_000 + 1_000 * slot + delay_ms);
        let mut line = Line::new(at(0, delays_ms[0]));
        for (slot, &delay_ms) in (1..).zip(&delays_ms[1..]) {
            line.take(SECOND_US, at(slot, delay_ms), SECOND_US / 8);
            assert!(line.is_valid(), "{line:?}");
        }
        line
    }

    /// How long after its slot the newest beat is sent, by the line, in milliseconds.
    fn end_ms(delays_ms: &[u64]) -> u64 {
        let slot = Instant::from_secs(99 + delays_ms.len() as u64);
        line(delays_ms).end().since(slot) / 1_000
    }

    /// The slope, in thousandths.
    fn permille(line: &Line) -> u64 {
        line.span_us(1_000_000) / 1_000
    }

    #[test]
    fn the_line_is_as_late_as_the_quickest_beat() {
        assert_eq!(end_ms(&[7]), 7);
        assert_eq!(end_ms(&[20, 7, 30, 9, 25, 40]), 7);
    }

    #[test]
    fn a_step_down_in_delay_counts_at_once() {
        assert_eq!(end_ms(&[5_000, 5_010, 5_005, 5_000, 20]), 20);
        let after = line(&[5_000, 5_010, 5_005, 5_000, 20]);
        assert_eq!(
            (after.blocks, after.size),
            (1, 1),
            "the older points are void"
        );
    }

    /// A queue that drains is quicker than its slots.
    #[test]
    fn a_beat_is_in_pace_from_three_quarters_of_its_slots_on() {
        let point = |slot, us| Point {
            slot,
            at: Instant::from_micros(us),
        };
        let first = point(0, 10_000_000);
        let in_pace = |us| first.is_in_pace_with(point(4_000_000, us));
        assert_eq!([13_000_000, 12_999_999].map(in_pace), [true, false]);
    }

    /// Or else the line leads down from the old points, and on below the new ones.
    #[test]
    fn a_step_down_in_delay_leaves_the_slope_alone() {
        for beats in [40, 700, 2_000] {
            let mut delays = [900].repeat(beats);
            delays.extend([20; 600]);
            for heard in [beats + 1, beats + 40, beats + 300, beats + 600] {
                assert!(end_ms(&delays[..heard]).abs_diff(20) <= 1, "{beats} before");
            }
        }
    }

    #[test]
    fn a_step_up_in_delay_counts_when_the_old_points_are_forgotten() {
        let mut delays = [20; 64].to_vec();
        delays.extend([5_020].repeat(MEMORY as usize));
        assert_eq!(end_ms(&delays[..68]), 20);
        assert_eq!(end_ms(&delays), 5_020);
    }

    #[test]
    fn a_sender_that_is_slow_or_fast_is_understood_by_its_fourth_beat() {
        for (step_ms, rate) in [(240, 1_240), (50, 1_050), (1, 1_001)] {
            let slow: Vec<u64> = (0..40).map(|beat| 20 + beat * step_ms).collect();
            for beats in 4..40 {
                let line = line(&slow[..beats]);
                assert!(permille(&line).abs_diff(rate) <= 1, "{beats} beats");
            }
        }
        let fast: Vec<u64> = (0..40).map(|beat| 20_000 - beat * 200).collect();
        assert!((4..40).all(|beats| permille(&line(&fast[..beats])).abs_diff(800) <= 1));
    }

    #[test]
    fn no_slope_is_beyond_a_quarter() {
        let slow: Vec<u64> = (0..40).map(|beat| 20 + beat * 300).collect();
        assert_eq!(permille(&line(&slow)), 1_249, "just below, for the halving");
        let fast: Vec<u64> = (0..40).map(|beat| 40_000 - beat * 900).collect();
        assert_eq!(
            permille(&line(&fast)),
            1_000,
            "each beat voids those before"
        );
    }

    /// A queue that builds up in the first seconds looks like a slow sender, but its points do not lie on one line.
    #[test]
    fn delays_that_scatter_as_much_as_they_rise_leave_the_slope_alone() {
        assert_eq!(permille(&line(&[51, 505, 555])), 1_000);
        assert_eq!(permille(&line(&[51, 337, 237, 600, 84])), 1_000);
    }

    #[test]
    fn blocks_grow_until_the_line_rests_on_a_thousand_beats() {
        let delays: Vec<u64> = (0..3 * u64::from(MEMORY))
            .map(|beat| beat * 7 % 50)
            .collect();
        for (beats, blocks, size) in [
            (8, 8, 1),
            (9, 5, 2),
            (16, 8, 2),
            (17, 5, 4),
            (1_024, 8, 128),
            (1_025, 8, 128),
        ] {
            let line = line(&delays[..beats]);
            assert_eq!((line.blocks, line.size), (blocks, size), "{beats} beats");
        }
        let line = line(&delays);
        let oldest = line.slot - line.points[0].slot;
        assert!(oldest <= u64::from(MEMORY) * SECOND_US, "{oldest}");
        assert!(
            oldest >= u64::from(MEMORY - 2 * 128) * SECOND_US,
            "{oldest}"
        );
    }

    #[test]
    fn a_restart_goes_on_from_one_point_at_the_same_slope() {
        let slow: Vec<u64> = (0..40).map(|beat| 20 + beat * 100).collect();
        let mut line = line(&slow);
        let at = line.end().plus(SECOND_US);
        line.restart(at);
        assert!(line.is_valid());
        assert_eq!((line.end(), line.blocks), (at, 1));
        assert!(permille(&line).abs_diff(1_100) <= 1);
    }

    #[test]
    fn a_spoilt_line_is_not_valid() {
        let spoilt = |spoil: fn(&mut Line)| {
            let mut line = line(&[20; 40]);
            spoil(&mut line);
            line.is_valid()
        };
        assert!(spoilt(|_| {}));
        assert!(!spoilt(|line| line.blocks = 0));
        assert!(!spoilt(|line| line.blocks = 9));
        assert!(!spoilt(|line| line.beats = line.size + 1));
        assert!(!spoilt(|line| line.size = 2 * BEATS_MAX));
        assert!(!spoilt(|line| line.rate = RATE_MIN - 1));
        assert!(!spoilt(|line| line.rate = RATE_MAX + 1));
        assert!(!spoilt(|line| line.points[1].slot = 0));
    }

    #[test]
    fn spans_are_scaled_exactly_up_to_the_longest() {
        for rate in [RATE_MIN, RATE - 1, RATE, RATE + 1, RATE_MAX] {
            for span in [0, 1, 1_000_000, (1 << 32) - 1, 1 << 32, (1 << 50) + 12_345] {
                let exact = (u128::from(span) * u128::from(rate)) >> 31;
                assert_eq!(u128::from(scaled(span, rate)), exact, "{span} at {rate}");
            }
        }
        assert_eq!(scaled(u64::MAX, RATE_MAX), u64::MAX);
    }

    /// The least sum of delays over many slopes.
    fn least_delays(line: &Line) -> u64 {
        let slopes = (0..=10_000).map(|part| RATE_MIN + part * (RATE / 2 / 10_000));
        slopes.map(|rate| line.delays(rate)).min().unwrap()
    }

    proptest! {
        /// No other slope within the limits has a lesser sum of delays, but for rounding.
        #[test]
        fn the_line_has_the_least_sum_of_delays(delays in prop::collection::vec(0_u64..3_000, 4..60)) {
            let line = line(&delays);
            prop_assume!(line.blocks > 3);
            let found = line.delays(line.touching_at_mean());
            prop_assert!(found <= least_delays(&line) + 1_000, "{found}: {line:?}");
        }

        /// Whatever arrives whenever, no point that counts lies below the line, and nothing overflows.
        #[test]
        fn no_point_lies_below_the_line(steps in prop::collection::vec((any::<u64>(), 0_u32..64, any::<u64>(), 0_u32..64), 1..100)) {
            let mut line = Line::new(Instant::from_micros(1 << 40));
            for (slots_us, short, at_us, early) in steps {
                line.take(slots_us >> short, Instant::from_micros(at_us >> early), 9);
                prop_assert!(line.is_valid(), "{line:?}");
                let end = line.end();
                prop_assert!(line.held().all(|point| point.ahead(line.slot, line.rate) >= end));
            }
        }
    }
}
