//! What probes and replies tell the planner: silences, round trips and their grades.

use super::{Target, shape};
use crate::math::fixed_point::scaled_q16;
use crate::math::saturating;
use crate::pacing::Answer;
use crate::pacing::target::state::{Awaited, TargetState};
use crate::time::Instant;

/// The number of bounds after which the counts are halved. Rare silences require a long memory.
/// With bursts of 0.2 s, the planner costs 16 % more than the best constant interval with this
/// value, and 38 % more with 600. The recorded networks show no difference.
pub(super) const MEMORY: u32 = 1_500;

impl Target {
    /// Records a reply that arrived `length_us` after the steady probe.
    pub(super) fn record_reply(&self, state: &mut TargetState, length_us: u64, answer: &Answer) {
        state
            .disturbance
            .record(length_us, answer.now, self.bound_us);
        if let Some(rtt_us) = answer.rtt_us {
            let waited_us = rtt_us.saturating_add(answer.held_us); // the wait that a timeout covers
            state.disturbance.sample(waited_us);
            let deviation_us = waited_us.abs_diff(state.disturbance.median_us());
            state.spread_us = state.spread_us - state.spread_us / 16 + deviation_us / 16;
        }
        let (usual, median) = (state.usual_us, state.disturbance.median_us());
        if median / 2 > usual || median < usual / 2 {
            state.usual_us = median;
            state.halve();
        }
        state.grade = state.disturbance.grade(answer.now, self.bound_us);
    }

    /// Returns whether a silence is long enough to recompute the plan at once.
    pub(super) const fn is_long(&self, silence_us: u64) -> bool {
        silence_us > scaled_q16(self.bound_us, shape::LONG)
    }

    /// Returns whether the reply to the steady probe is later than usual.
    pub(super) fn is_overdue(&self, state: &TargetState, now: Instant) -> bool {
        state.awaited.open && now.since(state.awaited.sent()) > self.timeout_us(state)
    }

    /// Starts to measure the silence after the steady probe sent at `sent`.
    pub(super) fn start_silence(state: &mut TargetState, sent: Instant) {
        state.awaited = Awaited {
            sent,
            share: state.share(),
            grade: state.grade,
            open: true,
        };
    }

    /// Returns whether steady probes are sent before the reply to the last one arrives, because the
    /// round trip takes longer than the interval.
    pub(super) fn overlaps(&self, state: &TargetState) -> bool {
        self.timeout_us(state) > scaled_q16(self.bound_us, u32::from(self.share(state)))
    }

    /// Records the first reply to the awaited steady probe or to a later probe. Returns the time
    /// since that steady probe.
    pub(super) fn end_silence(&self, state: &mut TargetState, answer: &Answer) -> u64 {
        debug_assert!(state.awaited.open && answer.sent >= state.awaited.sent());
        let length_us = answer.now.since(state.awaited.sent());
        state.awaited.open = false;
        let mut silence_us = saturating::minus(length_us, state.disturbance.median_us().into());
        let lost = answer.sent > state.awaited.sent();
        if lost {
            silence_us = self.unexplained_us(state, silence_us);
        }
        let (share, grade) = (state.awaited.share, state.awaited.grade);
        self.count(state, silence_us, share, grade);
        if lost {
            state.silences.add_lost();
        }
        length_us
    }

    /// Returns the part of a silence after a lost probe that independent losses do not explain.
    /// Subtracts the wait until the next probe. If the rest is shorter than the longest expected
    /// run of independent losses, returns 0.
    pub(super) fn unexplained_us(&self, state: &TargetState, silence_us: u64) -> u64 {
        let interval_us = scaled_q16(self.bound_us, u32::from(state.awaited.share));
        let wait_us = saturating::min(self.timeout_us(state), interval_us);
        let rest_us = saturating::minus(silence_us, wait_us);
        if rest_us < wait_us * u64::from(state.independent) {
            return 0;
        }
        rest_us
    }

    /// Counts a silence of `silence_us` after a probe that stands for `share` of the bound.
    pub(super) fn count(&self, state: &mut TargetState, silence_us: u64, share: u16, grade: u8) {
        state.risk.add(grade, share, self.is_long(silence_us));
        state.silences.add(silence_us, self.bound_us, share);
        if state.silences.span() >= MEMORY {
            state.halve();
        }
    }
}
