#![no_std]
#![no_main]
//! Pushed heartbeats, both ends, with settings that are read at run time: what the image in C is
//! compared with.

use core::hint::black_box;
use cortex_m_rt::entry;
use systole::{Beat, ConfigError, Instant, Listener, Output, wire};

#[path = "../configured.rs"]
mod configured;
#[allow(dead_code)] // there is no monitor in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    let mut listener = listener().ok();
    let mut sender = configured::sender().ok();
    loop {
        let now = Instant::from_micros(black_box(0));
        if let Some(sender) = &mut sender {
            if let Output::Send(beat) = sender.poll(now) {
                black_box(wire::encode(&beat));
            }
            let _ = black_box(sender.set_interval(configured::span(2_000_000), now));
            black_box(sender.goodbye());
        }
        if let Some(listener) = &mut listener {
            if let Ok(beat) = wire::decode(black_box(&[0; wire::PLAIN])) {
                black_box(listener.handle_beat(&beat, now));
            }
            let beat = Beat::new(black_box(7), configured::span(1_000_000));
            black_box(listener.handle_beat(&beat, now));
            listener.resumed(now);
            listener.resync(now);
            let _ = black_box(&listener.poll(now));
            black_box((listener.verdict(), listener.level(now)));
        }
    }
}

fn listener() -> Result<Listener<32>, ConfigError> {
    Ok(Listener::with_window(
        configured::listener()?,
        Instant::ZERO,
    ))
}
