#![no_std]
#![no_main]
//! The workloads on a microcontroller.

use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln};
use systole_firmware::{STEPS, heartbeat, lease, monitor};

#[entry]
fn main() -> ! {
    hprintln!("heartbeat {:016x}", heartbeat::run(STEPS));
    hprintln!("monitor {:016x}", monitor::run(STEPS));
    hprintln!("lease {:016x}", lease::run(STEPS));
    loop {
        debug::exit(debug::EXIT_SUCCESS);
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}
