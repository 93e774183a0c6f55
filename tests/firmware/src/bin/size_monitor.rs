#![no_std]
#![no_main]
//! The monitor: probes, replies, events, deadlines.

use core::hint::black_box;
use core::time::Duration;
use cortex_m::asm::wfi;
use cortex_m_rt::entry;
use systole::{Config, ConfigError, Instant, Monitor, Output, ProbeId};

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
        let now = Instant::from_micros(black_box(0));
        match &monitor.poll(now) {
            Output::Probe(id) => _ = black_box(id),
            Output::Event(event) => _ = black_box(event),
            Output::Wait(until) => _ = black_box(until),
            Output::Idle => {}
        }
        if let Some(id) = black_box(None::<u64>) {
            monitor.handle_reply(ProbeId::from(id), now);
        }
        black_box(monitor.verdict());
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
