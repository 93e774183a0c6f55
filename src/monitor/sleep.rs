//! A device that sleeps, and a clock that does not see it.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::probe::Fate;
use crate::time::{Instant, saturate};

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// We were suspended and the clock did not see it. The peer is asked at once, and gets time for an answer before any verdict.
    ///
    /// A probe that had been waited for as long as the path takes to answer is overdue; nothing is concluded from a later one. Where several
    /// wakes in a row are in vain the peer is dead, however short they are. Hand in what arrived before the next [`poll`](Self::poll).
    pub fn resumed(&mut self, now: Instant) {
        self.look(now);
        self.end_wake();
        let seen = self.clock.seen();
        self.peer.void();
        self.void(|probe| probe.fate == Fate::Waiting && probe.overdue_at() > seen);
        self.allow_one_probe();
        self.settle();
    }

    /// What was waited for as long as the path takes to answer is overdue; it is told with the next poll.
    fn end_wake(&mut self) {
        let seen = self.clock.seen();
        let woken = self.proof.max(self.looser.since);
        let enough_us = self.peer.learnt_timeout_us().max(1); // one sent just now is not overdue
        let mut waited_us = 0;
        for probe in self.outstanding.iter_mut() {
            let age_us = saturate(seen.since(probe.sent));
            match probe.fate {
                Fate::Waiting if age_us >= enough_us => {
                    probe.timeout_us = age_us.min(probe.timeout_us);
                }
                Fate::Overdue => {}
                _ => continue,
            }
            if probe.sent >= woken {
                waited_us = age_us.max(waited_us);
            }
        }
        if waited_us > 0 {
            self.wakes.add(waited_us, &self.peer);
        }
    }
}
