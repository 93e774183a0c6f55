#![no_std]
#![no_main]
//! The planner in a monitor: told how soon and how surely, it decides the rest.

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
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    let config = Config::target(Duration::from_secs(10))?.mistakes_at_most_one_per(WEEK)?;
    let mut new = Monitor::<16, _>::new(config.seed(black_box(7))?, Instant::ZERO);
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
