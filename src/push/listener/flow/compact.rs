//! The compact forms of a life that is heard, and of one that is not yet believed.

use crate::math::narrow::Narrow;
use crate::time::{Instant, saturate};

use super::{Candidate, Flow};

/// A life. Of the heartbeats before the newest, 31 are remembered; the listener remembers 63.
#[derive(Clone, Copy, Debug)]
pub(in crate::push::listener) struct CompactFlow {
    incarnation: Narrow<4>,
    sequence: Narrow<4>,
    heard: Narrow<4>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::push::listener) struct CompactCandidate {
    incarnation: Narrow<4>,
    sequence: Narrow<4>,
    interval: Narrow<5>,
    received: Narrow<8>,
}

/// The heartbeats that only the listener remembers count as heard.
const FORGOTTEN: u64 = !0 << 32;

impl Flow {
    pub(in crate::push::listener) fn rest(&self) -> CompactFlow {
        CompactFlow {
            incarnation: Narrow::of(self.incarnation.into()),
            sequence: Narrow::of(self.sequence.into()),
            heard: Narrow::of(self.heard & !FORGOTTEN),
        }
    }
}

impl CompactFlow {
    pub(in crate::push::listener) const fn wake(self) -> Flow {
        Flow {
            incarnation: saturate(self.incarnation.get()),
            sequence: saturate(self.sequence.get()),
            heard: self.heard.get() | FORGOTTEN,
        }
    }
}

impl Candidate {
    pub(in crate::push::listener) fn rest(&self) -> CompactCandidate {
        CompactCandidate {
            incarnation: Narrow::of(self.incarnation.into()),
            sequence: Narrow::of(self.sequence.into()),
            interval: Narrow::of(self.interval_us),
            received: Narrow::of(self.received.as_micros()),
        }
    }
}

impl CompactCandidate {
    pub(in crate::push::listener) const fn wake(self) -> Candidate {
        Candidate {
            incarnation: saturate(self.incarnation.get()),
            sequence: saturate(self.sequence.get()),
            interval_us: self.interval.get(),
            received: Instant::from_micros(self.received.get()),
        }
    }
}
