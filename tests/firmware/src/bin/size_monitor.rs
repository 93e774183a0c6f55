#![no_std]
#![no_main]
//! The monitor: probes, replies, events, deadlines.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::{Config, ConfigError, Instant, Monitor};

#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    image::run(&mut monitor(), |_, _| {})
}

#[inline(always)]
fn monitor() -> Result<Monitor<16>, ConfigError> {
    let config = Config::every(Duration::from_secs(5))
        .seed(black_box(7))
        .build()?;
    Monitor::with_window(config, Instant::ZERO)
}
