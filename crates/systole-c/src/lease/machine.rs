//! Leases: deadlines that real time enforces.

use core::mem::MaybeUninit;

use systole_core::Instant;
use systole_core::lease::Lease;

use crate::config::{answer, given};
use crate::lease::config::systole_lease_config_t;
use crate::lease::event::systole_lease_output_t;
use crate::machine::{fill, install, tell};
use crate::status::{systole_error_t, systole_status_t};
use crate::storage::{machine_mut, storage};

/// The 8-byte words of a `systole_lease_t`.
pub const SYSTOLE_LEASE_WORDS: usize = 101;

/// Keeps a lease: it asks for it, renews it, and tells until when the holder may act. It opens no
/// socket and reads no clock.
///
/// Call `systole_lease_poll` and send what it asks for. Hand in every answer. Guard every action by
/// `systole_lease_is_held` with the current time.
///
/// The holder is never told that it holds a lease that may have expired. The fence is the send time
/// of the newest acknowledged request, plus the TTL that the server granted to it, less the drift of
/// both clocks and the resolution of the server's. No late call moves it later, and no answer that
/// comes late, twice, out of order, or to an unknown request.
///
/// That needs a clock that counts the time in which the device sleeps, calls with the current time,
/// and a server that keeps what it granted. Against a server that does not, only the epoch (fencing
/// token) helps, checked by the resource that the lease protects. A clock that runs backwards ends
/// the holding at once.
///
/// Renewals are as rare as the path allows: the planner measures how long silences last, and
/// computes in floating point. The last 32 requests are remembered.
#[repr(C)]
pub struct systole_lease_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_LEASE_WORDS],
}

storage!(systole_lease_t, Lease, 7);

/// Initialises a lease that is asked for at once.
///
/// `size` is `sizeof *lease`. `error` may be null. Answers as `systole_heartbeat_init`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_lease_init(
    lease: Option<&mut systole_lease_t>,
    size: usize,
    config: Option<&systole_lease_config_t>,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    install(lease, size, error, || {
        let config = given(config)?.build()?;
        Ok(Lease::new(config, Instant::from_micros(now_us)))
    })
}

/// Follows another configuration from now on. `error` may be null.
///
/// A shorter TTL takes effect at once, and answers to requests that asked for the old one are
/// unknown. A longer one is asked for from the next holding on.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_lease_reconfigure(
    lease: Option<&mut systole_lease_t>,
    config: Option<&systole_lease_config_t>,
    now_us: u64,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    let lease = machine_mut(lease).map_err(systole_error_t::of);
    let result = lease.and_then(|lease| {
        lease.reconfigure(given(config)?.build()?, Instant::from_micros(now_us));
        Ok(())
    });
    answer(result, error)
}

/// Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT` or
/// `SYSTOLE_ACTION_IDLE`, within `SYSTOLE_MAX_DRAIN` calls, and again at that moment and after every
/// `handle` function.
///
/// Early calls are harmless. A late call delays renewals and events, and moves no fence.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_poll(
    lease: Option<&mut systole_lease_t>,
    now_us: u64,
    output: Option<&mut MaybeUninit<systole_lease_output_t>>,
) -> systole_status_t {
    fill(lease, output, systole_lease_output_t::NONE, |lease, to| {
        to.take(&lease.poll(Instant::from_micros(now_us)));
    })
}

/// Gives the lease up. It is not held from this call on, and no event follows. Then `poll` asks for
/// `SYSTOLE_LEASE_ACTION_RELEASE` until `systole_lease_handle_released`, or until the lease has
/// expired.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_release(
    lease: Option<&mut systole_lease_t>,
    now_us: u64,
) -> systole_status_t {
    tell(lease, |lease| lease.release(Instant::from_micros(now_us)))
}

/// Asks for a lease again that was given up, as a new holding.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_acquire(
    lease: Option<&mut systole_lease_t>,
    now_us: u64,
) -> systole_status_t {
    tell(lease, |lease| lease.acquire(Instant::from_micros(now_us)))
}

/// Notes that the clock cannot vouch for the time since the last call: it leapt and is right again,
/// or it stood still while the device slept. The holder is fenced at once, and the lease is renewed.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_resync(
    lease: Option<&mut systole_lease_t>,
    now_us: u64,
) -> systole_status_t {
    tell(lease, |lease| lease.resync(Instant::from_micros(now_us)))
}
