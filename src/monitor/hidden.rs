//! Probes that were forgotten while they were waited for: where a round trip takes longer than so many intervals as probes are remembered.
//!
//! Of them, only the oldest is known by its send time. The next one was sent an interval after it, or as long after as they were apart of late.

use crate::monitor::Monitor;
use crate::pacing::Pacing;
use crate::probe::{Fate, Probe};
use crate::snapshot::one_more;
use crate::suspicion::SuspicionLevel;
use crate::time::{Instant, saturate};
use crate::wide;

/// Intervals that shrink do so over a window of answers.
const FADING_SHIFT: u32 = 6;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// `probe` is not remembered any more. What its silence says so far is.
    pub(super) fn forget(&mut self, probe: &Probe) {
        if !self.is_evidence(probe) {
            return;
        }
        let evidence = self.evidence(probe, self.watch.seen());
        self.forgotten = self.forgotten.plus(evidence);
        if probe.fate == Fate::Waiting {
            self.hidden_count = self.hidden_count.saturating_add(1);
            self.hidden = self.hidden.min(probe.sent);
            let apart_us = self.outstanding.oldest().since(probe.sent);
            let faded_us = self.spacing_us - (self.spacing_us >> FADING_SHIFT);
            self.spacing_us = faded_us.max(saturate(apart_us));
        }
    }

    /// What became of a forgotten probe sent at `sent` that is answered after `age_us`: those before the oldest that is waited for, which is
    /// known but for one spacing, were called overdue, even where the timeout has doubled since.
    pub(super) fn hidden_fate(&mut self, sent: Instant, age_us: u64) -> Fate {
        let in_time = age_us <= u64::from(self.pulse.plan().timeout_us());
        let is_waited_for = self.hidden < Instant::MAX && self.hidden_count > 0;
        if in_time && is_waited_for && sent.plus(self.apart_us()) >= self.hidden {
            self.hidden_count -= 1;
            Fate::Waiting
        } else {
            Fate::Overdue
        }
    }

    pub(super) fn hidden_overdue_at(&self) -> Instant {
        self.hidden.plus(self.pulse.plan().timeout_us().into())
    }

    /// Calls the oldest of them overdue, as observed time has it.
    pub(super) fn miss_hidden(&mut self) {
        let seen = self.watch.seen();
        if self.hidden == Instant::MAX || self.hidden_overdue_at() > seen {
            return;
        }
        let sent = self.hidden;
        self.forgotten = self.forgotten.plus(self.hidden_evidence(seen));
        if self.hidden_count > 0 {
            self.hidden_count -= 1;
            one_more(&mut self.counters.lost);
        }
        self.miss(sent, None);
        let overdue = seen.minus(self.pulse.plan().timeout_us().into());
        self.hidden = Instant::ZERO;
        self.hide_after(sent.max(overdue));
    }

    /// The peer was alive at `alive_at`, so that the oldest of them was sent later.
    pub(super) fn hear_hidden(&mut self, alive_at: Instant) {
        if self.hidden < Instant::MAX {
            self.hide_after(alive_at);
        }
    }

    /// The one after that of `sent`, or the one that is known, unless that one is remembered, or no more were forgotten.
    fn hide_after(&mut self, sent: Instant) {
        let next = sent.plus(self.apart_us()).max(self.hidden);
        let remembered = self.outstanding.oldest_open();
        let is_hidden = remembered.is_some_and(|oldest| next < oldest);
        self.hidden = if is_hidden && self.hidden_count > 0 {
            next
        } else {
            Instant::MAX
        };
    }

    /// How far apart they are at the most.
    fn apart_us(&self) -> u64 {
        wide::max(self.pulse.plan().interval_us(), self.spacing_us.into())
    }

    /// What the silence of the oldest of them says at `seen`.
    pub(super) fn hidden_evidence(&self, seen: Instant) -> SuspicionLevel {
        if self.hidden == Instant::MAX {
            return SuspicionLevel::ZERO;
        }
        self.model_now().evidence(seen.since(self.hidden))
    }
}
