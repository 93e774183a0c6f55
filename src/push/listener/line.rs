//! The sender's schedule on our clock: the line below all arrivals.
//!
//! # Model
//!
//! A beat is a point: the moment of its slot on the sender's schedule, and that of its arrival on our
//! clock. A beat arrives at its send time plus a delay, and the two clocks run at a constant ratio, so
//! every point lies above the line of the send times by its delay. The quickest beats lie on that
//! line, but for the least delay, which nobody can know without a common clock. S. Moon, P. Skelly
//! and D. Towsley, "Estimation and removal of clock skew from network delay measurements", INFOCOM
//! 1999, take the line that lies below all points and touches them in their middle.
//!
//! * The slope is the interval of the sender on our clock over the announced one. A sender may be up to
//!   a quarter faster or slower than it announces, so the slope is held within 3/4 and 5/4.
//! * It stays as it is, 1 at first, unless that line halves the sum of delays, or leaves a quarter of it
//!   in the first 16 beats, of four points at least: a queue that builds up in the first seconds looks
//!   like a slow sender, but its points scatter. It has to leave a quarter of that of the newer half of the
//!   points, too: after a step down in delay a line from the points before it leads down to the first
//!   after it, and ever farther below those that follow.
//! * The middle is that of the points, not of their slots: a beat that was held for long is one point
//!   among others, however far from them it lies.
//! * The line is extended to the newest beat and read there. It is never later than the arrival.
//! * A beat that comes sooner after another than the fastest sender could send it proves that the other
//!   was held: no line within the limits touches that. So a beat counts once the next one has come and
//!   does not prove that. Of a queue that drains, the last one does.
//!
//! # Blocks
//!
//! The points are the newest beat and the lowest of each of [`BLOCKS`] blocks of consecutive beats,
//! lowest beside the line of the moment. A block has 1 beat at first. When all are full, neighbours are
//! merged and blocks are twice as long from there on, up to [`BEATS_MAX`] beats; then the oldest is
//! dropped. So the line rests on all beats until there are 896, and then on the last 768 at least: that
//! long a step up in delay takes at most to be understood. A change of the clock's rate by 1,000 ppm,
//! twice what a crystal is off, costs at most half an interval until then.
//!
//! # What restarts it
//!
//! * Where the oldest point of more than 16 beats lies farther above the line than beats usually miss
//!   what is expected, the delay has stepped down, the sender has become faster or our clock stood
//!   still.
//! * After a suspend that our clock did not see, with a new incarnation, and where
//!   [`Arrivals`](super::arrivals::Arrivals) finds a step up, nobody knows where the line is: only its
//!   slope stays.
//! * A change of the announced interval is a new schedule, of slope 1: who works for a while after each
//!   interval is slower by less of a longer one. If no beat was lost with it, the line goes on from where
//!   it was.
//!
//! # Cost
//!
//! Per beat, whatever the size of the window: 34 passes over the points, with one multiplication of 64
//! by 32 bits a point. No division, no allocation. Spans saturate.

use crate::math::saturating;
use crate::time::Instant;

/// How many blocks the line rests on, beside the newest beat.
const BLOCKS: usize = 7;
/// The longest block, in beats.
const BEATS_MAX: u16 = 128;

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
        self.at
            .plus(scaled(saturating::minus(slot, self.slot), rate))
    }

    /// The lower of two beside a line of slope `rate`; `later` has the later slot.
    fn lower(self, later: Self, rate: u32) -> Self {
        if later.at <= self.ahead(later.slot, rate) {
            later
        } else {
            self
        }
    }

    /// Whether `later`, whose slot is later, came so soon that this one was held.
    fn was_held_before(self, later: Self) -> bool {
        later.at < self.ahead(later.slot, RATE_MIN)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The lowest of each block, oldest first; the last block is open. Those from `held` on mean nothing.
    blocks: [Point; BLOCKS],
    newest: Point,
    /// The slope, in 31 fractional bits.
    rate: u32,
    /// Beats in the open block, and how many fill it: a power of two.
    beats: u16,
    size: u16,
    held: u8,
    /// Whether the newest proves that the beat before it was held.
    drains: bool,
}

impl Line {
    /// Through one beat, at the announced interval.
    pub(super) const fn new(at: Instant) -> Self {
        Self::through(Point { slot: 0, at }, RATE)
    }

    const fn through(newest: Point, rate: u32) -> Self {
        Self {
            blocks: [newest; BLOCKS],
            newest,
            rate,
            beats: 1, // full: the first beat opens a block
            size: 1,
            held: 0,
            drains: false,
        }
    }

    /// Starts again from one point: the newest slot at `at`. The slope stays until there is another.
    pub(super) const fn restart(&mut self, at: Instant) {
        let slot = self.newest.slot;
        *self = Self::through(Point { slot, at }, self.rate);
    }

    /// Takes in the beat whose slot is `slots_us` after the newest. Where the oldest point of more than
    /// 16 beats lies more than `far_us` above the line, it starts again where it is.
    pub(super) fn take(&mut self, slots_us: u64, at: Instant, far_us: u64) {
        let slot = saturating::plus(self.newest.slot, slots_us);
        let newest = Point { slot, at };
        self.drains = self.newest.was_held_before(newest);
        if !self.drains {
            self.place(self.newest);
        }
        self.newest = newest;
        self.forget();
        let ([oldest, ..], end) = (self.blocks, self.end());
        if self.size > YOUNG && oldest.ahead(slot, self.rate).minus(far_us) > end {
            self.restart(end);
        }
        self.fit();
    }

    pub(super) const fn newest(&self) -> Point {
        self.newest
    }

    /// Whether the newest beat continues what `since` began: a line within the limits leads from there
    /// to it, and no queue drains.
    pub(super) fn is_in_pace_since(&self, since: Point) -> bool {
        let latest = since.ahead(self.newest.slot, RATE_MAX);
        !self.drains && !since.was_held_before(self.newest) && self.newest.at <= latest
    }

    /// The line at the newest slot.
    pub(super) fn end(&self) -> Instant {
        self.end_of(self.rate)
    }

    fn end_of(&self, rate: u32) -> Instant {
        self.touched(rate).1.ahead(self.newest.slot, rate)
    }

    /// A span of the sender's schedule on our clock.
    pub(super) const fn span_us(&self, schedule_us: u64) -> u64 {
        scaled(schedule_us, self.rate)
    }

    fn place(&mut self, beat: Point) {
        if self.beats >= self.size && usize::from(self.held) == BLOCKS {
            self.make_room();
        }
        let opens = self.beats >= self.size;
        if opens {
            (self.held, self.beats) = (self.held + 1, 0); // at most BLOCKS
        }
        self.beats += 1;
        if let Some(open) = self.blocks.get_mut(usize::from(self.held).wrapping_sub(1)) {
            *open = if opens {
                beat
            } else {
                open.lower(beat, self.rate)
            };
        }
    }

    /// Merges neighbours, the last of which is alone and now half a block, or drops the oldest block if
    /// they are as long as they may be.
    fn make_room(&mut self) {
        if self.size >= BEATS_MAX {
            return self.drop_oldest();
        }
        let [p0, p1, p2, p3, p4, p5, p6] = self.blocks;
        let merged = |earlier: Point, later| earlier.lower(later, self.rate);
        let [q0, q1, q2] = [merged(p0, p1), merged(p2, p3), merged(p4, p5)];
        self.blocks = [q0, q1, q2, p6, p6, p6, p6];
        (self.held, self.size) = (4, self.size * 2);
    }

    const fn drop_oldest(&mut self) {
        let [_, p1, p2, p3, p4, p5, p6] = self.blocks;
        self.blocks = [p1, p2, p3, p4, p5, p6, p6];
        self.held = self.held.saturating_sub(1);
    }

    /// Drops the points that no line within the limits touches.
    ///
    /// Of two points that lines touch, the older one is touched by the flatter line. So these are older
    /// than the point that the flattest line touches.
    fn forget(&mut self) {
        for _ in 0..self.touched(RATE_MIN).0 {
            self.drop_oldest();
        }
        if self.held == 0 {
            (self.beats, self.size) = (1, 1); // nothing is known but the newest beat
        }
    }

    fn fit(&mut self) {
        if self.held < 3 {
            return;
        }
        let rate = self.touching_the_middle();
        let part = if self.size > YOUNG { 2 } else { 4 };
        if self.shrinks(rate, 0, part) && self.shrinks(rate, self.middle(), 4) {
            self.rate = rate;
        }
    }

    /// Whether a line of slope `rate` leaves no more than one `part` of the delays of all points but the `oldest`.
    fn shrinks(&self, rate: u32, oldest: usize, part: u64) -> bool {
        self.delays(rate, oldest) <= self.delays(self.rate, oldest) / part
    }

    /// How many points are older than the newer half.
    fn middle(&self) -> usize {
        usize::from(self.held).div_ceil(2)
    }

    /// The slope of the line that touches the points in their middle: a flatter one touches an older point.
    fn touching_the_middle(&self) -> u32 {
        let middle = self.middle();
        let (mut flat, mut steep) = (RATE_MIN, RATE_MAX);
        for _ in 0..HALVINGS {
            let rate = flat + (steep - flat) / 2;
            if self.touched(rate).0 < middle {
                flat = rate;
            } else {
                steep = rate;
            }
        }
        flat
    }

    /// The sum of the delays of all points but the `oldest` above the line of slope `rate`.
    fn delays(&self, rate: u32, oldest: usize) -> u64 {
        let end = self.end_of(rate);
        let delay = |point: Point| point.ahead(self.newest.slot, rate).since(end);
        let points = self.points().skip(oldest);
        points.map(delay).fold(0, saturating::plus)
    }

    /// The point that a line of slope `rate` below all of them touches, and how many are older. Of
    /// several, the newest.
    fn touched(&self, rate: u32) -> (usize, Point) {
        let (mut lowest, mut least) = ((0, self.newest), Instant::MAX);
        for (older, point) in self.points().enumerate() {
            let end = point.ahead(self.newest.slot, rate);
            if end <= least {
                (lowest, least) = ((older, point), end);
            }
        }
        lowest
    }

    /// All points, oldest first.
    fn points(&self) -> impl Iterator<Item = Point> {
        let blocks = self.blocks.iter().take(self.held.into()).copied();
        blocks.chain([self.newest])
    }

    pub(super) fn is_valid(&self) -> bool {
        let filled = usize::from(self.held) <= BLOCKS && self.beats <= self.size;
        let filled = filled && self.size.is_power_of_two() && (self.held > 0 || self.size == 1);
        let limits = (RATE_MIN..=RATE_MAX).contains(&self.rate) && self.size <= BEATS_MAX;
        filled && limits && self.points().is_sorted_by_key(|point| point.slot)
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
    saturating::plus(saturating::plus(high, high), (low * rate as u64) >> 31)
}

#[cfg(test)]
mod tests {
    extern crate alloc;

    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const SECOND_US: u64 = 1_000_000;
    /// How many beats it takes at most until an old point is forgotten.
    const MEMORY: u16 = 7 * BEATS_MAX;

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
            (after.held, after.size),
            (0, 1),
            "the older points are void"
        );
    }

    /// A queue that drains is quicker than its slots, and a second queue slower.
    #[test]
    fn a_beat_is_in_pace_from_three_quarters_of_its_slots_to_five() {
        let in_pace = |us| {
            let mut line = Line::new(Instant::from_micros(10_000_000));
            let first = line.newest();
            line.take(4_000_000, Instant::from_micros(us), SECOND_US / 8);
            line.is_in_pace_since(first)
        };
        let in_pace = [12_999_999, 13_000_000, 15_000_000, 15_000_001].map(in_pace);
        assert_eq!(in_pace, [false, true, true, false]);
    }

    #[test]
    fn a_beat_behind_one_that_was_held_is_not_in_pace() {
        let first = line(&[20; 4]).newest();
        let mut line = line(&[20, 20, 20, 20, 400, 100]);
        assert!(!line.is_in_pace_since(first));
        line.take(SECOND_US, line.newest.at.plus(SECOND_US), SECOND_US / 8);
        assert!(line.is_in_pace_since(first));
    }

    /// However many a queue releases, the line rests on those that came before it.
    #[test]
    fn of_a_queue_that_drains_one_beat_counts() {
        for held in [10, 100, 10_000] {
            let mut line = line(&[20; 40]);
            let before = (line.held, line.beats, line.rate);
            for beat in 0..held {
                let sent = Instant::from_millis(100_000 + 40_000 + 1_000 * beat);
                line.take(
                    SECOND_US,
                    Instant::from_millis(140_000 + 1_000 * held),
                    SECOND_US / 8,
                );
                assert!(
                    sent.plus(20_000).since(line.end()) <= 20_000,
                    "{beat} of {held}"
                );
            }
            assert_eq!((line.held, line.beats - 1, line.rate), before, "{held}");
        }
    }

    /// What was sent at the old pace lies below the new line, and would bend it.
    #[test]
    fn a_sender_that_becomes_faster_is_understood_at_once() {
        for pace in [960, 990] {
            let slower = (0..200).map(|beat| 10_000 + beat * 30);
            let faster = (1..60).map(|beat| 15_970 - beat * (1_000 - pace));
            let delays: Vec<u64> = slower.chain(faster).collect();
            assert!(permille(&line(&delays)).abs_diff(pace) <= 1, "{pace}");
        }
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

    /// One of less than an eighth of an interval, which does not void the points before it.
    #[test]
    fn a_small_step_down_in_delay_leaves_the_slope_alone() {
        for (before, step_ms, slower_ms) in
            [(20, 124, 0), (113, 50, 0), (300, 120, 30), (700, 16, 100)]
        {
            let delay_ms =
                |beat: u64| 20 + beat * slower_ms + if beat < before { step_ms } else { 0 };
            let delays: Vec<u64> = (0..before + 600).map(delay_ms).collect();
            for heard in (before + 1..before + 600).step_by(7) {
                let line = line(&delays[..usize::try_from(heard).unwrap()]);
                let lies_below = line.newest.at.since(line.end());
                assert!(
                    lies_below <= 1_000,
                    "{lies_below} us at {heard} of {before}, {step_ms} ms"
                );
            }
        }
    }

    #[test]
    fn a_step_up_in_delay_counts_when_the_old_points_are_forgotten() {
        let mut delays = [20; 64].to_vec();
        delays.extend([5_020].repeat(MEMORY as usize));
        assert_eq!(end_ms(&delays[..68]), 20);
        assert!(
            end_ms(&delays).abs_diff(5_020) <= 1,
            "the slope is known to 0.5 ppm"
        );
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
            (8, 7, 1),
            (9, 4, 2),
            (15, 7, 2),
            (16, 4, 4),
            (897, 7, 128),
            (898, 7, 128),
        ] {
            let line = line(&delays[..beats]);
            assert_eq!((line.held, line.size), (blocks, size), "{beats} beats");
        }
        let line = line(&delays);
        let oldest = line.newest.slot - line.blocks[0].slot;
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
        assert_eq!((line.end(), line.held), (at, 0));
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
        assert!(!spoilt(|line| line.held = 8));
        assert!(!spoilt(|line| line.beats = line.size + 1));
        assert!(!spoilt(|line| line.size = 2 * BEATS_MAX));
        assert!(!spoilt(|line| line.rate = RATE_MIN - 1));
        assert!(!spoilt(|line| line.rate = RATE_MAX + 1));
        assert!(!spoilt(|line| line.blocks[1].slot = 0));
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

    proptest! {
        /// As many points lie to either side of where the line touches, but for what touches it, too.
        #[test]
        fn the_line_touches_the_points_in_their_middle(delays in prop::collection::vec(0_u64..200, 4..60)) {
            let line = line(&delays);
            let middle = line.middle();
            let rate = line.touching_the_middle();
            let touched = |rate: u32| line.touched(rate).0;
            // Ends are rounded to a microsecond, and points lie a second apart or more.
            let rounding = RATE.div_ceil(1_000_000);
            let steeper = rate + (RATE_MAX - RATE_MIN) / (1 << HALVINGS) + 1 + rounding;
            prop_assert!(touched(rate) < middle || rate == RATE_MIN, "{line:?}");
            prop_assert!(touched(steeper) >= middle || steeper > RATE_MAX, "{line:?}");
        }

        /// Whatever arrives whenever, no point that counts lies below the line, and nothing overflows.
        #[test]
        fn no_point_lies_below_the_line(steps in prop::collection::vec((any::<u64>(), 0_u32..64, any::<u64>(), 0_u32..64), 1..100)) {
            let mut line = Line::new(Instant::from_micros(1 << 40));
            for (slots_us, short, at_us, early) in steps {
                line.take(slots_us >> short, Instant::from_micros(at_us >> early), 9);
                prop_assert!(line.is_valid(), "{line:?}");
                let end = line.end();
                let slot = line.newest.slot;
                prop_assert!(line.points().all(|point| point.ahead(slot, line.rate) >= end));
            }
        }
    }
}
