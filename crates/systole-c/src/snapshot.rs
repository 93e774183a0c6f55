//! What is known at a moment, for people and dashboards.

use systole_core::peer::Counters;
use systole_core::plan::Promise;
use systole_core::{Snapshot, monitor};

use crate::status::systole_setting_t;
use crate::time::{micros, moment};
use crate::verdict::{systole_failure_t, systole_verdict_t};

/// What the planner promises on the path as measured, and how the promise was kept so far. All 0
/// without the planner.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct systole_promise_t {
    /// The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, in microseconds.
    pub detect_within_us: u64,
    /// The expected time from one mistake to the next, in microseconds.
    pub mistakes_at_most_one_per_us: u64,
    /// The time since the audit began, in microseconds.
    pub audited_us: u64,
    /// The expected probes per second, retries included.
    pub probes_per_s: f64,
    /// Mistakes since the audit began.
    pub mistakes: u32,
    /// The requirement that the path does not allow; 0 where there is none.
    pub infeasible: systole_setting_t,
    /// The nearest feasible value of that requirement, in the unit of its field.
    pub nearest: u64,
}

/// What is known of a path, and what is planned.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct systole_snapshot_t {
    /// Whether the peer is alive.
    pub verdict: systole_verdict_t,
    /// The suspicion level, in thousandths of a decade.
    pub level_milli: u32,
    /// The time from one steady probe to the next, before jitter, in microseconds.
    pub interval_us: u64,
    /// How long a steady probe may have no reply before it is overdue, in microseconds.
    pub timeout_us: u64,
    /// The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time, in microseconds.
    pub bound_us: u64,
    /// The mean of the round-trip times in the window, in microseconds.
    pub mean_us: u64,
    /// Their population standard deviation, in microseconds.
    pub standard_deviation_us: u64,
    /// The smoothed round-trip time of RFC 6298, in microseconds.
    pub smoothed_us: u64,
    /// The standard deviation divided by the mean.
    pub fluctuation: f64,
    /// The estimated probability that a probe is lost, 0 to 1.
    pub loss: f64,
    /// The number of round-trip times in the window.
    pub samples: u32,
    /// How often an overdue probe is repeated.
    pub retries: u32,
    /// What the planner promises.
    pub promise: systole_promise_t,
}

/// What a monitor has counted since it was initialised. Counters never fall, and each saturates.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_counters_t {
    /// Probes that were handed out to be sent.
    pub probes: u32,
    /// Probes that got a reply before they were counted as anything else.
    pub answered: u32,
    /// Probes that became overdue, whether or not a reply came later.
    pub lost: u32,
    /// Replies to probes that had already been counted as something else.
    pub late: u32,
    /// Replies to probes older than the bound. They prove no life.
    pub stale: u32,
    /// Replies that belong to no known probe.
    pub ignored: u32,
    /// Probes that failed before their timeout.
    pub failed: u32,
    /// Probes that could not be sent.
    pub unsent: u32,
    /// Probes whose outcome will never be known, and which are no evidence.
    pub abandoned: u32,
    /// How often no probe could be sent for one bound.
    pub blind: u32,
    /// Changes of the verdict to `SYSTOLE_VERDICT_SUSPECT`.
    pub suspect: u32,
    /// Changes of the verdict to `SYSTOLE_VERDICT_DEAD`.
    pub dead: u32,
    /// Verdicts `SYSTOLE_VERDICT_DEAD` that were mistakes.
    pub refuted: u32,
    /// Verdicts `SYSTOLE_VERDICT_DEAD` after which the peer came back.
    pub recovered: u32,
    /// Verdicts `SYSTOLE_VERDICT_DEAD` that ended and of which nothing tells whether they were
    /// mistakes.
    pub undecided: u32,
    /// How often local lateness was reported.
    pub pauses: u32,
    /// The longest time from the send of the last probe that got a reply to the verdict
    /// `SYSTOLE_VERDICT_DEAD`, in milliseconds, rounded up, local lateness included.
    pub worst_detection_ms: u32,
    /// The sum of all local lateness, in microseconds.
    pub lateness_us: u64,
}

/// What a monitor knows at a moment.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct systole_monitor_snapshot_t {
    /// The path and the plan.
    pub path: systole_snapshot_t,
    /// The counters.
    pub counters: systole_counters_t,
    /// When the verdict becomes `SYSTOLE_VERDICT_DEAD` if nothing is heard; `SYSTOLE_NEVER` where
    /// the peer is dead already, or no probe was sent.
    pub dead_at_us: u64,
    /// When the next probe is due.
    pub next_probe_at_us: u64,
    /// The number of probes that were sent after the last one that got a reply, among those still
    /// remembered.
    pub unanswered: u32,
    /// How the last probe failed that failed before its timeout; 0 where none did.
    pub last_failure: systole_failure_t,
    /// The number of the last event.
    pub events: u32,
}

impl systole_promise_t {
    const NONE: Self = Self {
        detect_within_us: 0,
        mistakes_at_most_one_per_us: 0,
        audited_us: 0,
        probes_per_s: 0.0,
        mistakes: 0,
        infeasible: systole_setting_t::SYSTOLE_SETTING_UNKNOWN,
        nearest: 0,
    };
}

impl From<Promise> for systole_promise_t {
    fn from(promise: Promise) -> Self {
        let mut to = Self {
            detect_within_us: micros(promise.detect_within),
            mistakes_at_most_one_per_us: micros(promise.mistakes_at_most_one_per),
            audited_us: micros(promise.audited),
            probes_per_s: promise.probes_per_s,
            mistakes: promise.mistakes.into(),
            ..Self::NONE
        };
        if let Some(infeasible) = promise.infeasible {
            to.infeasible = infeasible.requirement.into();
            to.nearest = infeasible.nearest;
        }
        to
    }
}

impl From<&Snapshot> for systole_snapshot_t {
    fn from(path: &Snapshot) -> Self {
        Self {
            verdict: path.verdict.into(),
            level_milli: path.level.as_milli(),
            interval_us: micros(path.plan.interval()),
            timeout_us: micros(path.plan.timeout()),
            bound_us: micros(path.plan.bound()),
            mean_us: micros(path.mean),
            standard_deviation_us: micros(path.standard_deviation),
            smoothed_us: micros(path.smoothed),
            fluctuation: path.fluctuation,
            loss: path.loss,
            samples: path.samples.into(),
            retries: path.plan.retries().count().into(),
            promise: path.promise.map_or(systole_promise_t::NONE, Into::into),
        }
    }
}

impl From<&Counters> for systole_counters_t {
    fn from(counters: &Counters) -> Self {
        Self {
            probes: counters.probes,
            answered: counters.answered,
            lost: counters.lost,
            late: counters.late,
            stale: counters.stale,
            ignored: counters.ignored,
            failed: counters.failed,
            unsent: counters.unsent,
            abandoned: counters.abandoned,
            blind: counters.blind,
            suspect: counters.suspect,
            dead: counters.dead,
            refuted: counters.refuted,
            recovered: counters.recovered,
            undecided: counters.undecided,
            pauses: counters.pauses,
            worst_detection_ms: counters.worst_detection_ms,
            lateness_us: counters.lateness_us,
        }
    }
}

impl From<&monitor::Snapshot> for systole_monitor_snapshot_t {
    fn from(snapshot: &monitor::Snapshot) -> Self {
        Self {
            path: (&snapshot.path).into(),
            counters: (&snapshot.counters).into(),
            dead_at_us: moment(snapshot.dead_at),
            next_probe_at_us: snapshot.next_probe_at.as_micros(),
            unanswered: snapshot.unanswered.into(),
            last_failure: systole_failure_t::of(snapshot.last_failure),
            events: snapshot.events,
        }
    }
}
