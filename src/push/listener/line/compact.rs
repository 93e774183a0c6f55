//! The compact form of a line: slots are counted in intervals, and moments back from the newest.

use crate::math::narrow::Narrow;
use crate::time::Instant;

use super::{BLOCKS, Line, Point};

#[derive(Clone, Debug)]
pub(in crate::push::listener) struct CompactLine {
    blocks: [CompactPoint; BLOCKS],
    /// Beside the arrival of the newest heartbeat.
    newest: Narrow<6>,
    rate: Narrow<4>,
    beats: u8,
    /// From the low bits up: `drains`, three bits of `held`, and the binary logarithm of `size`.
    shape: u8,
}

/// How many slots, and how many microseconds, a point lies before the newest of its line.
#[derive(Clone, Copy, Debug)]
pub(in crate::push::listener) struct CompactPoint {
    slots: Narrow<3>,
    us: Narrow<6>,
}

/// The newest slot of a line that is restored: only differences of slots mean anything.
const NEWEST: u64 = 1 << 63;

impl Line {
    /// Returns the compact form, where slots are `interval_us` apart. Points too old for it are
    /// dropped first.
    #[allow(clippy::cast_possible_truncation)] // at most BEATS_MAX
    pub(in crate::push::listener) fn rest(
        &mut self,
        interval_us: u64,
        heard: Instant,
    ) -> CompactLine {
        while self.held > 0 && !self.reaches(interval_us) {
            self.drop_oldest();
            if self.held == 0 {
                (self.beats, self.size) = (1, 1); // nothing is known but the newest beat
            }
        }
        CompactLine {
            blocks: self.blocks.map(|point| self.compact(point, interval_us)),
            newest: Narrow::offset(heard.as_micros(), self.newest.at.as_micros()),
            rate: Narrow::of(self.rate.into()),
            beats: self.beats as u8,
            shape: u8::from(self.drains) | self.held << 1 | (self.size.trailing_zeros() as u8) << 4,
        }
    }

    /// Returns whether the compact form can hold the oldest point.
    fn reaches(&self, interval_us: u64) -> bool {
        let [oldest, ..] = self.blocks;
        let slots = self.slots_since(oldest, interval_us);
        slots <= Narrow::<3>::MOST && self.newest.at.since(oldest.at) <= Narrow::<6>::MOST
    }

    /// Returns how many slots `point` lies before the newest. All slots of a line are whole
    /// intervals apart.
    fn slots_since(&self, point: Point, interval_us: u64) -> u64 {
        let us = self.newest.slot.saturating_sub(point.slot);
        us.checked_div(interval_us).unwrap_or(0)
    }

    pub(in crate::push::listener) fn compact(
        &self,
        point: Point,
        interval_us: u64,
    ) -> CompactPoint {
        CompactPoint {
            slots: Narrow::of(self.slots_since(point, interval_us)),
            us: Narrow::of(self.newest.at.since(point.at)),
        }
    }

    /// Returns the point that was [compact](Self::compact).
    pub(in crate::push::listener) const fn point(
        &self,
        point: CompactPoint,
        interval_us: u64,
    ) -> Point {
        let before_us = point.slots.get().saturating_mul(interval_us);
        Point {
            slot: self.newest.slot.saturating_sub(before_us),
            at: self.newest.at.minus(point.us.get()),
        }
    }
}

impl CompactLine {
    pub(in crate::push::listener) fn wake(&self, interval_us: u64, heard: Instant) -> Line {
        let at = Instant::from_micros(self.newest.after(heard.as_micros()));
        let mut line = Line::through(Point { slot: NEWEST, at }, 0);
        line.blocks = self.blocks.map(|point| line.point(point, interval_us));
        line.rate = crate::time::saturate(self.rate.get());
        (line.beats, line.size) = (self.beats.into(), 1 << (self.shape >> 4));
        (line.held, line.drains) = (self.shape >> 1 & 7, self.shape & 1 != 0);
        line
    }
}
