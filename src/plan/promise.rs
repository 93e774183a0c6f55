//! The promise of a policy, and how it was kept.

use core::time::Duration;

use crate::config::error::Setting;

/// The promise of a policy for a path as measured, and how it was kept so far. It is part of a
/// [`Snapshot`](crate::Snapshot).
///
/// The bound on detection time is a guarantee. The time between mistakes is an expectation,
/// extrapolated from silences shorter than the bound. The machine audits it and reports a broken
/// promise as [`EventKind::PromiseBroken`](crate::EventKind::PromiseBroken).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Promise {
    /// The longest time from a crash to the verdict `Dead`.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub detect_within: Duration,
    /// The expected time from one mistake to the next under the current plan, including the
    /// mistakes that no plan can avoid.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub mistakes_at_most_one_per: Duration,
    /// The expected probes per second, retries included.
    pub probes_per_s: f64,
    /// Mistakes since the audit began. A verdict counts as a mistake only if it was refuted later.
    pub mistakes: u16,
    /// The time since the audit began. The audit restarts when a promise is broken, and after eight
    /// times the promised time between mistakes.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub audited: Duration,
    /// The requirement that cannot be met, if any.
    pub infeasible: Option<Infeasible>,
}

/// A requirement that the path does not allow, and the nearest feasible value. The current plan is
/// the nearest feasible one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Infeasible {
    /// The requirement that cannot be met. It is [`Setting::DetectWithin`] if replies take too
    /// large a part of the bound, [`Setting::MistakeRecurrence`] if even unlimited probing would
    /// make mistakes more often, and [`Setting::ProbeBudget`] if the budget is too small.
    pub requirement: Setting,
    /// The nearest feasible value of that requirement, the others unchanged, in the unit of the
    /// setting: microseconds, or probes in 1,000 seconds.
    pub nearest: u64,
}
