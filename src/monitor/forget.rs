//! Probes that are forgotten: where a round trip takes longer than eight intervals, more probes are
//! waited for than are remembered, and those are thinned out.
//!
//! Where all that are remembered are waited for and another goes out, the latest gives way that was
//! sent less than a quarter of a timeout after the one before it, but for the latest three. Where
//! there is none, the oldest does: five such gaps are longer than a timeout, so it is overdue unless
//! its timeout was longer.
//! - A reply to one that is forgotten is known by its id. It counts and proves life like any other, so
//!   no live peer dies of it. It is no sample.
//! - Its silence is not missed: the bound passes without it, and one of the remembered is overdue a
//!   gap and an interval later at the latest, so no dead peer escapes.
//! - It is outstanding until a probe that was sent later is answered, fails or is overdue. Then it is
//!   abandoned.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::probe::{Fate, Probe};

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

    /// What became of a forgotten probe that is answered. Its reply is no sample: of those that are
    /// forgotten, only replies that overtake others count, and the round-trip time would seem short.
    pub(super) const fn forgotten_fate(&mut self) -> Fate {
        if self.thinned == 0 {
            return Fate::VoidLost;
        }
        self.thinned -= 1;
        Fate::Void
    }

    /// None is waited for any more that was sent before the probe that was counted as `count`: as
    /// many are left at the most as were sent since.
    pub(super) fn end_thinned_before(&mut self, count: u8) {
        self.end_thinned(self.count.wrapping_sub(count));
    }

    /// Abandons all of them but `left`.
    #[inline(never)]
    pub(super) fn end_thinned(&mut self, left: u8) {
        let more = self.thinned.saturating_sub(left);
        self.thinned -= more;
        self.abandon(more);
    }
}
