//! What a holder asks its lease.

use core::mem::MaybeUninit;

use systole_core::Instant;
use systole_core::lease::Lease;

use crate::lease::machine::systole_lease_t;
#[cfg(feature = "snapshot")]
use crate::lease::snapshot::systole_lease_snapshot_t;
use crate::machine::ask;
use crate::status::systole_status_t;

/// Returns a fence, or 0 where nothing is held: a moment that has passed, so that a comparison
/// fails safe.
pub(crate) fn fence(at: Option<Instant>) -> u64 {
    at.map_or(0, Instant::as_micros)
}

/// Returns whether the holder may act at `now_us`: 0 or 1. It is 0 for a moment before the last one
/// seen. Where the answer is not `SYSTOLE_STATUS_OK`, the holder may not act.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_lease_is_held(
    lease: Option<&systole_lease_t>,
    now_us: u64,
    is_held: Option<&mut MaybeUninit<u8>>,
) -> systole_status_t {
    ask(lease, is_held, |lease| {
        lease.is_held(Instant::from_micros(now_us)).into()
    })
}

/// Returns the first moment at which the holder may not act; 0 where the lease is not held as of the
/// last call.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_fence_at(
    lease: Option<&systole_lease_t>,
    fence_at_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(lease, fence_at_us, |lease| fence(lease.fence_at()))
}

/// Returns when the holder should begin to stop: `stop_within_us` before the fence; 0 where the
/// lease is not held as of the last call.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_stop_at(
    lease: Option<&systole_lease_t>,
    stop_at_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(lease, stop_at_us, |lease| fence(lease.stop_at()))
}

/// Returns the epoch that the server gave last; 0 before the first grant.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_epoch(
    lease: Option<&systole_lease_t>,
    epoch: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    ask(lease, epoch, Lease::epoch)
}

/// Returns all that is known at `now_us`. It uses floating point.
#[cfg(feature = "snapshot")]
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_snapshot(
    lease: Option<&systole_lease_t>,
    now_us: u64,
    snapshot: Option<&mut MaybeUninit<systole_lease_snapshot_t>>,
) -> systole_status_t {
    ask(lease, snapshot, |lease| {
        (&lease.snapshot(Instant::from_micros(now_us))).into()
    })
}
