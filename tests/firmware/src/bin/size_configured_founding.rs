#![no_std]
#![no_main]
//! The fluctuation rule with verdicts, with settings that are read at run time: what the image in C
//! is compared with.

use core::hint::black_box;
use cortex_m_rt::entry;
use systole::{Heartbeat, Verdict};

#[path = "../configured.rs"]
mod configured;
#[allow(dead_code)] // there is no monitor in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    if let Ok(config) = configured::config() {
        run(&mut Heartbeat::with_window(config));
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(heart: &mut Heartbeat<32>) -> ! {
    loop {
        let interval = match black_box(Some(configured::span(40_000))) {
            Some(rtt) => heart.next_interval(rtt),
            None => heart.missed(),
        };
        black_box((interval, heart.timeout(), heart.verdict() == Verdict::Dead));
    }
}
