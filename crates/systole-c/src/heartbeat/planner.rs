//! The machine without a clock, with the planner.

use systole_core::Heartbeat;
use systole_core::pacing::Target;

use crate::WINDOW;
use crate::planned_config::systole_planned_config_t;
use crate::storage::storage;

use super::functions::functions;

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

functions! {
    storage: systole_planned_heartbeat_t,
    config: systole_planned_config_t,
    init: systole_planned_heartbeat_init,
    next_interval: systole_planned_heartbeat_next_interval,
    missed: systole_planned_heartbeat_missed,
    failed: systole_planned_heartbeat_failed,
    unsent: systole_planned_heartbeat_unsent,
    late: systole_planned_heartbeat_late,
    timeout: systole_planned_heartbeat_timeout,
    verdict: systole_planned_heartbeat_verdict,
    level: systole_planned_heartbeat_level,
    snapshot: systole_planned_heartbeat_snapshot,
}
