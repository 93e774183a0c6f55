#![no_std]
#![no_main]
//! The monitor: probes, replies, events, deadlines.

use core::hint::black_box;
use core::time::Duration;
use cortex_m::asm::wfi;
use cortex_m_rt::entry;
use image::turn;
use systole::{Config, ConfigError, Instant, Monitor};

#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    let _ = run();
    loop {
        wfi();
    }
}

fn run() -> Result<(), ConfigError> {
    let config = Config::every(Duration::from_secs(5))?.seed(black_box(7))?;
    let mut new = Monitor::<16>::new(config, Instant::ZERO);
    let Ok(monitor) = &mut new else { return Ok(()) };
    loop {
        turn(monitor, Instant::from_micros(black_box(0)));
    }
}
