//! What the server and the application say to a lease.

use core::mem::MaybeUninit;

use systole_core::Instant;
use systole_core::lease::RenewalId;

use crate::lease::event::{raw_refusal, refusal};
use crate::lease::machine::systole_lease_t;
use crate::lease::outcome::{systole_grant_outcome_t, systole_refusal_outcome_t};
use crate::machine::{drive, handle, tell};
use crate::status::systole_status_t;
use crate::time::span;

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
