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

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(super) use compact::{CompactLine, CompactPoint};

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
mod tests;
