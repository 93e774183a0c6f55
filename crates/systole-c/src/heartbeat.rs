//! The machine without a clock, with the fluctuation rule or a constant interval.

use core::mem::MaybeUninit;

use systole_core::Heartbeat;
use systole_core::pacing::Fluctuation;

use crate::WINDOW;
use crate::config::systole_config_t;
use crate::machine::{ask, drive, tell};
use crate::shared::heartbeat::{failed, init};
#[cfg(feature = "snapshot")]
use crate::snapshot::systole_snapshot_t;
use crate::status::{systole_error_t, systole_status_t};
use crate::storage::storage;
use crate::time::{micros, span};
use crate::verdict::{raw_failure, systole_verdict_t};

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

/// Initialises a heartbeat to a peer of which nothing is known.
///
/// `size` is `sizeof *heartbeat`. `error` may be null.
///
/// Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is not that
/// of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a setting is refused,
/// which `error` names. Storage that is initialised already starts over.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_heartbeat_init(
    heartbeat: Option<&mut systole_heartbeat_t>,
    size: usize,
    config: Option<&systole_config_t>,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    init(heartbeat, size, config, error)
}

/// Records that the reply came after `rtt_us`. Returns the interval from the send of that probe to
/// the send of the next: between the configured shortest and longest, jitter included.
///
/// A reply that took longer than the bound counts as an RTT sample and does not change the verdict.
/// Round trips above 71 minutes count as 71 minutes.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_next_interval(
    heartbeat: Option<&mut systole_heartbeat_t>,
    rtt_us: u64,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(heartbeat, interval_us, |heart| {
        micros(heart.next_interval(span(rtt_us)))
    })
}

/// Records that no reply came within the timeout. Returns the interval from the send of that probe
/// to the send of the next, which is a retry and therefore sooner. For a dead peer it returns a
/// steady interval.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_missed(
    heartbeat: Option<&mut systole_heartbeat_t>,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(heartbeat, interval_us, |heart| micros(heart.missed()))
}

/// Records that the probe failed `after_us` after its send: it was refused, reset, or got an
/// invalid reply. Returns the interval from the send of that probe to the send of the next. Retries
/// keep their spacing, however soon the failure was known.
///
/// Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_failed(
    heartbeat: Option<&mut systole_heartbeat_t>,
    failure: raw_failure,
    after_us: u64,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    failed(heartbeat, failure, after_us, interval_us)
}

/// Records that the probe could not be sent, for a local reason that was known after `after_us`.
/// That is no evidence against the peer. Returns the interval from this try to the next.
///
/// When none could be sent for one bound and nothing proved life, the verdict becomes
/// `SYSTOLE_VERDICT_UNKNOWN`, and the bound counts from the next probe that is sent.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_unsent(
    heartbeat: Option<&mut systole_heartbeat_t>,
    after_us: u64,
    interval_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(heartbeat, interval_us, |heart| {
        micros(heart.unsent(span(after_us)))
    })
}

/// Records a reply, after `rtt_us`, to a probe that `systole_heartbeat_missed` had given up. Call
/// it before the next probe is sent. The timeout learns from late replies, so that a path that has
/// become slower is not taken for a dead peer.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_late(
    heartbeat: Option<&mut systole_heartbeat_t>,
    rtt_us: u64,
) -> systole_status_t {
    tell(heartbeat, |heart| heart.late(span(rtt_us)))
}

/// Returns how long to wait for the reply to the next probe, in microseconds.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_timeout(
    heartbeat: Option<&systole_heartbeat_t>,
    timeout_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(heartbeat, timeout_us, |heart| micros(heart.timeout()))
}

/// Returns the verdict as of the last call.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_verdict(
    heartbeat: Option<&systole_heartbeat_t>,
    verdict: Option<&mut MaybeUninit<systole_verdict_t>>,
) -> systole_status_t {
    ask(heartbeat, verdict, |heart| heart.verdict().into())
}

/// Returns the suspicion level: how improbable the present silence is, in thousandths of a decade.
/// At 3000, one silence of a live peer in 1,000 is as long.
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_level(
    heartbeat: Option<&systole_heartbeat_t>,
    level_milli: Option<&mut MaybeUninit<u32>>,
) -> systole_status_t {
    ask(heartbeat, level_milli, |heart| heart.level().as_milli())
}

/// Returns what is known of the path, and what is planned. It uses floating point.
#[cfg(feature = "snapshot")]
#[unsafe(no_mangle)]
pub extern "C" fn systole_heartbeat_snapshot(
    heartbeat: Option<&systole_heartbeat_t>,
    snapshot: Option<&mut MaybeUninit<systole_snapshot_t>>,
) -> systole_status_t {
    ask(heartbeat, snapshot, |heart| (&heart.snapshot()).into())
}
