//! What a policy promises, and what came of it.

use core::time::Duration;

use crate::config::error::Setting;

/// What a policy promises of a path as it was measured, and what came of it so far; part of a [`Snapshot`](crate::Snapshot).
///
/// The bound on detection time is a guarantee. The time between mistakes is an expectation, extrapolated from silences shorter
/// than the bound: it is audited, and where it is broken an [`Event::PromiseBroken`](crate::Event::PromiseBroken) says so.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Promise {
    /// The longest time from a crash to the verdict.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "detect_within_us", with = "crate::time::serde")
    )]
    pub detect_within: Duration,
    /// The expected time from one mistake to the next at the plan in force, those that no plan avoids included.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "mistakes_at_most_one_per_us", with = "crate::time::serde")
    )]
    pub mistakes_at_most_one_per: Duration,
    /// Probes a second, retries included.
    pub probes_per_s: f64,
    /// Mistakes since the audit began: verdicts that were refuted, not those of which nothing tells what they were.
    pub mistakes: u16,
    /// Time since the audit began. It begins anew when a promise is broken, and after eight of the times promised.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "audited_us", with = "crate::time::serde")
    )]
    pub audited: Duration,
    /// What cannot be kept, if anything.
    pub infeasible: Option<Infeasible>,
}

/// A target that the path does not allow, and what it does: the plan in force is the nearest feasible one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Infeasible {
    /// The requirement that binds: [`Setting::DetectWithin`] where answers take too large a part of the bound,
    /// [`Setting::MistakeRecurrence`] where probing at will would be wrong more often, [`Setting::ProbeBudget`] where the budget is in the way.
    pub requirement: Setting,
    /// The value of it that would be feasible, beside the others, in the setting's unit: microseconds, or probes in 1,000 seconds.
    pub nearest: u64,
}
