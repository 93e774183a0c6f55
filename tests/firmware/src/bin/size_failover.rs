#![no_std]
#![no_main]
//! A group of endpoints: everything that may arrive, and everything that its owner may say.

use core::hint::black_box;
use core::time::Duration;
use cortex_m_rt::entry;
use systole::{ConfigError, Duty, Endpoint, Failover, FailoverConfig, Failure, Instant, ProbeId};

#[allow(dead_code)] // there is no monitor by itself in here
#[path = "../image.rs"]
mod image;

#[entry]
fn main() -> ! {
    let mut group = group().ok();
    loop {
        let now = Instant::from_micros(black_box(0));
        if let Some(group) = &mut group {
            let _ = black_box(&group.poll(now));
            arrive(group, now);
            say(group, now);
            black_box((group.active(), group.state()));
        }
    }
}

fn arrive(group: &mut Failover<4, 16>, now: Instant) {
    let (endpoint, id, span) = (black_box(1), ProbeId::from(black_box(7)), black_box(Duration::ZERO));
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
    black_box(group.set_duty(endpoint, Duty::Pinned, now));
    black_box(group.status(endpoint, now));
}

fn group() -> Result<Failover<4, 16>, ConfigError> {
    let config = FailoverConfig::CLASSIC.seed(black_box(7))?;
    Failover::new(config, &[Endpoint::new(); 4], Instant::ZERO)
}
