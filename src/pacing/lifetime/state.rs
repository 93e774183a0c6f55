//! The state of a lifetime policy: the search and the current idle time.

use super::range::LifetimeRange;
use super::record::LifetimeRecord;
use super::search::Found;
use crate::pacing::{Answer, Outcome};
use crate::time::Instant;

/// The state of [`Lifetime`](super::Lifetime) for a path: 80 bytes, plus the state of the policy
/// that it limits.
#[derive(Clone, Debug, PartialEq)]
pub struct LifetimeState<S> {
    pub(super) inner: S,
    pub(super) found: Found,
    /// When the flow was certainly refreshed last: the send time of the last probe that got a
    /// reply.
    refreshed: Instant,
    /// When the flow may have been refreshed last: the later of `refreshed` and the last arrival.
    touched: Instant,
    /// When the last steady probe was sent.
    probed: Instant,
    /// The longest time for which the flow can have been idle before that probe.
    idle_us: u64,
    /// The part of the current idle time in which the machine was not polled. Moments are on
    /// observed time, which leaves that part out, but the flow was idle in it.
    unseen_us: u64,
    stage: Stage,
    /// The number of times in a row that the peer was called dead after an idle time that had been
    /// survived before.
    deaths: u8,
}

/// The size that the documentation states.
const _: () = assert!(size_of::<LifetimeState<()>>() <= 80);

/// How far the current idle time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is known about the flow.
    New,
    /// The flow is idle.
    Idle,
    /// The flow was idle and is being probed.
    Probed,
    /// The probe after the idle time got no reply, but a later one did.
    Missed,
}

impl<S> LifetimeState<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self {
            inner,
            found: Found::NOTHING,
            refreshed: Instant::ZERO,
            touched: Instant::ZERO,
            probed: Instant::ZERO,
            idle_us: 0,
            unseen_us: 0,
            stage: Stage::New,
            deaths: 0,
        }
    }

    /// Restarts the search from a record that is `age_us` old.
    pub(super) const fn recall(&mut self, memory: LifetimeRecord, age_us: u64) {
        self.found = Found::recalled(memory, age_us);
        self.forget_flow();
    }

    /// Discards the current idle time, so that nothing is concluded from it.
    pub(super) const fn forget_flow(&mut self) {
        self.stage = Stage::New;
        self.unseen_us = 0;
    }

    /// Records that a steady probe is sent.
    pub(super) const fn record_probe(&mut self, now: Instant) {
        match self.stage {
            Stage::Idle | Stage::Missed => {
                self.probed = now;
                self.idle_us = self.idle_us_at(now);
                self.stage = Stage::Probed;
            }
            Stage::New => self.probed = now,
            // Only the first probe after the idle time counts.
            Stage::Probed => {}
        }
    }

    /// Returns how long the flow has been idle at `now`.
    const fn idle_us_at(&self, now: Instant) -> u64 {
        now.since(self.refreshed).saturating_add(self.unseen_us)
    }

    /// Records a reply.
    pub(super) fn record_reply(&mut self, reach: &LifetimeRange, answer: &Answer) {
        match self.stage {
            Stage::Probed if answer.sent == self.probed => self.survive(reach),
            Stage::Probed if answer.sent > self.probed => self.stage = Stage::Missed,
            Stage::New if answer.sent >= self.probed => self.stage = Stage::Idle,
            // The reply to a further retry refreshes the flow, but it is no evidence about the idle
            // time.
            Stage::Idle | Stage::Missed if answer.sent > self.refreshed => {}
            _ => return,
        }
        self.refreshed = answer.sent;
        self.touched = self.touched.max(answer.sent);
        self.unseen_us = 0;
    }

    /// Records that the flow survived. Traffic during the idle time may have refreshed the flow, so
    /// only the time after the last arrival counts. At most the planned idle time counts.
    fn survive(&mut self, reach: &LifetimeRange) {
        let touched = self.touched > self.refreshed;
        let rest_us = if touched {
            self.probed.since(self.touched)
        } else {
            self.idle_us
        };
        let survived_us = rest_us.min(self.found.interval_us(reach));
        self.found.survived(reach, survived_us);
        self.deaths = 0;
        self.stage = Stage::Idle;
    }

    /// Records that something other than a reply arrived.
    pub(super) fn traffic(&mut self, reach: &LifetimeRange, now: Instant) {
        self.touched = now;
        if reach.is_refreshed_by_traffic() && self.stage != Stage::Probed {
            self.refreshed = now;
            self.unseen_us = 0;
        }
    }

    /// Records that the machine was not polled for `span_us`.
    pub(super) const fn lapse(&mut self, span_us: u64) {
        if matches!(self.stage, Stage::Idle | Stage::Missed) {
            self.unseen_us = self.unseen_us.saturating_add(span_us);
        }
    }

    /// Records that the flow was lost while the peer was alive, as the caller reports.
    pub(super) fn lose_flow(&mut self, reach: &LifetimeRange, now: Instant) {
        match self.stage {
            Stage::Probed | Stage::Missed => self.found.lost(reach, self.idle_us),
            Stage::Idle => self.found.lost(reach, self.idle_us_at(now)),
            Stage::New => {}
        }
        self.forget_flow();
    }

    /// Infers a lost flow from the end of an episode, if the caller reported none. The flow counts
    /// as lost if the peer was called dead once after an idle time longer than every survived one,
    /// or twice in a row after a shorter one.
    pub(super) fn end_episode(&mut self, reach: &LifetimeRange, outcome: Outcome) {
        if self.stage != Stage::Missed || outcome == Outcome::Survived {
            return;
        }
        self.deaths = self.deaths.saturating_add(1);
        let untried = self.found.is_untried(reach, self.idle_us);
        if self.deaths > 1 || untried {
            if untried {
                self.found.lost(reach, self.idle_us);
            } else {
                self.found.lost_again(reach, self.idle_us);
            }
            self.deaths = 0;
            self.stage = Stage::Idle;
        }
    }
}

#[cfg(test)]
mod tests;
