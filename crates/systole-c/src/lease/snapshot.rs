//! A lease at a moment.

use systole_core::lease::{Counters, Promise, Snapshot};

use crate::lease::questions::fence;
use crate::status::systole_setting_t;
use crate::time::micros;

/// What a lease promises on the path as measured, and how the promise was kept so far. The fence is
/// a guarantee; the time between lapses is an expectation.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct systole_lease_promise_t {
    /// The expected time from one lapse to the next, in microseconds.
    pub lapses_at_most_one_per_us: u64,
    /// The time since the audit began, in microseconds.
    pub audited_us: u64,
    /// The expected renewals per second, retries included.
    pub renewals_per_s: f64,
    /// Lapses since the audit began that the plan is to blame for.
    pub lapses: u32,
    /// The requirement that the path does not allow, `SYSTOLE_SETTING_TTL` or
    /// `SYSTOLE_SETTING_LAPSE_RECURRENCE`; 0 where there is none.
    pub infeasible: systole_setting_t,
    /// The nearest feasible value of that requirement, in microseconds.
    pub nearest_us: u64,
}

/// What happened to a lease since it was initialised. Counters never fall, and each saturates.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_lease_counters_t {
    /// Requests that were sent.
    pub sent: u32,
    /// Requests that the server granted.
    pub granted: u32,
    /// Requests that the server refused.
    pub refused: u32,
    /// Requests that failed: they could not be sent, or their connection broke.
    pub failed: u32,
    /// Answers to requests that are not outstanding, or of an old epoch.
    pub ignored: u32,
    /// How often the fence was reached while the lease was held.
    pub fenced: u32,
    /// How often the server ended the lease.
    pub lost: u32,
}

/// A lease at a moment.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct systole_lease_snapshot_t {
    /// Whether the holder may act: 0 or 1.
    pub is_held: u8,
    /// The epoch that the server gave last.
    pub epoch: u64,
    /// The first moment at which the holder may not act; 0 where the lease is not held.
    pub fence_at_us: u64,
    /// The TTL that the server granted last, in microseconds; 0 where nothing is granted.
    pub ttl_us: u64,
    /// The interval at which the lease is renewed, before jitter, in microseconds.
    pub interval_us: u64,
    /// How long a renewal may have no answer before it is overdue, in microseconds.
    pub timeout_us: u64,
    /// What is promised about lapses.
    pub promise: systole_lease_promise_t,
    /// What happened so far.
    pub counters: systole_lease_counters_t,
}

impl From<&Promise> for systole_lease_promise_t {
    fn from(promise: &Promise) -> Self {
        let infeasible = promise.infeasible;
        Self {
            lapses_at_most_one_per_us: micros(promise.lapses_at_most_one_per),
            audited_us: micros(promise.audited),
            renewals_per_s: promise.renewals_per_s,
            lapses: promise.lapses.into(),
            infeasible: infeasible.map_or(systole_setting_t::SYSTOLE_SETTING_UNKNOWN, |found| {
                found.requirement.into()
            }),
            nearest_us: infeasible.map_or(0, |found| found.nearest),
        }
    }
}

impl From<&Counters> for systole_lease_counters_t {
    fn from(counters: &Counters) -> Self {
        Self {
            sent: counters.sent,
            granted: counters.granted,
            refused: counters.refused,
            failed: counters.failed,
            ignored: counters.ignored,
            fenced: counters.fenced,
            lost: counters.lost,
        }
    }
}

impl From<&Snapshot> for systole_lease_snapshot_t {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            is_held: snapshot.is_held.into(),
            epoch: snapshot.epoch,
            fence_at_us: fence(snapshot.fence_at),
            ttl_us: micros(snapshot.ttl),
            interval_us: micros(snapshot.interval),
            timeout_us: micros(snapshot.timeout),
            promise: (&snapshot.promise).into(),
            counters: (&snapshot.counters).into(),
        }
    }
}
