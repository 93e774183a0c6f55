//! What the images that are only weighed have in common. A module of each: what else the library holds is not to be weighed with them.

use core::hint::black_box;

use cortex_m::asm::wfi;
use systole::pacing::Pacing;
use systole::{Instant, Monitor, Output, ProbeId};

/// One turn of the loop around a monitor: a poll, perhaps a reply, the verdict.
#[inline(always)]
fn turn<P: Pacing>(monitor: &mut Monitor<16, P>, now: Instant) {
    match &monitor.poll(now) {
        Output::Send(id) => _ = black_box(id),
        Output::Event(event) => _ = black_box(event),
        Output::Wait(until) => _ = black_box(until),
        Output::Idle => {}
    }
    if let Some(id) = black_box(None::<u64>) {
        monitor.handle_reply(ProbeId::from(id), now);
    }
    black_box(monitor.verdict());
}

/// What the image does: turn after turn, and what `more` there is to each. Nothing where there is no monitor.
#[inline(always)]
pub fn run<P: Pacing, E>(
    new: &mut Result<Monitor<16, P>, E>,
    mut more: impl FnMut(&mut Monitor<16, P>, Instant),
) -> ! {
    let Ok(monitor) = new else {
        loop {
            wfi();
        }
    };
    loop {
        let now = Instant::from_micros(black_box(0));
        turn(monitor, now);
        more(monitor, now);
    }
}

/// An image that can panic does not link: its handler calls what is defined nowhere.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn this_image_can_panic() -> !;
    }
    this_image_can_panic()
}
