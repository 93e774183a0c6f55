//! What a lifetime policy remembers: the search, and the idle under way.

use super::memory::Memory;
use super::reach::Reach;
use super::search::Found;
use crate::pacing::{Answer, Outcome};
use crate::time::Instant;

/// What [`Lifetime`](super::Lifetime) remembers of a path, beside what the policy under it does: 80 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct LifetimeState<S> {
    pub(super) inner: S,
    pub(super) found: Found,
    /// When the flow was refreshed last for certain: the send time of the last answered probe.
    refreshed: Instant,
    /// The same, or when something arrived last.
    touched: Instant,
    /// The last steady probe.
    asked: Instant,
    /// How long the flow had idled before it, at the most.
    idle_us: u64,
    /// Of the idle under way, what nobody looked at: moments are on observed time, flows are not.
    unseen_us: u64,
    stage: Stage,
    /// How often in a row the peer was called dead after an idle that should have been survived.
    deaths: u8,
}

const _: () = assert!(size_of::<LifetimeState<()>>() <= 80);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is known of the flow.
    New,
    /// It idles.
    Idle,
    /// It has idled and is asked whether it is there.
    Asked,
    /// It did not answer the probe after the idle, and something answered a later one.
    Missed,
}

impl<S> LifetimeState<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self {
            inner,
            found: Found::NOTHING,
            refreshed: Instant::ZERO,
            touched: Instant::ZERO,
            asked: Instant::ZERO,
            idle_us: 0,
            unseen_us: 0,
            stage: Stage::New,
            deaths: 0,
        }
    }

    pub(super) const fn recall(&mut self, memory: Memory, age_us: u64) {
        self.found = Found::recalled(memory, age_us);
        self.forget_flow();
    }

    /// What is under way tells nothing of an idle.
    pub(super) const fn forget_flow(&mut self) {
        self.stage = Stage::New;
        self.unseen_us = 0;
    }

    /// A steady probe goes out.
    pub(super) const fn ask(&mut self, now: Instant) {
        match self.stage {
            Stage::Idle | Stage::Missed => {
                self.asked = now;
                self.idle_us = self.idle_us_at(now);
                self.stage = Stage::Asked;
            }
            Stage::New => self.asked = now,
            Stage::Asked => {} // the first one after the idle is what counts
        }
    }

    const fn idle_us_at(&self, now: Instant) -> u64 {
        now.since(self.refreshed).saturating_add(self.unseen_us)
    }

    pub(super) fn answer(&mut self, reach: &Reach, answer: &Answer) {
        match self.stage {
            Stage::Asked if answer.sent == self.asked => self.survive(reach),
            Stage::Asked if answer.sent > self.asked => self.stage = Stage::Missed,
            Stage::New if answer.sent >= self.asked => self.stage = Stage::Idle,
            Stage::Idle | Stage::Missed if answer.sent > self.refreshed => {} // another retry
            _ => return,
        }
        self.refreshed = answer.sent;
        self.touched = self.touched.max(answer.sent);
        self.unseen_us = 0;
    }

    /// What arrived in between may have refreshed the flow, so that only the rest was survived; and what nobody planned proves nothing more
    /// than was planned.
    fn survive(&mut self, reach: &Reach) {
        let touched = self.touched > self.refreshed;
        let rest_us = if touched {
            self.asked.since(self.touched)
        } else {
            self.idle_us
        };
        let survived_us = rest_us.min(self.found.interval_us(reach));
        self.found.survived(reach, survived_us);
        self.deaths = 0;
        self.stage = Stage::Idle;
    }

    pub(super) fn traffic(&mut self, reach: &Reach, now: Instant) {
        self.touched = now;
        if reach.is_refreshed_by_traffic() && self.stage != Stage::Asked {
            self.refreshed = now;
            self.unseen_us = 0;
        }
    }

    pub(super) const fn lapse(&mut self, span_us: u64) {
        if matches!(self.stage, Stage::Idle | Stage::Missed) {
            self.unseen_us = self.unseen_us.saturating_add(span_us);
        }
    }

    /// The caller knows that the flow is gone, and not the peer.
    pub(super) fn lose_flow(&mut self, reach: &Reach, now: Instant) {
        match self.stage {
            Stage::Asked | Stage::Missed => self.found.lost(reach, self.idle_us),
            Stage::Idle => self.found.lost(reach, self.idle_us_at(now)),
            Stage::New => {}
        }
        self.forget_flow();
    }

    /// Nobody said that the flow was gone. Where the peer was called dead after an idle that nothing had survived before, it is taken to be; after
    /// one that should have been survived, where that happens twice in a row.
    pub(super) fn end_episode(&mut self, reach: &Reach, outcome: Outcome) {
        if self.stage != Stage::Missed || outcome == Outcome::Survived {
            return;
        }
        self.deaths = self.deaths.saturating_add(1);
        if self.deaths > 1 || self.found.is_untried(reach, self.idle_us) {
            self.found.lost(reach, self.idle_us);
            self.deaths = 0;
            self.stage = Stage::Idle;
        }
    }
}
