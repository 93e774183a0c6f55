#![no_std]
#![no_main]
//! The planner in a monitor: told how soon and how surely, it decides the rest.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::pacing::Target;
use systole::{Config, ConfigError, Instant, Monitor};

#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    image::run(&mut monitor(), |_, _| {})
}

#[inline(always)]
fn monitor() -> Result<Monitor<16, Target>, ConfigError> {
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    let config = Config::target(Duration::from_secs(10))
        .mistakes_at_most_one_per(WEEK)
        .seed(black_box(7))
        .build()?;
    Monitor::with_window(config, Instant::ZERO)
}
