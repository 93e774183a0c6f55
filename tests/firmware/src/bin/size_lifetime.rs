#![no_std]
#![no_main]
//! A monitor that looks for a lifetime, with a second flow.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::config::Builder;
use systole::pacing::{Fixed, Lifetime, LifetimeRange};
use systole::{Config, Instant, Monitor};

#[path = "../image.rs"]
mod image;

const LEAST: Duration = Duration::from_secs(30);

const REACH: LifetimeRange = match LifetimeRange::between(LEAST, Duration::from_secs(3_600)) {
    Ok(reach) => reach.with_second_flow(),
    Err(_) => panic!("30 s to an hour is in range"),
};

const CONFIG: Builder<Lifetime<Fixed>> = Config::lifetime(REACH);

#[entry]
fn main() -> ! {
    let mut new = CONFIG
        .seed(black_box(7))
        .build()
        .and_then(|config| Monitor::<16, _>::with_window(config, Instant::ZERO));
    image::run(&mut new, |monitor, now| {
        if let Some(idle) = monitor.trial() {
            monitor.handle_trial_survived(black_box(idle), now);
            monitor.handle_trial_lost(black_box(idle), now);
        }
        if black_box(false) {
            monitor.handle_flow_lost(now);
            monitor.recall(black_box(monitor.lifetime_record()), LEAST, now);
        }
        black_box(monitor.next_probe_earliest());
    })
}
