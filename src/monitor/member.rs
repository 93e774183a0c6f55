//! What a group asks of the monitors it is made of.

use core::time::Duration;

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::peer::outcome::Receipt;
use crate::peer::probe::{Label, ProbeId};
use crate::time::Instant;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Records a reply. Returns what became of it, and the age of its probe on observed time, in
    /// microseconds, if it answered one.
    pub(crate) fn handle_reply_aged(
        &mut self,
        id: ProbeId,
        received_at: Instant,
        server_delay: Duration,
    ) -> (Receipt, Option<u64>) {
        self.look(received_at);
        let label = Label::open(id, self.key.0, self.clock.seen());
        let age = label.map(|label| self.clock.seen_at(received_at).since(label.sent));
        let receipt = self.reply(id, received_at, server_delay);
        (receipt, age.filter(|_| receipt.is_answer()))
    }

    /// Whether a probe sent since the last sign of life is overdue; told while nothing was ever heard, too.
    pub(crate) const fn in_episode(&self) -> bool {
        self.peer.in_episode()
    }

    /// How long a dead peer is waited for where that holds the next probe up: as a rule, and at most.
    #[cfg(any(feature = "std", feature = "embassy"))]
    pub(crate) fn dead_wait(&self) -> (u32, u32) {
        self.peer.dead_wait(self.peer.wait_us(self.clock.seen()))
    }

    /// Whether the probe `id` has been waited for, on observed time, for as long as its answer may take: a retry is waited for
    /// longer than the plan says. One that is not known is waited for no longer.
    #[cfg(any(feature = "std", feature = "embassy"))]
    pub(crate) fn is_overdue(&self, id: ProbeId) -> bool {
        let seen = self.clock.seen();
        Label::open(id, self.key.0, seen).is_none_or(|label| {
            let known = self.outstanding.get(label).map(|probe| probe.timeout_us);
            let timeout_us = known.unwrap_or(self.peer.plan().timeout_us());
            label.sent.plus(timeout_us.into()) <= seen
        })
    }

    /// The smoothed round-trip time; 0 before the first.
    pub(crate) const fn smoothed_us(&self) -> u32 {
        self.peer.statistics().rtt.smoothed_us()
    }

    /// Brings the next probe forward, like [`probe_now`](Self::probe_now); returns whether that changed anything.
    pub(crate) fn hurry(&mut self, now: Instant) -> bool {
        let before = self.next;
        self.probe_now(now);
        self.next != before
    }

    /// All probes that were overdue or failed, whatever came of them later.
    pub(crate) const fn misses(&self) -> u32 {
        self.counters.lost.saturating_add(self.counters.failed)
    }
}

#[cfg(test)]
mod tests;
