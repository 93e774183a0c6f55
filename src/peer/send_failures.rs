//! Probes that could not be sent. A failed send is a local fault, and no evidence against the peer.

use crate::time::Instant;
use crate::time::saturate;

/// The sends that failed since the last one that is known to have succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))] // four bytes less in every machine
pub(crate) struct SendFailures {
    /// When the first of them was tried, in observed time.
    since: Instant,
    tries: u8,
    /// Whether `Blind` was reported since the last sign of life.
    told: bool,
}

impl SendFailures {
    pub(crate) const NONE: Self = Self {
        since: Instant::ZERO,
        tries: 0,
        told: false,
    };

    /// Records that a send tried at `sent` failed. Returns whether it is the first of the row.
    pub(crate) const fn fail(&mut self, sent: Instant) -> bool {
        let first = self.tries == 0;
        if first {
            self.since = sent;
        }
        self.tries = self.tries.saturating_add(1);
        first
    }

    /// Records that a probe is known to have been sent at `sent`.
    pub(crate) const fn succeed(&mut self, sent: Instant) {
        if self.tries > 0 && sent.as_micros() >= { self.since }.as_micros() {
            *self = Self::NONE;
        }
    }

    /// Records that the peer was heard, which alone does not show that a probe was sent.
    pub(crate) const fn heard(&mut self) {
        self.told = false;
    }

    /// Returns since when nothing has been known of a peer that was last alive at `alive_at`.
    /// `None` where that was reported already, or the last send succeeded.
    pub(crate) fn blind_from(&self, alive_at: Instant) -> Option<Instant> {
        let since = self.since;
        (self.tries > 0 && !self.told).then(|| since.max(alive_at))
    }

    /// Records that `Blind` was reported.
    pub(crate) const fn tell(&mut self) {
        self.told = true;
    }

    /// Returns when the first of them was tried; meaningless where none was.
    pub(crate) const fn since(&self) -> Instant {
        self.since
    }

    /// Returns how many sends failed in a row; saturates at 255.
    pub(crate) const fn tries(&self) -> u8 {
        self.tries
    }
}

/// [`SendFailures`] in fewer bytes, for a peer in compact form in a fleet, and for a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(2))] // two bytes less in every peer of a fleet
pub(crate) struct CompactFailures {
    /// The first failed send, counted from the last sign of life: exact microseconds up to 35 min.
    /// Longer times are marked with [`COARSE`] and count units of 1,024 us, rounded up.
    since: u32,
    tries: u8,
    told: bool,
}

const COARSE: u32 = 1 << 31;
const UNIT_SHIFT: u32 = 10;

/// Packs a time of up to 25 days; anything longer saturates.
const fn compact(us: u64) -> u32 {
    if us < COARSE as u64 {
        return saturate(us);
    }
    let units = saturate(us.saturating_add((1 << UNIT_SHIFT) - 1) >> UNIT_SHIFT);
    if units < COARSE {
        units | COARSE
    } else {
        u32::MAX
    }
}

const fn spread(since: u32) -> u64 {
    if since < COARSE {
        return since as u64;
    }
    ((since & !COARSE) as u64) << UNIT_SHIFT
}

impl SendFailures {
    /// Packs the failures of a peer that was last alive at `alive_at`.
    pub(crate) const fn rest(&self, alive_at: Instant) -> CompactFailures {
        CompactFailures {
            since: compact({ self.since }.since(alive_at)),
            tries: self.tries,
            told: self.told,
        }
    }
}

impl CompactFailures {
    pub(crate) const NONE: Self = SendFailures::NONE.rest(Instant::ZERO);

    pub(crate) const fn is_none(self) -> bool {
        self.tries == 0
    }

    pub(crate) const fn wake(self, alive_at: Instant) -> SendFailures {
        let since = alive_at.plus(spread(self.since));
        SendFailures {
            since,
            tries: self.tries,
            told: self.told,
        }
    }
}

#[cfg(test)]
mod tests;
