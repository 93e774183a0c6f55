#![no_std]
#![no_main]
//! The planner in a monitor: told how soon and how surely, it decides the rest.

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
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    let config = Config::target(Duration::from_secs(10))?.mistakes_at_most_one_per(WEEK)?;
    let mut new = Monitor::<16, _>::new(config.seed(black_box(7))?, Instant::ZERO);
    let Ok(monitor) = &mut new else { return Ok(()) };
    loop {
        turn(monitor, Instant::from_micros(black_box(0)));
    }
}
