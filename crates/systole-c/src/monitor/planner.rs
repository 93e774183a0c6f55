//! The machine that takes the caller's clock, with the planner.

use systole_core::Monitor;
use systole_core::pacing::Target;

use crate::WINDOW;
use crate::planned_config::systole_planned_config_t;
use crate::storage::storage;

use super::functions::functions;

/// The 8-byte words of a `systole_planned_monitor_t`.
pub const SYSTOLE_PLANNED_MONITOR_WORDS: usize = 120;

/// A monitor whose planner derives interval, timeout and retries from a bound on detection time and
/// a rate of mistakes: the fewest probes that keep both. It probes slowly while replies arrive and
/// fast once a probe is overdue. Its functions do what those of a `systole_monitor_t` do.
///
/// Every 64th sample, and each sample after a long silence, takes single-precision floating point.
#[repr(C)]
pub struct systole_planned_monitor_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_PLANNED_MONITOR_WORDS],
}

storage!(systole_planned_monitor_t, Monitor<WINDOW, Target>, 3);

functions! {
    storage: systole_planned_monitor_t,
    config: systole_planned_config_t,
    init: systole_planned_monitor_init,
    reconfigure: systole_planned_monitor_reconfigure,
    poll: systole_planned_monitor_poll,
    handle_reply: systole_planned_monitor_handle_reply,
    handle_reply_with: systole_planned_monitor_handle_reply_with,
    handle_reply_any: systole_planned_monitor_handle_reply_any,
    handle_traffic: systole_planned_monitor_handle_traffic,
    handle_failure: systole_planned_monitor_handle_failure,
    handle_unsent: systole_planned_monitor_handle_unsent,
    handle_skipped: systole_planned_monitor_handle_skipped,
    handle_pushback: systole_planned_monitor_handle_pushback,
    probe_now: systole_planned_monitor_probe_now,
    restarted: systole_planned_monitor_restarted,
    resumed: systole_planned_monitor_resumed,
    resync: systole_planned_monitor_resync,
    verdict: systole_planned_monitor_verdict,
    level: systole_planned_monitor_level,
    next_probe_earliest: systole_planned_monitor_next_probe_earliest,
    snapshot: systole_planned_monitor_snapshot,
}
