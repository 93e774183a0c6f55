#![no_std]
#![no_main]
//! A group of endpoints: everything that may arrive, and everything that its owner may say.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::failover::Builder;
use systole::{
    ConfigError, Failover, Failure, Instant, ProbeId,
    failover::{self, Endpoint, EndpointMode},
};

#[allow(dead_code)] // there is no monitor by itself in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    static mut GROUP: Failover<4, 16> = Failover::vacant();
    black_box(start(GROUP).is_ok());
    loop {
        let now = Instant::from_micros(black_box(0));
        let _ = black_box(&GROUP.poll(now));
        arrive(GROUP, now);
        say(GROUP, now);
        black_box((GROUP.active(), GROUP.state()));
    }
}

fn arrive(group: &mut Failover<4, 16>, now: Instant) {
    let (endpoint, id, span) = (
        black_box(1),
        ProbeId::from(black_box(7)),
        black_box(Duration::ZERO),
    );
    group.handle_reply(endpoint, id, now);
    group.handle_reply_with(endpoint, id, now, span);
    group.handle_failure(endpoint, id, Failure::Refused, now);
    group.handle_unsent(endpoint, id, now);
    group.handle_traffic(endpoint, now);
    group.handle_load(endpoint, black_box(None), now);
    group.handle_pushback_with(endpoint, now, span);
    group.handle_flow_lost(endpoint, now);
}

fn say(group: &mut Failover<4, 16>, now: Instant) {
    let endpoint = black_box(1);
    group.restarted(endpoint, now);
    group.probe_now(endpoint, now);
    group.resumed(now);
    group.resync(now);
    black_box(group.switch_to(endpoint, now));
    black_box(group.set_mode(endpoint, EndpointMode::Pinned, now));
    black_box(group.status(endpoint, now));
}

fn start(group: &mut Failover<4, 16>) -> Result<(), ConfigError> {
    const DEFAULT: Builder = failover::Config::builder(); // made by the compiler
    let config = DEFAULT.seed(black_box(7)).build()?;
    group.start(config, &[Endpoint::new(); 4], Instant::ZERO)
}
