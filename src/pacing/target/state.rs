//! What the planner remembers of a path.

use super::audit::Audit;
use super::risk::{GRADES, Risk};
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
    pub(super) grade: u8,
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
    /// The mean deviation of the round trips from their median.
    pub(super) spread_us: u32,
    /// The interval at each grade of trouble, in 2^-16 of the bound; 0 before the first plan.
    pub(super) shares: [u16; GRADES],
    pub(super) risk: Risk,
    /// Expected mistakes a bound, and the part that no interval avoids.
    pub(super) mistakes: f32,
    pub(super) floor: f32,
    /// Probes a bound.
    pub(super) cost: f32,
    pub(super) now: Instant,
    /// How far out of the ordinary the last things heard were.
    pub(super) grade: u8,
    /// Answers since the last plan.
    pub(super) since: u8,
    /// Retries that may be sent, in halves: every steady probe saves one.
    pub(super) savings: u16,
    /// Whether intervals are shorter than they might be.
    pub(super) relaxing: bool,
    /// How early the last retry is, in per cent of the bound.
    pub(super) margin: u8,
    /// How many losses in a row are nothing out of the ordinary where losses are independent.
    pub(super) independent: u8,
}

/// What it may take, on any target.
const _: () = assert!(size_of::<TargetState>() <= 192);

impl TargetState {
    /// On a path of which nothing is known.
    pub(super) const NEW: Self = Self {
        silences: Silences::NEW,
        trouble: Trouble::NEW,
        asked: Asked {
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

    /// The interval in force, in 2^-16 of the bound; 0 before the first plan.
    pub(super) fn share(&self) -> u16 {
        let share = self.shares.get(usize::from(self.grade));
        share.copied().unwrap_or_default()
    }

    /// What was counted of the path counts half from here on.
    pub(super) fn halve(&mut self) {
        self.silences.halve();
        self.risk.halve();
    }

    pub(super) const fn is_due(&self) -> bool {
        if self.silences.probes() < NEW {
            return true;
        }
        self.since >= if self.relaxing { EVERY_RELAXING } else { EVERY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_due_at_each_answer_then_at_every_fourth_then_at_every_64th() {
        for (probes, relaxing, since, due) in [
            (0, false, 0, true),
            (31, false, 0, true),
            (32, true, 3, false),
            (32, true, 4, true),
            (32, false, 63, false),
            (32, false, 64, true),
        ] {
            let mut state = TargetState {
                since,
                relaxing,
                ..TargetState::NEW
            };
            (0..probes).for_each(|_| state.silences.add(1, 1_000, 1_000));
            assert_eq!(state.is_due(), due, "{probes} {relaxing} {since}");
        }
    }
}
