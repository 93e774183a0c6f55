//! The machine that takes the caller's clock, with the planner.

use core::mem::MaybeUninit;

use systole_core::pacing::Target;
use systole_core::{Instant, Monitor, ProbeId};

use crate::WINDOW;
use crate::event::systole_output_t;
use crate::machine::{ask, fill, tell};
use crate::planned_config::systole_planned_config_t;
use crate::shared::monitor::{failed, init, reconfigure};
#[cfg(feature = "snapshot")]
use crate::snapshot::systole_monitor_snapshot_t;
use crate::status::{systole_error_t, systole_status_t};
use crate::storage::storage;
use crate::time::{moment, span};
use crate::verdict::{raw_failure, systole_verdict_t};

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

/// As `systole_monitor_init`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_planned_monitor_init(
    monitor: Option<&mut systole_planned_monitor_t>,
    size: usize,
    config: Option<&systole_planned_config_t>,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    init(monitor, size, config, now_us, error)
}

/// As `systole_monitor_reconfigure`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_planned_monitor_reconfigure(
    monitor: Option<&mut systole_planned_monitor_t>,
    config: Option<&systole_planned_config_t>,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    reconfigure(monitor, config, now_us, error)
}

/// As `systole_monitor_poll`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_poll(
    monitor: Option<&mut systole_planned_monitor_t>,
    now_us: u64,
    output: Option<&mut MaybeUninit<systole_output_t>>,
) -> systole_status_t {
    fill(monitor, output, systole_output_t::NONE, |monitor, to| {
        to.take_monitor(&monitor.poll(Instant::from_micros(now_us)));
    })
}

/// As `systole_monitor_handle_reply`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_reply(
    monitor: Option<&mut systole_planned_monitor_t>,
    probe: u64,
    received_at_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.handle_reply(ProbeId::from(probe), Instant::from_micros(received_at_us));
    })
}

/// As `systole_monitor_handle_reply_with`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_reply_with(
    monitor: Option<&mut systole_planned_monitor_t>,
    probe: u64,
    received_at_us: u64,
    server_delay_us: u64,
) -> systole_status_t {
    let received_at = Instant::from_micros(received_at_us);
    tell(monitor, |monitor| {
        monitor.handle_reply_with(ProbeId::from(probe), received_at, span(server_delay_us));
    })
}

/// As `systole_monitor_handle_reply_any`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_reply_any(
    monitor: Option<&mut systole_planned_monitor_t>,
    received_at_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.handle_reply_any(Instant::from_micros(received_at_us));
    })
}

/// As `systole_monitor_handle_traffic`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_traffic(
    monitor: Option<&mut systole_planned_monitor_t>,
    received_at_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.handle_traffic(Instant::from_micros(received_at_us));
    })
}

/// As `systole_monitor_handle_failure`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_failure(
    monitor: Option<&mut systole_planned_monitor_t>,
    probe: u64,
    failure: raw_failure,
    now_us: u64,
) -> systole_status_t {
    failed(monitor, probe, failure, now_us)
}

/// As `systole_monitor_handle_unsent`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_unsent(
    monitor: Option<&mut systole_planned_monitor_t>,
    probe: u64,
    now_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.handle_unsent(ProbeId::from(probe), Instant::from_micros(now_us));
    })
}

/// As `systole_monitor_handle_skipped`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_skipped(
    monitor: Option<&mut systole_planned_monitor_t>,
    probe: u64,
    now_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.handle_skipped(ProbeId::from(probe), Instant::from_micros(now_us));
    })
}

/// As `systole_monitor_handle_pushback`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_handle_pushback(
    monitor: Option<&mut systole_planned_monitor_t>,
    now_us: u64,
    wait_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.handle_pushback_with(Instant::from_micros(now_us), span(wait_us));
    })
}

/// As `systole_monitor_probe_now`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_probe_now(
    monitor: Option<&mut systole_planned_monitor_t>,
    now_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.probe_now(Instant::from_micros(now_us));
    })
}

/// As `systole_monitor_restarted`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_restarted(
    monitor: Option<&mut systole_planned_monitor_t>,
    now_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.restarted(Instant::from_micros(now_us));
    })
}

/// As `systole_monitor_resumed`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_resumed(
    monitor: Option<&mut systole_planned_monitor_t>,
    now_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.resumed(Instant::from_micros(now_us));
    })
}

/// As `systole_monitor_resync`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_resync(
    monitor: Option<&mut systole_planned_monitor_t>,
    now_us: u64,
) -> systole_status_t {
    tell(monitor, |monitor| {
        monitor.resync(Instant::from_micros(now_us));
    })
}

/// As `systole_monitor_verdict`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_verdict(
    monitor: Option<&systole_planned_monitor_t>,
    verdict: Option<&mut MaybeUninit<systole_verdict_t>>,
) -> systole_status_t {
    ask(monitor, verdict, |monitor| monitor.verdict().into())
}

/// As `systole_monitor_level`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_level(
    monitor: Option<&systole_planned_monitor_t>,
    now_us: u64,
    level_milli: Option<&mut MaybeUninit<u32>>,
) -> systole_status_t {
    ask(monitor, level_milli, |monitor| {
        monitor.level(Instant::from_micros(now_us)).as_milli()
    })
}

/// As `systole_monitor_next_probe_earliest`.
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_next_probe_earliest(
    monitor: Option<&systole_planned_monitor_t>,
    earliest_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(monitor, earliest_us, |monitor| {
        moment(monitor.next_probe_earliest())
    })
}

/// As `systole_monitor_snapshot`.
#[cfg(feature = "snapshot")]
#[unsafe(no_mangle)]
pub extern "C" fn systole_planned_monitor_snapshot(
    monitor: Option<&systole_planned_monitor_t>,
    now_us: u64,
    snapshot: Option<&mut MaybeUninit<systole_monitor_snapshot_t>>,
) -> systole_status_t {
    ask(monitor, snapshot, |monitor| {
        (&monitor.snapshot(Instant::from_micros(now_us))).into()
    })
}
