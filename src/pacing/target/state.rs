//! The state of the planner for a path.

use super::audit::Audit;
use super::disturbance::Disturbance;
use super::risk::{GRADES, Risk};
use super::shape;
use super::silences::Silences;
use crate::time::Instant;

/// The number of replies from one plan to the next.
const EVERY: u8 = 64;
/// The same while intervals grow.
const EVERY_RELAXING: u8 = 4;
/// The number of probes up to which a path is new: every reply then leads to a new plan.
const NEW: u32 = 32;
/// The half-retries that can be saved up in addition to those of a minute: enough for one episode.
pub(super) const SAVINGS: u16 = 2 * shape::RETRIES as u16;

/// The steady probe that is awaiting its first reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))] // four bytes less in every state
pub(super) struct Awaited {
    pub(super) sent: Instant,
    pub(super) share: u16,
    pub(super) grade: u8,
    pub(super) open: bool,
}

impl Awaited {
    /// Returns when it was sent: a field of a packed structure cannot be borrowed.
    pub(super) const fn sent(&self) -> Instant {
        self.sent
    }
}

/// What [`Target`](crate::pacing::Target) stores about a path.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetState {
    pub(super) silences: Silences,
    pub(super) disturbance: Disturbance,
    pub(super) awaited: Awaited,
    pub(super) audit: Audit,
    /// The median round-trip time for which the counts were made. If the median becomes very
    /// different, the path counts as another one.
    pub(super) usual_us: u32,
    /// The mean deviation of the round-trip times from their median.
    pub(super) spread_us: u32,
    /// The interval at each grade of disturbance, in 2^-16 of the bound; 0 before the first plan.
    pub(super) shares: [u16; GRADES],
    pub(super) risk: Risk,
    /// Expected mistakes per bound.
    pub(super) mistakes: f32,
    /// The part of them that no interval avoids.
    pub(super) floor: f32,
    /// Expected probes per bound.
    pub(super) cost: f32,
    pub(super) now: Instant,
    /// The grade of disturbance: how unusual the latest round trips and silences were.
    pub(super) grade: u8,
    /// Replies since the last plan.
    pub(super) since: u8,
    /// The half-retries saved up. Every steady probe saves one.
    pub(super) savings: u16,
    /// Whether some interval is still shorter than planned.
    pub(super) relaxing: bool,
    /// The time between the last retry and the bound, in per cent of the bound.
    pub(super) margin: u8,
    /// The longest expected run of losses if losses are independent.
    pub(super) independent: u8,
}

/// The documented size, which holds on every target.
const _: () = assert!(size_of::<TargetState>() <= 192);

impl TargetState {
    /// The state on a path of which nothing is known.
    pub(super) const NEW: Self = Self {
        silences: Silences::NEW,
        disturbance: Disturbance::NEW,
        awaited: Awaited {
            sent: Instant::ZERO,
            share: 0,
            grade: 0,
            open: false,
        },
        audit: Audit::NEW,
        usual_us: 0,
        spread_us: 0,
        shares: [0; GRADES],
        risk: Risk::NEW,
        mistakes: 0.0,
        floor: 0.0,
        cost: 0.0,
        now: Instant::ZERO,
        grade: 0,
        since: 0,
        savings: SAVINGS,
        relaxing: false,
        margin: shape::MARGIN,
        independent: 0,
    };

    /// Returns the current interval, in 2^-16 of the bound; 0 before the first plan.
    pub(super) fn share(&self) -> u16 {
        debug_assert!(usize::from(self.grade) < GRADES);
        let share = self.shares.get(usize::from(self.grade));
        share.copied().unwrap_or_default()
    }

    /// Goes on from what was learnt of the path before; the audit, the savings and the time go on.
    pub(super) const fn recall(
        &mut self,
        silences: Silences,
        risk: Risk,
        usual_us: u32,
        spread_us: u32,
    ) {
        self.disturbance = Disturbance::recalled(usual_us);
        (self.silences, self.risk) = (silences, risk);
        (self.usual_us, self.spread_us) = (usual_us, spread_us);
        (self.shares, self.grade) = ([0; GRADES], 0);
        self.awaited.open = false;
    }

    /// Halves all counts of the path, so that old ones count less.
    pub(super) fn halve(&mut self) {
        self.silences.halve();
        self.risk.halve();
    }

    /// Returns whether a new plan is due.
    pub(super) const fn is_due(&self) -> bool {
        if self.silences.probes() < NEW {
            return true;
        }
        self.since >= if self.relaxing { EVERY_RELAXING } else { EVERY }
    }
}

#[cfg(test)]
mod tests;
