#![no_std]
#![no_main]
//! A lease: everything that a holder may call, the planner included.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::lease::{Config, Lease, Refusal, RenewalId};
use systole::{ConfigError, Instant, Output};

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
    let ttl = black_box(Duration::from_secs(10));
    black_box(lease.handle_granted(id, ttl, black_box(7), now));
    black_box(lease.handle_refused(id, Refusal::Expired, now));
    black_box(lease.handle_failed(id, now));
    lease.release(now);
}

#[inline(always)]
fn lease() -> Result<Lease, ConfigError> {
    let config = Config::renewed(Duration::from_secs(10))
        .seed(black_box(7))
        .build()?;
    Ok(Lease::new(config, Instant::ZERO))
}
