//! The machine without a clock, with the fluctuation rule or a constant interval.

use systole_core::Heartbeat;
use systole_core::pacing::Fluctuation;

use crate::WINDOW;
use crate::config::systole_config_t;
use crate::storage::storage;

use super::functions::functions;

/// The 8-byte words of a `systole_heartbeat_t`.
pub const SYSTOLE_HEARTBEAT_WORDS: usize = 41;

/// Drives probes from any loop: give it the outcome of each probe, and sleep for the interval that
/// it returns.
///
/// It reads no clock. It counts its own intervals and timeouts as the time that has passed, so the
/// loop has to keep them: intervals run from send to send, a probe without a reply is waited for as
/// long as `systole_heartbeat_timeout` says, and a probe that takes longer than the interval is
/// followed by the next one at once. A loop that cannot keep these times should use
/// `systole_monitor_t`, which takes the caller's clock.
///
/// One probe at a time is under way. Steady intervals lie within the configured limits, jitter
/// included, whatever was fed in. `SYSTOLE_VERDICT_DEAD` comes at most one bound after the crash if
/// the times are kept; `systole_heartbeat_snapshot` states the bound.
///
/// The storage belongs to the caller and must not be moved or copied once it is initialised. It
/// needs no clean-up. One thread at a time may use it.
#[repr(C)]
pub struct systole_heartbeat_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_HEARTBEAT_WORDS],
}

storage!(systole_heartbeat_t, Heartbeat<WINDOW, Fluctuation>, 0);

functions! {
    storage: systole_heartbeat_t,
    config: systole_config_t,
    init: systole_heartbeat_init,
    next_interval: systole_heartbeat_next_interval,
    missed: systole_heartbeat_missed,
    failed: systole_heartbeat_failed,
    unsent: systole_heartbeat_unsent,
    late: systole_heartbeat_late,
    timeout: systole_heartbeat_timeout,
    verdict: systole_heartbeat_verdict,
    level: systole_heartbeat_level,
    snapshot: systole_heartbeat_snapshot,
}
