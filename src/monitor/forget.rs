//! Probes that are forgotten: where a round trip takes longer than eight intervals, more probes are
//! waited for than are remembered, and those are thinned out.
//!
//! Where all that are remembered are waited for and another goes out, the latest gives way that was
//! sent less than a quarter of a timeout after the one before it, but for the latest three. Where
//! there is none, the oldest does: five such gaps are longer than a timeout, so it is overdue unless
//! its timeout was longer.
//! - A reply to one that gave way is known by its id. It counts and proves life like any other, so no
//!   live peer dies of it. It is no sample.
//! - Its silence is not missed: the bound passes without it, and one of the remembered is overdue a
//!   gap and an interval later at the latest, so no dead peer escapes.
//! - It is outstanding until a probe that was sent later is answered or fails, or the remembered one
//!   before it is overdue. Then it is abandoned.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::probe::{Fate, Probe};
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// `probe` is not remembered any more. What its silence says so far is.
    pub(super) fn forget(&mut self, probe: &Probe) {
        if self.is_evidence(probe) {
            let evidence = self.evidence(probe, self.clock.seen());
            self.forgotten = self.forgotten.plus(evidence);
        }
        if probe.fate == Fate::Waiting && self.thinned < u8::MAX {
            self.thinned += 1;
        } else if probe.fate.is_outstanding() {
            self.abandon(1);
        }
    }

    /// What became of a forgotten probe that is answered. One that gave way is no sample: of those,
    /// only replies that overtake others count, and the round-trip time would seem short.
    pub(super) const fn forgotten_fate(&mut self, count: u8) -> Fate {
        let from = self.thinned_from;
        if self.thinned == 0 || count.wrapping_sub(from) > self.count.wrapping_sub(from) {
            return Fate::Overdue;
        }
        self.thinned -= 1;
        Fate::Void
    }

    /// None is waited for any more that was sent before the probe that was counted as `count`: as
    /// many are left at the most as were sent since.
    #[inline(never)]
    pub(super) fn end_thinned_before(&mut self, count: u8) {
        let left = self.count.wrapping_sub(count);
        if left < self.count.wrapping_sub(self.thinned_from) {
            self.thinned_from = count;
        }
        self.end_thinned(left);
    }

    /// A probe sent at `sent` is overdue. Those that gave way between it and the next that is
    /// remembered are so within a gap.
    pub(super) fn end_thinned_up_to(&mut self, sent: Instant) {
        let next = self.outstanding.first_open_after(sent);
        self.end_thinned_before(next.map_or(self.count, |next| next.count));
    }

    /// Abandons all of them but `left`.
    #[inline(never)]
    pub(super) fn end_thinned(&mut self, left: u8) {
        let more = self.thinned.saturating_sub(left);
        self.thinned -= more;
        self.abandon(more);
    }
}
