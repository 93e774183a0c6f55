#![no_std]
#![no_main]
//! What start-up and the vector table take: nothing else is in here.

use cortex_m::asm::wfi;
use cortex_m_rt::entry;

#[allow(dead_code)] // there is no monitor in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    loop {
        wfi();
    }
}
