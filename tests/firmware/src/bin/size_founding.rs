#![no_std]
#![no_main]
//! The fluctuation rule with verdicts, and nothing else.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::{Config, Heartbeat, Verdict};

#[allow(dead_code)] // there is no monitor in here
#[path = "../image.rs"]
mod image;

const CONFIG: Config = match Config::every(Duration::from_secs(5)).build() {
    Ok(config) => config,
    Err(_) => panic!("5 s is in range"),
};

#[entry]
fn main() -> ! {
    static mut HEART: Heartbeat<16> = Heartbeat::with_window(CONFIG);
    loop {
        let interval = match black_box(Some(Duration::from_millis(40))) {
            Some(rtt) => HEART.next_interval(rtt),
            None => HEART.missed(),
        };
        black_box((interval, HEART.timeout(), HEART.verdict() == Verdict::Dead));
    }
}
