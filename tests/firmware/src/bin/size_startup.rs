#![no_std]
#![no_main]
//! What start-up and the vector table take: nothing else is in here.

use cortex_m::asm::wfi;
use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    loop {
        wfi();
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        /// Defined nowhere: an image that can panic does not link.
        safe fn this_image_can_panic() -> !;
    }
    this_image_can_panic()
}
