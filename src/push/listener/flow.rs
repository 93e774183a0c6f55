//! Which beats belong together: the known life of the peer, and one that is not yet believed.

use crate::push::beat::Beat;
use crate::time::Instant;

/// The life of the peer that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) incarnation: u32,
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
    /// Of another incarnation.
    Other,
}

impl Flow {
    pub(super) const fn new(beat: &Beat) -> Self {
        Self {
            incarnation: beat.incarnation,
            sequence: beat.sequence,
            heard: u64::MAX,
        }
    }

    pub(super) const fn place(&self, beat: &Beat) -> Place {
        if beat.incarnation != self.incarnation {
            return Place::Other;
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
mod tests {
    use core::time::Duration;

    use super::*;

    fn beat(sequence: u32) -> Beat {
        Beat::new(sequence, Duration::from_secs(1))
    }

    #[test]
    fn duplicates_are_told_from_reordered_beats_and_numbers_wrap() {
        let mut flow = Flow::new(&beat(u32::MAX - 1));
        assert_eq!(flow.place(&beat(1)), Place::Next(3));
        flow.advance(3);
        assert_eq!(flow.sequence, 1);
        assert_eq!(flow.place(&beat(0)), Place::Reordered);
        flow.note(0);
        assert_eq!(flow.place(&beat(0)), Place::Known);
        assert_eq!(flow.place(&beat(1)), Place::Known);
        assert_eq!(flow.place(&beat(u32::MAX)), Place::Reordered);
        assert_eq!(
            flow.place(&beat(u32::MAX - 2)),
            Place::Known,
            "before the first"
        );
        assert_eq!(flow.place(&beat(u32::MAX - 1)), Place::Known);
        assert_eq!(flow.place(&beat(u32::MAX - 100)), Place::Known, "too old");
        assert_eq!(flow.place(&beat(1).with_incarnation(1)), Place::Other);
    }

    #[test]
    fn a_jump_over_the_memory_forgets_it() {
        let mut flow = Flow::new(&beat(0));
        flow.advance(1_000);
        assert_eq!(flow.place(&beat(0)), Place::Known);
        assert_eq!(flow.place(&beat(999)), Place::Reordered);
    }

    #[test]
    fn a_stranger_is_confirmed_in_pace() {
        let candidate = Candidate::new(&beat(7), Instant::from_secs(10));
        let at = Instant::from_millis;
        assert!(candidate.is_confirmed_by(&beat(8), at(10_500)));
        assert!(!candidate.is_confirmed_by(&beat(8), at(10_499)), "too soon");
        assert!(!candidate.is_confirmed_by(&beat(7), at(11_000)), "the same");
        assert!(!candidate.is_confirmed_by(&beat(700), at(11_000)), "a jump");
    }
}
