//! Which beats belong together: the known life of the peer, and one that is not yet believed.

use crate::push::beat::Beat;
use crate::time::Instant;

#[cfg(feature = "alloc")]
mod compact;

#[cfg(feature = "alloc")]
pub(super) use compact::{CompactCandidate, CompactFlow};

/// The life of the peer that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) incarnation: u32,
    /// The incarnation that this one replaced; the same where it replaced none.
    replaced: u32,
    /// The newest sequence number.
    pub(super) sequence: u32,
    /// Which of the 64 up to the newest were heard, or came before the first: bit 0 is the newest.
    heard: u64,
}

/// Where a beat stands beside the known life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// So many slots after the newest.
    Next(u32),
    /// Older than the newest, and heard for the first time.
    Reordered,
    /// Heard before, or too old to tell.
    Known,
    /// Of the incarnation that the known one replaced.
    Replaced,
    /// Of another incarnation.
    Other,
}

impl Flow {
    pub(super) const fn new(beat: &Beat) -> Self {
        Self {
            incarnation: beat.incarnation,
            replaced: beat.incarnation,
            sequence: beat.sequence,
            heard: u64::MAX,
        }
    }

    /// The life that begins with `beat` and replaces this one.
    pub(super) const fn replaced_by(&self, beat: &Beat) -> Self {
        let renamed = beat.incarnation != self.incarnation;
        Self {
            replaced: if renamed {
                self.incarnation
            } else {
                self.replaced // the sequence jumped
            },
            ..Self::new(beat)
        }
    }

    pub(super) const fn place(&self, beat: &Beat) -> Place {
        if beat.incarnation != self.incarnation {
            return if beat.incarnation == self.replaced {
                Place::Replaced
            } else {
                Place::Other
            };
        }
        match ahead(beat.sequence, self.sequence) {
            Ok(slots) => Place::Next(slots),
            Err(behind) => match 1_u64.checked_shl(behind) {
                Some(bit) if self.heard & bit == 0 => Place::Reordered,
                _ => Place::Known,
            },
        }
    }

    /// A beat `slots` after the newest is the newest now.
    pub(super) const fn advance(&mut self, slots: u32) {
        self.sequence = self.sequence.wrapping_add(slots);
        self.heard = self.heard.unbounded_shl(slots) | 1;
    }

    /// A reordered beat is heard.
    pub(super) const fn note(&mut self, sequence: u32) {
        self.heard |= 1_u64.unbounded_shl(self.sequence.wrapping_sub(sequence));
    }
}

/// How far `sequence` is ahead of `newest`, or else how far behind: numbers wrap, and the nearer way counts.
const fn ahead(sequence: u32, newest: u32) -> Result<u32, u32> {
    let ahead = sequence.wrapping_sub(newest);
    if ahead != 0 && ahead <= u32::MAX / 2 {
        Ok(ahead)
    } else {
        Err(newest.wrapping_sub(sequence))
    }
}

/// A beat that continues nothing known, and may be the first of a new life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    incarnation: u32,
    sequence: u32,
    interval_us: u64,
    pub(super) received: Instant,
}

impl Candidate {
    pub(super) const fn new(beat: &Beat, received: Instant) -> Self {
        Self {
            incarnation: beat.incarnation,
            sequence: beat.sequence,
            interval_us: beat.interval_us,
            received,
        }
    }

    /// Whether `beat` follows it, no sooner than half the interval that was said.
    pub(super) const fn is_confirmed_by(&self, beat: &Beat, received: Instant) -> bool {
        let follows = beat.incarnation == self.incarnation
            && matches!(ahead(beat.sequence, self.sequence), Ok(1..=NEAR));
        follows && received.since(self.received) >= self.interval_us / 2
    }
}

/// So many slots ahead are believed without a look at the clock.
pub(super) const NEAR: u32 = 16;

#[cfg(test)]
mod tests;
