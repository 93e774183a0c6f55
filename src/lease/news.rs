//! What is still to be told.

use crate::lease::event::{EventKind, FenceReason};
use crate::lease::outcome::Refusal;
use crate::time::Instant;

/// What the caller was told last, and what it has not been told yet.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    /// Whether the caller believes that the lease is held.
    told: bool,
    /// Whether it was told so in this holding.
    told_in_holding: bool,
    /// Whether it was told so since the lease was first asked for.
    told_ever: bool,
    fenced: Option<(FenceReason, Instant)>,
    lost: Option<(Refusal, Instant)>,
    number: u32,
}

impl News {
    /// Returns whether the caller believes that the lease is held.
    pub(super) const fn told(&self) -> bool {
        self.told
    }

    /// Returns whether the caller believes so, and no fence is waiting to be told.
    pub(super) const fn believes(&self) -> bool {
        self.told && self.fenced.is_none() && self.lost.is_none()
    }

    /// Returns the number of the next event.
    pub(super) const fn next_number(&mut self) -> u32 {
        self.number = self.number.saturating_add(1);
        self.number
    }

    /// Records that the holder had to stop at `at`.
    pub(super) const fn fence(&mut self, reason: FenceReason, at: Instant) {
        if self.told && self.fenced.is_none() {
            self.fenced = Some((reason, at));
        }
    }

    /// Records that the lease was lost at `at`. Returns whether that is news.
    pub(super) const fn lose(&mut self, why: Refusal, at: Instant) -> bool {
        if self.told_in_holding {
            self.lost = Some((why, at));
            self.told_in_holding = false;
            return true;
        }
        false
    }

    /// Forgets everything but the number: the caller gave the lease up.
    pub(super) fn give_up(&mut self) {
        *self = Self {
            number: self.number,
            ..Self::default()
        };
    }

    /// Returns the next thing to tell of what has ended, and when that was.
    pub(super) const fn ended(&mut self) -> Option<(EventKind, Instant)> {
        if let Some((reason, at)) = self.fenced.take() {
            self.told = false;
            return Some((EventKind::Fenced { reason }, at));
        }
        if let Some((why, at)) = self.lost.take() {
            self.told = false;
            return Some((EventKind::Lost { why }, at));
        }
        None
    }

    /// Returns what to tell of a lease that is held with `epoch`.
    pub(super) const fn held(&mut self, epoch: u64) -> Option<EventKind> {
        if self.told {
            return None;
        }
        (self.told, self.told_in_holding) = (true, true);
        let again = core::mem::replace(&mut self.told_ever, true);
        Some(if again {
            EventKind::Regained { epoch }
        } else {
            EventKind::Held { epoch }
        })
    }
}
