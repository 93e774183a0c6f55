//! Probes that were forgotten while they were waited for: where a round trip takes longer than so many intervals as probes are remembered.
//!
//! Of them, only the oldest is known by its send time. The next one was sent an interval after it, or as long after as they were apart of late.

use crate::math::fixed_point::divided;
use crate::math::saturating;
use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::path::suspicion::SuspicionLevel;
use crate::peer::counters::one_more;
use crate::peer::probe::{Fate, Probe};
use crate::time::{Instant, saturate};

/// Intervals that shrink do so over a window of answers.
const FADING_SHIFT: u32 = 6;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// `probe` is not remembered any more. What its silence says so far is.
    pub(super) fn forget(&mut self, probe: &Probe) {
        let is_evidence = self.is_evidence(probe);
        if is_evidence {
            let evidence = self.evidence(probe, self.clock.seen());
            self.forgotten = self.forgotten.plus(evidence);
        }
        if is_evidence && probe.fate == Fate::Waiting && self.hidden_count < u8::MAX {
            self.hidden_count += 1;
            self.hidden = self.hidden.min(probe.sent);
            let apart_us = self.outstanding.oldest().since(probe.sent);
            let faded_us = self.spacing_us - (self.spacing_us >> FADING_SHIFT);
            self.spacing_us = faded_us.max(saturate(apart_us));
        } else if probe.fate.is_outstanding() {
            self.abandon(1);
        }
    }

    /// None of them is waited for any more.
    pub(super) fn give_up_hidden(&mut self) {
        self.keep_hidden(0);
    }

    /// What became of a forgotten probe sent at `sent` that is answered after `age_us`: those before the oldest that is waited for, which is
    /// known but for one spacing, were called overdue, even where the timeout has doubled since.
    pub(super) fn hidden_fate(&mut self, sent: Instant, age_us: u64) -> Fate {
        let in_time = age_us <= u64::from(self.peer.plan().timeout_us());
        let is_waited_for = self.hidden_count > 0 && sent.plus(self.apart_us()) >= self.hidden;
        if !in_time || !is_waited_for {
            return Fate::Overdue;
        }
        self.hidden_count -= 1;
        Fate::Waiting
    }

    pub(super) fn hidden_overdue_at(&self) -> Instant {
        self.hidden.plus(self.peer.plan().timeout_us().into())
    }

    /// Calls the oldest of them overdue, as observed time has it.
    pub(super) fn miss_hidden(&mut self) {
        let seen = self.clock.seen();
        if self.hidden == Instant::MAX || self.hidden_overdue_at() > seen {
            return;
        }
        let sent = self.hidden;
        self.forgotten = self.forgotten.plus(self.hidden_evidence(seen));
        let apart_us = self.mean_apart_us();
        self.hidden_count -= 1;
        one_more(&mut self.counters.lost);
        self.miss(sent, None);
        let overdue = seen.minus(self.peer.plan().timeout_us().into());
        self.hide_from(sent.max(overdue).plus(apart_us));
    }

    /// How far apart they are on the average: once one is overdue, as many have to be as there are.
    fn mean_apart_us(&self) -> u64 {
        divided(
            self.oldest_open().since(self.hidden),
            self.hidden_count.into(),
        )
    }

    /// The peer was alive at `alive_at`, so that the oldest of them was sent later.
    pub(super) fn hear_hidden(&mut self, alive_at: Instant) {
        if self.hidden < Instant::MAX {
            let next = alive_at.plus(self.apart_us()).max(self.hidden);
            self.hide_from(next);
        }
    }

    /// Something else was heard of a peer that was alive at `alive_at`: as many of them are left as were sent since, if all are equally far apart.
    pub(super) fn trim_hidden(&mut self, alive_at: Instant) {
        let since_us = self.oldest_open().since(alive_at.max(self.hidden));
        let apart_us = saturating::max(self.mean_apart_us(), 1);
        let left = divided(since_us.saturating_add(apart_us / 2), apart_us);
        self.keep_hidden(u8::try_from(left).unwrap_or(u8::MAX));
    }

    /// The probe that was counted as `count` was answered: as many of them are left as were sent since.
    pub(super) fn trim_hidden_after(&mut self, count: u8) {
        let oldest = self.outstanding.iter().find(|probe| probe.fate.is_open());
        let left = oldest.map_or(0, |oldest| oldest.count.wrapping_sub(count));
        self.keep_hidden(left.saturating_sub(1));
    }

    /// Gives up all of them but `left`.
    #[inline(never)]
    fn keep_hidden(&mut self, left: u8) {
        let more = self.hidden_count.saturating_sub(left);
        self.hidden_count -= more;
        self.abandon(more);
        if self.hidden_count == 0 {
            self.hidden = Instant::MAX;
        }
    }

    /// The oldest of them was sent at `next`, unless that one is remembered, or no more were forgotten.
    fn hide_from(&mut self, next: Instant) {
        let is_hidden = next < self.oldest_open();
        self.hidden = next;
        self.keep_hidden(if is_hidden { u8::MAX } else { 0 });
    }

    fn oldest_open(&self) -> Instant {
        self.outstanding.oldest_open().unwrap_or(Instant::ZERO)
    }

    /// How far apart they are at the most.
    fn apart_us(&self) -> u64 {
        saturating::max(self.peer.plan().interval_us(), self.spacing_us.into())
    }

    /// What the silence of the oldest of them says at `seen`.
    pub(super) fn hidden_evidence(&self, seen: Instant) -> SuspicionLevel {
        if self.hidden == Instant::MAX {
            return SuspicionLevel::ZERO;
        }
        self.model_now().evidence(seen.since(self.hidden))
    }
}
