#![no_std]
#![no_main]
//! Pushed heartbeats, both ends: beats, the wire format, events, deadlines.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::{Beat, ConfigError, Instant, Listener, Output, Sender, listener, wire};

#[allow(dead_code)] // there is no monitor in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    let mut listener = listener().ok();
    let mut sender = Sender::new(black_box(Duration::from_secs(1)), 7, Instant::ZERO).ok();
    loop {
        let now = Instant::from_micros(black_box(0));
        if let Some(sender) = &mut sender {
            if let Output::Send(beat) = sender.poll(now) {
                black_box(wire::encode(&beat));
            }
            let _ = black_box(sender.set_interval(black_box(Duration::from_secs(2)), now));
            black_box(sender.goodbye());
        }
        if let Some(listener) = &mut listener {
            if let Ok(beat) = wire::decode(black_box(&[0; wire::PLAIN])) {
                listener.handle_beat(&beat, now);
            }
            let beat = Beat::new(black_box(7), black_box(Duration::from_secs(1)));
            listener.handle_beat(&beat, now);
            listener.resumed(now);
            listener.resync(now);
            let _ = black_box(&listener.poll(now));
            black_box((listener.verdict(), listener.level(now)));
        }
    }
}

fn listener() -> Result<Listener<32>, ConfigError> {
    let config = listener::Config::builder()
        .detect_within(black_box(Duration::from_secs(5)))
        .build()?;
    Ok(Listener::with_window(config, Instant::ZERO))
}
