//! What is promised about lapses.

use core::time::Duration;

use crate::config::Setting;
use crate::lease::config::Config;
use crate::lease::schedule::Schedule;
use crate::plan::Infeasible;

/// What a lease promises on the path as measured, and how the promise was kept so far.
///
/// The fence is a guarantee. The time between lapses is an expectation, extrapolated from silences
/// shorter than the TTL, which the machine audits.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Promise {
    /// The expected time from one lapse to the next under the current plan, including those that no
    /// plan can avoid.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub lapses_at_most_one_per: Duration,
    /// The expected renewals per second, retries included.
    pub renewals_per_s: f64,
    /// Lapses since the audit began that the plan is to blame for: the lease was fenced, and the
    /// server then answered a request that was sent before the fence.
    pub lapses: u16,
    /// The time since the audit began. The audit restarts when a promise is broken, and after eight
    /// times the promised time between lapses.
    #[cfg_attr(feature = "serde", serde(with = "crate::time::serde"))]
    pub audited: Duration,
    /// The requirement that cannot be met, if any, with its nearest feasible value in microseconds.
    ///
    /// It is [`Setting::Ttl`] where round trips take half of the usable time or more, so that a lost
    /// renewal cannot be repeated in time, or where the server grants less than a sixteenth of what
    /// it is asked for; and [`Setting::LapseRecurrence`] where silences of the path outlast the TTL
    /// more often than was stated.
    ///
    /// [`Setting::Ttl`]: crate::config::Setting::Ttl
    /// [`Setting::LapseRecurrence`]: crate::config::Setting::LapseRecurrence
    pub infeasible: Option<Infeasible>,
}

impl Promise {
    /// Returns what `schedule` promises.
    pub(super) fn of(schedule: &Schedule, config: &Config) -> Self {
        let promise = schedule.promised();
        Self {
            lapses_at_most_one_per: promise.mistakes_at_most_one_per,
            renewals_per_s: promise.probes_per_s,
            lapses: promise.mistakes,
            audited: promise.audited,
            infeasible: infeasible(schedule, promise.infeasible, config),
        }
    }
}

/// Returns what cannot be met, where the planner has `found` what it cannot.
fn infeasible(
    schedule: &Schedule,
    found: Option<Infeasible>,
    config: &Config,
) -> Option<Infeasible> {
    let rtt_us = schedule.rtt_us();
    if 2 * rtt_us > schedule.pace().usable_us() {
        // The reserve of a quarter is for the error of the running median, now and later.
        return Some(Infeasible {
            requirement: Setting::Ttl,
            nearest: config.least_ttl_us(rtt_us * 5 / 2),
        });
    }
    if schedule.pace().usable_us() < schedule.pace().planned_us() {
        return Some(Infeasible {
            requirement: Setting::Ttl,
            nearest: config.least_ttl_us(schedule.pace().planned_us()),
        });
    }
    found.map(|found| Infeasible {
        requirement: Setting::LapseRecurrence,
        nearest: found.nearest,
    })
}
