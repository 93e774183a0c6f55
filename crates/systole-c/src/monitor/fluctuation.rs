//! The machine that takes the caller's clock, with the fluctuation rule or a constant interval.

use systole_core::Monitor;
use systole_core::pacing::Fluctuation;

use crate::WINDOW;
use crate::config::systole_config_t;
use crate::storage::storage;

use super::functions::functions;

/// The 8-byte words of a `systole_monitor_t`.
pub const SYSTOLE_MONITOR_WORDS: usize = 89;

/// Monitors one peer on the caller's clock and socket.
///
/// After waking, hand in what arrived. Then call `systole_monitor_poll` until it returns
/// `SYSTOLE_ACTION_WAIT`, which is the deadline to sleep until. That is the only way to end a
/// drain, and it comes within `SYSTOLE_MAX_DRAIN` calls at one moment.
///
/// Steady intervals lie within the configured limits, jitter included, whatever was fed in. A
/// deadline lies in the future, so there is no busy loop. `SYSTOLE_VERDICT_DEAD` comes at most one
/// bound after the crash if polled on time, and at most one bound and the total lateness otherwise.
/// Time by which the caller polls late is credited to the peer.
///
/// Every moment is in microseconds of the same clock, whose epoch the caller chooses. Where the
/// clock runs backwards, no time has passed.
///
/// The storage belongs to the caller and must not be moved or copied once it is initialised. It
/// needs no clean-up. One thread at a time may use it.
#[repr(C)]
pub struct systole_monitor_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_MONITOR_WORDS],
}

storage!(systole_monitor_t, Monitor<WINDOW, Fluctuation>, 2);

functions! {
    storage: systole_monitor_t,
    config: systole_config_t,
    init: systole_monitor_init,
    reconfigure: systole_monitor_reconfigure,
    poll: systole_monitor_poll,
    handle_reply: systole_monitor_handle_reply,
    handle_reply_with: systole_monitor_handle_reply_with,
    handle_reply_any: systole_monitor_handle_reply_any,
    handle_traffic: systole_monitor_handle_traffic,
    handle_failure: systole_monitor_handle_failure,
    handle_unsent: systole_monitor_handle_unsent,
    handle_skipped: systole_monitor_handle_skipped,
    handle_pushback: systole_monitor_handle_pushback,
    probe_now: systole_monitor_probe_now,
    restarted: systole_monitor_restarted,
    resumed: systole_monitor_resumed,
    resync: systole_monitor_resync,
    verdict: systole_monitor_verdict,
    level: systole_monitor_level,
    next_probe_earliest: systole_monitor_next_probe_earliest,
    snapshot: systole_monitor_snapshot,
}
