//! The time that requests have, and what follows from it alone.

use crate::lease::config::Config;
use crate::math::fixed_point::scaled_q16;
use crate::math::saturating;
use crate::pacing::Target;

/// The interval at which a lease that is not held is asked for, as a share in 2^16 of the usable time
/// that is asked for: 0.12. Kubernetes' defaults are 2 s of 15 s.
const SEEK_Q16: u32 = 7_864;
/// The shortest time from one request to the next: 0.04.
const LEAST_Q16: u32 = 2_621;
/// The longest wait between retries, unless the timeout is longer: 0.08. Retries are rare.
const RETRY_Q16: u32 = 5_243;
/// The shortest time that is planned for, as a part of what was asked for: a sixteenth. A server that
/// grants less is asked no more often than if it had granted that.
const PLANNED_SHIFT: u32 = 4;
/// A change of the planned time by less than an eighth keeps what was learnt.
const SAME_SHIFT: u32 = 3;

/// The time that requests have.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) planner: Target,
    usable_us: u64,
    seek_us: u64,
}

impl Pace {
    /// Returns the pace where `ttl_us` applies and `asked_us` was asked for.
    pub(super) const fn new(config: &Config, ttl_us: u64, asked_us: u64) -> Self {
        let (usable_us, wanted_us) = (config.usable_us(ttl_us), config.usable_us(asked_us));
        let planned_us = saturating::max(usable_us, wanted_us >> PLANNED_SHIFT);
        Self {
            planner: Target::apart(planned_us, config.recurrence_us),
            usable_us,
            seek_us: scaled_q16(wanted_us, SEEK_Q16),
        }
    }

    /// Returns whether what was learnt for `other` does not apply.
    pub(super) const fn is_unlike(&self, other: &Self) -> bool {
        let planned_us = other.planned_us();
        self.planned_us().abs_diff(planned_us) > planned_us >> SAME_SHIFT
    }

    /// Returns the time that renewals have.
    pub(super) const fn usable_us(&self) -> u64 {
        self.usable_us
    }

    /// Returns the time that is planned for. It is longer where the server grants next to nothing.
    pub(super) const fn planned_us(&self) -> u64 {
        self.planner.bound_us()
    }

    /// Returns the interval at which a lease is asked for that is not held.
    pub(super) const fn seek_us(&self) -> u64 {
        self.seek_us
    }

    /// Returns the shortest time from one request to the next.
    pub(super) const fn least_us(&self) -> u64 {
        scaled_q16(self.planned_us(), LEAST_Q16)
    }

    /// Returns the longest wait between retries, where a renewal is overdue after `timeout_us`.
    pub(super) const fn retry_most_us(&self, timeout_us: u32) -> u64 {
        saturating::max(scaled_q16(self.planned_us(), RETRY_Q16), timeout_us as u64)
    }
}
