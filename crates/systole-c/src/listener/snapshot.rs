//! What a listener knows at a moment.

use systole_core::listener::{Counters, Snapshot};

use crate::time::{micros, moment};
use crate::verdict::systole_verdict_t;

/// What a listener has counted since it was initialised. Every counter saturates.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_listener_counters_t {
    /// Heartbeats that continued the known life of the peer.
    pub beats: u32,
    /// Sequence numbers that were skipped. A reordered heartbeat takes one back.
    pub lost: u32,
    /// Heartbeats that arrived after a later one.
    pub reordered: u32,
    /// Heartbeats that were heard before, or that are too old to tell.
    pub repeated: u32,
    /// Heartbeats older than the bound. They prove no life.
    pub stale: u32,
    /// Heartbeats that were not believed: of another incarnation, after a jump of the sequence, or
    /// not authentic.
    pub ignored: u32,
    /// New incarnations and jumps of the sequence that were believed.
    pub restarts: u32,
    /// Verdicts `SYSTOLE_VERDICT_DEAD` that were mistakes.
    pub refuted: u32,
    /// Verdicts `SYSTOLE_VERDICT_DEAD` after which the peer came back.
    pub recovered: u32,
    /// Verdicts `SYSTOLE_VERDICT_DEAD` that ended and of which nothing tells whether they were
    /// mistakes.
    pub undecided: u32,
    /// How often local lateness was reported.
    pub pauses: u32,
    /// The sum of all local lateness, in microseconds.
    pub lateness_us: u64,
}

/// What a listener knows at a moment.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct systole_listener_snapshot_t {
    /// Whether the peer is alive.
    pub verdict: systole_verdict_t,
    /// The suspicion level, in thousandths of a decade.
    pub level_milli: u32,
    /// The suspicion level of the phi accrual detector. No verdict depends on it.
    pub phi: f64,
    /// The estimated probability that a heartbeat is lost, 0 to 1.
    pub loss: f64,
    /// The interval that the peer advertises, within the configured limits, in microseconds.
    pub interval_us: u64,
    /// The bound in force, in microseconds.
    pub bound_us: u64,
    /// How much later heartbeats arrived than if all had been as quick as the quickest, on average,
    /// in microseconds.
    pub mean_excess_us: u64,
    /// The standard deviation of that excess, in microseconds.
    pub standard_deviation_us: u64,
    /// When the newest heartbeat arrived; `SYSTOLE_NEVER` before the first.
    pub heard_at_us: u64,
    /// When the next heartbeat is expected to arrive; `SYSTOLE_NEVER` before the first.
    pub expected_at_us: u64,
    /// When the verdict becomes `SYSTOLE_VERDICT_DEAD` if nothing is heard; `SYSTOLE_NEVER` where
    /// the peer is dead already or has left.
    pub dead_at_us: u64,
    /// The incarnation of the known life of the peer; 0 before the first heartbeat.
    pub incarnation: u32,
    /// The newest sequence number.
    pub sequence: u32,
    /// The number of arrivals in the window.
    pub samples: u32,
    /// The load that the newest heartbeat reports, 0 idle to 255 full; -1 where it reports none.
    pub load: i32,
    /// The number of the last event.
    pub events: u32,
    /// The counters.
    pub counters: systole_listener_counters_t,
}

impl From<&Counters> for systole_listener_counters_t {
    fn from(counters: &Counters) -> Self {
        Self {
            beats: counters.beats,
            lost: counters.lost,
            reordered: counters.reordered,
            repeated: counters.repeated,
            stale: counters.stale,
            ignored: counters.ignored,
            restarts: counters.restarts,
            refuted: counters.refuted,
            recovered: counters.recovered,
            undecided: counters.undecided,
            pauses: counters.pauses,
            lateness_us: counters.lateness_us,
        }
    }
}

impl From<&Snapshot> for systole_listener_snapshot_t {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            verdict: snapshot.verdict.into(),
            level_milli: snapshot.level.as_milli(),
            phi: snapshot.phi,
            loss: snapshot.loss,
            interval_us: micros(snapshot.interval),
            bound_us: micros(snapshot.bound),
            mean_excess_us: micros(snapshot.mean_excess),
            standard_deviation_us: micros(snapshot.standard_deviation),
            heard_at_us: moment(snapshot.heard_at),
            expected_at_us: moment(snapshot.expected_at),
            dead_at_us: moment(snapshot.dead_at),
            incarnation: snapshot.incarnation.unwrap_or(0),
            sequence: snapshot.sequence,
            samples: snapshot.samples.into(),
            load: snapshot.load.map_or(-1, i32::from),
            events: snapshot.events,
            counters: (&snapshot.counters).into(),
        }
    }
}
