//! The compact forms of a life that is heard, and of one that is not yet believed.

use crate::math::narrow::Narrow;
use crate::time::{Instant, saturate};

use super::{Candidate, Flow};

/// A life. Of the heartbeats before the newest, 31 are remembered; the listener remembers 63.
#[derive(Clone, Copy, Debug)]
pub(in crate::push::listener) struct CompactFlow {
    incarnation: Narrow<4>,
    replaced: Narrow<4>,
    sequence: Narrow<4>,
    heard: Narrow<4>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::push::listener) struct CompactCandidate {
    incarnation: Narrow<4>,
    sequence: Narrow<4>,
    interval: Narrow<5>,
    /// Beside the newest heartbeat of the known life.
    received: Narrow<6>,
}

/// The heartbeats that only the listener remembers count as heard.
const FORGOTTEN: u64 = !0 << 32;

impl Flow {
    pub(in crate::push::listener) fn rest(&self) -> CompactFlow {
        CompactFlow {
            incarnation: Narrow::of(self.incarnation.into()),
            replaced: Narrow::of(self.replaced.into()),
            sequence: Narrow::of(self.sequence.into()),
            heard: Narrow::of(self.heard & !FORGOTTEN),
        }
    }
}

impl CompactFlow {
    /// Stands for no life.
    pub(in crate::push::listener) const NONE: Self = Self {
        incarnation: Narrow::ZERO,
        replaced: Narrow::ZERO,
        sequence: Narrow::ZERO,
        heard: Narrow::ZERO,
    };

    pub(in crate::push::listener) const fn wake(self) -> Flow {
        Flow {
            incarnation: saturate(self.incarnation.get()),
            replaced: saturate(self.replaced.get()),
            sequence: saturate(self.sequence.get()),
            heard: self.heard.get() | FORGOTTEN,
        }
    }
}

impl Candidate {
    /// Returns the compact form, beside a known life that was `heard` last at that moment.
    pub(in crate::push::listener) fn rest(&self, heard: Instant) -> CompactCandidate {
        CompactCandidate {
            incarnation: Narrow::of(self.incarnation.into()),
            sequence: Narrow::of(self.sequence.into()),
            interval: Narrow::of(self.interval_us),
            received: Narrow::offset(heard.as_micros(), self.received.as_micros()),
        }
    }
}

impl CompactCandidate {
    /// Stands for no candidate.
    pub(in crate::push::listener) const NONE: Self = Self {
        incarnation: Narrow::ZERO,
        sequence: Narrow::ZERO,
        interval: Narrow::ZERO,
        received: Narrow::ZERO,
    };

    pub(in crate::push::listener) const fn wake(self, heard: Instant) -> Candidate {
        Candidate {
            incarnation: saturate(self.incarnation.get()),
            sequence: saturate(self.sequence.get()),
            interval_us: self.interval.get(),
            received: Instant::from_micros(self.received.after(heard.as_micros())),
        }
    }
}
