#![no_std]
#![no_main]
//! The planner in a monitor, with settings that are read at run time: what the image in C is compared with.

use cortex_m_rt::entry;
use systole::pacing::Target;
use systole::{ConfigError, Instant, Monitor};

#[path = "../configured.rs"]
mod configured;
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    image::run(&mut monitor(), |_, _| {})
}

#[inline(always)]
fn monitor() -> Result<Monitor<16, Target>, ConfigError> {
    Monitor::with_window(configured::target()?, Instant::ZERO)
}
