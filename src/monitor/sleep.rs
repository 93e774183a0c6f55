//! A device that sleeps, and a clock that does not see it.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::probe::Fate;
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// We were suspended and the clock did not see it. The peer is asked at once, and gets time for an answer before any verdict.
    ///
    /// A probe that had been waited for as long as the path takes to answer is overdue; nothing is concluded from a later one. Where several
    /// wakes in a row are in vain the peer is dead, however short they are. Hand in what arrived before the next [`poll`](Self::poll).
    pub fn resumed(&mut self, now: Instant) {
        self.look(now);
        self.end_wake();
        self.peer.void();
        self.void(|fate| fate == Fate::Waiting);
        self.allow_one_probe();
        self.settle();
    }

    /// Tells which of the probes of this wake were asked in vain.
    fn end_wake(&mut self) {
        let (seen, proof) = (self.clock.seen(), self.proof);
        let enough_us = u64::from(self.peer.learnt_timeout_us());
        let mut waited_us = 0;
        for probe in self.outstanding.iter_mut() {
            let age_us = seen.since(probe.sent);
            let slept = match probe.fate {
                Fate::Waiting if age_us >= enough_us => Fate::Asleep,
                Fate::Overdue => Fate::Overslept,
                _ => continue,
            };
            probe.fate = slept;
            if probe.sent >= proof {
                waited_us = age_us.max(waited_us);
            }
        }
        if waited_us > 0 {
            self.wakes.add(waited_us);
        }
    }
}
