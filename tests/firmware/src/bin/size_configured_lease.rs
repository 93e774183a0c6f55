#![no_std]
#![no_main]
//! A lease: everything that a holder may call, the planner included, with settings that are read at
//! run time: what the image in C is compared with.

use core::hint::black_box;
use cortex_m_rt::entry;
use systole::lease::{Lease, Refusal, RenewalId};
use systole::{ConfigError, Instant, Output};

#[path = "../configured.rs"]
mod configured;
#[allow(dead_code)] // there is no monitor in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    let mut lease = lease().ok();
    loop {
        let now = Instant::from_micros(black_box(0));
        if let Some(lease) = &mut lease {
            match &lease.poll(now) {
                Output::Send(request) => _ = black_box(request),
                Output::Event(event) => _ = black_box(event),
                Output::Wait(until) => _ = black_box(until),
                Output::Idle => {}
            }
            answers(lease, now);
            black_box((lease.is_held(now), lease.stop_at()));
        }
    }
}

#[inline(always)]
fn answers(lease: &mut Lease, now: Instant) {
    let id = RenewalId::from(black_box(1));
    let ttl = configured::span(10_000_000);
    black_box(lease.handle_granted(id, ttl, black_box(7), now));
    black_box(lease.handle_refused(id, Refusal::Expired, now));
    black_box(lease.handle_failed(id, now));
    lease.release(now);
}

#[inline(always)]
fn lease() -> Result<Lease, ConfigError> {
    Ok(Lease::new(configured::lease()?, Instant::ZERO))
}
