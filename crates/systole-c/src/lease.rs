//! Leases: deadlines that real time enforces.

use core::mem::MaybeUninit;

use systole_core::Instant;
use systole_core::lease::{Lease, RenewalId};

use crate::config::{answer, given};
use crate::lease_config::systole_lease_config_t;
use crate::lease_event::{
    raw_refusal, refusal, systole_grant_outcome_t, systole_lease_output_t,
    systole_refusal_outcome_t,
};
#[cfg(feature = "snapshot")]
use crate::lease_snapshot::systole_lease_snapshot_t;
use crate::machine::{ask, drive, fill, handle, install, tell};
use crate::status::{systole_error_t, systole_status_t};
use crate::storage::{machine_mut, storage};
use crate::time::span;

/// The 8-byte words of a `systole_lease_t`.
pub const SYSTOLE_LEASE_WORDS: usize = 100;

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

/// Returns a fence, or 0 where nothing is held: a moment that has passed, so that a comparison
/// fails safe.
pub(crate) fn fence(at: Option<Instant>) -> u64 {
    at.map_or(0, Instant::as_micros)
}

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

/// Records that the server granted the request called `renewal` for `ttl_us`, which it counts from
/// the moment at which it processed the request. `outcome` may be null.
///
/// A `ttl_us` of 0 is no grant: the lease is lost. `epoch` is the fencing token of the server; pass
/// 0 always where it has none. While the lease is held, a lower one is stale, and a higher one says
/// that the lease was given away in between.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_granted(
    lease: Option<&mut systole_lease_t>,
    renewal: u32,
    ttl_us: u64,
    epoch: u64,
    now_us: u64,
    outcome: Option<&mut MaybeUninit<systole_grant_outcome_t>>,
) -> systole_status_t {
    let (id, now) = (RenewalId::from(renewal), Instant::from_micros(now_us));
    handle(lease, outcome, |lease| {
        lease.handle_granted(id, span(ttl_us), epoch, now)
    })
}

/// Records that the server refused the request called `renewal`. The refusal of a renewal ends the
/// holding at once. The lease is then asked for again. `outcome` may be null.
///
/// Answers `SYSTOLE_STATUS_ENUM` where `why` is none.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_refused(
    lease: Option<&mut systole_lease_t>,
    renewal: u32,
    why: raw_refusal,
    now_us: u64,
    outcome: Option<&mut MaybeUninit<systole_refusal_outcome_t>>,
) -> systole_status_t {
    let (id, now) = (RenewalId::from(renewal), Instant::from_micros(now_us));
    match refusal(why) {
        Ok(why) => handle(lease, outcome, |lease| lease.handle_refused(id, why, now)),
        Err(status) => status,
    }
}

/// Records that the server said, without a request, that the lease is over: somebody deleted the
/// key, or the connection or session is closed. `outcome` may be null.
///
/// Answers `SYSTOLE_STATUS_ENUM` where `why` is none.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_ended(
    lease: Option<&mut systole_lease_t>,
    why: raw_refusal,
    now_us: u64,
    outcome: Option<&mut MaybeUninit<systole_refusal_outcome_t>>,
) -> systole_status_t {
    let now = Instant::from_micros(now_us);
    match refusal(why) {
        Ok(why) => handle(lease, outcome, |lease| lease.handle_ended(why, now)),
        Err(status) => status,
    }
}

/// Records that the request called `renewal` failed: it could not be sent, its connection broke, or
/// the server answered with an error that says nothing about the lease. It is retried soon while the
/// lease is held, and a grant that still arrives counts.
///
/// Writes to `is_outstanding`, which may be null, whether the request is: 0 or 1.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_failed(
    lease: Option<&mut systole_lease_t>,
    renewal: u32,
    now_us: u64,
    is_outstanding: Option<&mut MaybeUninit<u8>>,
) -> systole_status_t {
    handle(lease, is_outstanding, |lease| {
        lease.handle_failed(RenewalId::from(renewal), Instant::from_micros(now_us))
    })
}

/// Records that the server wants to be left alone for `wait_us`. While the lease is held, half of
/// the time left is waited at most.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_pushback(
    lease: Option<&mut systole_lease_t>,
    wait_us: u64,
    now_us: u64,
) -> systole_status_t {
    tell(lease, |lease| {
        lease.handle_pushback(span(wait_us), Instant::from_micros(now_us));
    })
}

/// Records that the application sent something that renews the lease, such as a publication to an
/// MQTT broker. It does not move the fence: nobody knows whether it arrived.
///
/// Writes a name for it to `renewal`. If the server acknowledges it, hand that in by
/// `systole_lease_handle_granted`. It is 0 where the lease was never granted, and where something
/// was sent so recently that its acknowledgement is as good.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_sent(
    lease: Option<&mut systole_lease_t>,
    now_us: u64,
    renewal: Option<&mut MaybeUninit<u32>>,
) -> systole_status_t {
    drive(lease, renewal, |lease| {
        lease
            .handle_sent(Instant::from_micros(now_us))
            .map_or(0, u32::from)
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

/// Records that the server released the lease, or does not know it. Writes to `was_releasing`, which
/// may be null, whether a release was waiting for that: 0 or 1.
#[unsafe(no_mangle)]
pub extern "C" fn systole_lease_handle_released(
    lease: Option<&mut systole_lease_t>,
    now_us: u64,
    was_releasing: Option<&mut MaybeUninit<u8>>,
) -> systole_status_t {
    handle(lease, was_releasing, |lease| {
        lease.handle_released(Instant::from_micros(now_us))
    })
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
