//! What the planner remembers of a path.

use super::audit::Audit;
use super::shape;
use super::silences::Silences;
use super::trouble::Trouble;
use crate::time::Instant;

/// Answers from plan to plan; fewer while intervals lengthen, none between them while the path is new.
const EVERY: u8 = 64;
const EVERY_RELAXING: u8 = 4;
const NEW: u32 = 32;
/// Retries in halves that are saved beside those of a minute: one episode's.
pub(super) const SAVINGS: u16 = 2 * shape::RETRIES as u16;

/// The steady probe whose first answer is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) sent: Instant,
    pub(super) share: u16,
    pub(super) open: bool,
}

/// What [`Target`](crate::pacing::Target) remembers of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetState {
    pub(super) silences: Silences,
    pub(super) trouble: Trouble,
    pub(super) asked: Asked,
    pub(super) audit: Audit,
    /// The median round trip that the counts are from: another path is another matter.
    pub(super) usual_us: u32,
    /// The interval, in 2^-16 of the bound, and that in trouble; 0 before the first plan.
    pub(super) share: u16,
    pub(super) urgent: u16,
    /// The part of the probes that are sent in trouble, in 2^-16.
    pub(super) troubled: u16,
    /// Long silences, and those of them that were announced: the probe before was sent in trouble.
    pub(super) long: u8,
    pub(super) announced: u8,
    /// Expected mistakes a bound, and the part that no interval avoids.
    pub(super) mistakes: f32,
    pub(super) floor: f32,
    /// Probes a bound.
    pub(super) cost: f32,
    pub(super) now: Instant,
    pub(super) in_trouble: bool,
    /// Answers since the last plan.
    pub(super) since: u8,
    /// Retries that may be sent, in halves: every steady probe saves one.
    pub(super) savings: u16,
    /// Whether intervals are shorter than they might be.
    pub(super) relaxing: bool,
    /// How early the last retry is, in per cent of the bound.
    pub(super) margin: u8,
}

/// What it may take, on any target.
const _: () = assert!(size_of::<TargetState>() <= 168);

impl TargetState {
    /// On a path of which nothing is known.
    pub(super) const NEW: Self = Self {
        silences: Silences::NEW,
        trouble: Trouble::NEW,
        asked: Asked {
            sent: Instant::ZERO,
            share: 0,
            open: false,
        },
        audit: Audit::NEW,
        usual_us: 0,
        share: 0,
        urgent: 0,
        troubled: 0,
        long: 0,
        announced: 0,
        mistakes: 0.0,
        floor: 0.0,
        cost: 0.0,
        now: Instant::ZERO,
        in_trouble: false,
        since: 0,
        savings: SAVINGS,
        relaxing: false,
        margin: shape::MARGIN,
    };

    /// The interval in force, in 2^-16 of the bound; 0 before the first plan.
    pub(super) const fn share(&self) -> u16 {
        if self.in_trouble {
            self.urgent
        } else {
            self.share
        }
    }

    pub(super) const fn count_long(&mut self, announced: bool) {
        if self.long == u8::MAX {
            self.long /= 2;
            self.announced /= 2;
        }
        self.long += 1;
        self.announced += announced as u8;
    }

    /// The part of the long silences that are announced.
    pub(super) fn announced(&self) -> f32 {
        (f32::from(self.announced) + 0.5) / (f32::from(self.long) + 2.0)
    }

    pub(super) const fn is_due(&self) -> bool {
        if self.silences.probes() < NEW {
            return true;
        }
        self.since >= if self.relaxing { EVERY_RELAXING } else { EVERY }
    }
}
