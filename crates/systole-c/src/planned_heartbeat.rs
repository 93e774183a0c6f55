//! The machine without a clock, with the planner.

use core::mem::MaybeUninit;

use systole_core::Heartbeat;
use systole_core::pacing::Target;

use crate::WINDOW;
use crate::machine::{ask, drive, tell};
use crate::planned_config::systole_planned_config_t;
use crate::shared::heartbeat::{failed, init};
#[cfg(feature = "snapshot")]
use crate::snapshot::systole_snapshot_t;
use crate::status::{systole_error_t, systole_status_t};
use crate::storage::storage;
use crate::time::{micros, span};
use crate::verdict::{raw_failure, systole_verdict_t};

/// The 8-byte words of a `systole_planned_heartbeat_t`.
pub const SYSTOLE_PLANNED_HEARTBEAT_WORDS: usize = 72;

/// A heartbeat whose planner derives interval, timeout and retries from a bound on detection time
/// and a rate of mistakes. Its functions do what those of a `systole_heartbeat_t` do.
#[repr(C)]
pub struct systole_planned_heartbeat_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_PLANNED_HEARTBEAT_WORDS],
}

storage!(systole_planned_heartbeat_t, Heartbeat<WINDOW, Target>, 1);

/// As `systole_heartbeat_init`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_planned_heartbeat_init(
    heartbeat: Option<&mut systole_planned_heartbeat_t>,
    size: usize,
    config: Option<&systole_planned_config_t>,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    init(heartbeat, size, config, error)
}

/// As `systole_heartbeat_next_interval`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_next_interval(
    heartbeat: Option<&mut systole_planned_heartbeat_t>,
    rtt_us: u64,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(heartbeat, interval_us, |heart| {
        micros(heart.next_interval(span(rtt_us)))
    })
}

/// As `systole_heartbeat_missed`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_missed(
    heartbeat: Option<&mut systole_planned_heartbeat_t>,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(heartbeat, interval_us, |heart| micros(heart.missed()))
}

/// As `systole_heartbeat_failed`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_failed(
    heartbeat: Option<&mut systole_planned_heartbeat_t>,
    failure: raw_failure,
    after_us: u64,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    failed(heartbeat, failure, after_us, interval_us)
}

/// As `systole_heartbeat_unsent`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_unsent(
    heartbeat: Option<&mut systole_planned_heartbeat_t>,
    after_us: u64,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(heartbeat, interval_us, |heart| {
        micros(heart.unsent(span(after_us)))
    })
}

/// As `systole_heartbeat_late`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_late(
    heartbeat: Option<&mut systole_planned_heartbeat_t>,
    rtt_us: u64,
) -> systole_status_t {
    tell(heartbeat, |heart| heart.late(span(rtt_us)))
}

/// As `systole_heartbeat_timeout`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_timeout(
    heartbeat: Option<&systole_planned_heartbeat_t>,
    timeout_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(heartbeat, timeout_us, |heart| micros(heart.timeout()))
}

/// As `systole_heartbeat_verdict`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_verdict(
    heartbeat: Option<&systole_planned_heartbeat_t>,
    verdict: Option<&mut MaybeUninit<systole_verdict_t>>,
) -> systole_status_t {
    ask(heartbeat, verdict, |heart| heart.verdict().into())
}

/// As `systole_heartbeat_level`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_level(
    heartbeat: Option<&systole_planned_heartbeat_t>,
    level_milli: Option<&mut MaybeUninit<u32>>,
) -> systole_status_t {
    ask(heartbeat, level_milli, |heart| heart.level().as_milli())
}

/// As `systole_heartbeat_snapshot`.
#[cfg(feature = "snapshot")]
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_heartbeat_snapshot(
    heartbeat: Option<&systole_planned_heartbeat_t>,
    snapshot: Option<&mut MaybeUninit<systole_snapshot_t>>,
) -> systole_status_t {
    ask(heartbeat, snapshot, |heart| (&heart.snapshot()).into())
}
