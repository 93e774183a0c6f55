//! The compact form of the arrivals: what can be computed again is left out.

use crate::math::narrow::Narrow;
use crate::path::window::{CompactSamples, RttWindow};
use crate::push::listener::line::{CompactLine, CompactPoint};
use crate::time::Instant;

use super::Arrivals;

#[derive(Clone, Debug)]
pub(in crate::push::listener) struct CompactArrivals<const N: usize> {
    samples: CompactSamples<N>,
    line: CompactLine,
    interval: Narrow<5>,
    late_beats: u8,
    late_since: CompactPoint,
}

impl<const N: usize> Arrivals<N> {
    pub(in crate::push::listener) fn rest(&mut self, heard: Instant) -> CompactArrivals<N> {
        CompactArrivals {
            samples: self.window.samples(),
            line: self.line.rest(self.interval_us, heard),
            interval: Narrow::of(self.interval_us),
            late_beats: self.late_beats,
            late_since: self.line.compact(self.late_since, self.interval_us),
        }
    }
}

impl<const N: usize> CompactArrivals<N> {
    pub(in crate::push::listener) fn wake(&self, heard: Instant) -> Arrivals<N> {
        let interval_us = self.interval.get();
        let line = self.line.wake(interval_us, heard);
        Arrivals {
            window: RttWindow::of(&self.samples),
            sent: line.end(),
            interval_us,
            last_us: self.samples.newest_us(),
            late_beats: self.late_beats,
            late_since: line.point(self.late_since, interval_us),
            line,
        }
    }
}
