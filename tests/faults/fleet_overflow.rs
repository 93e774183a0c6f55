//! `Fleet::handle_overflow` says that answers were lost on our side up to a moment. It excuses the time before that moment, and nothing after it.

use core::time::Duration;

use systole::{
    Config, Fleet, Instant, Output, ProbeId, Verdict,
    fleet::{self, PeerKey},
};

const OVERFLOW: Instant = Instant::from_secs(20);

struct World {
    fleet: Fleet<4>,
    now: Instant,
    network: Vec<(PeerKey, ProbeId, Instant)>,
}

impl World {
    fn new() -> Self {
        let config = Config::every(Duration::from_secs(1))
            .seed(7)
            .build()
            .unwrap();
        let fleet = Fleet::with_window(config, Instant::ZERO).unwrap();
        Self {
            fleet,
            now: Instant::ZERO,
            network: Vec::new(),
        }
    }

    /// Until `end`, polled a microsecond late; answers take `rtt`, where there are any.
    fn run(&mut self, end: Instant, rtt: Option<Duration>) {
        while self.now < end {
            let (now, fleet) = (self.now, &mut self.fleet);
            self.network.retain(|&(peer, id, at)| {
                at > now || {
                    fleet.handle_reply(peer, id, at);
                    false
                }
            });
            let wake = loop {
                match (self.fleet.poll(now), rtt) {
                    (Output::Send(fleet::Probe { peer, id, .. }), Some(rtt)) => {
                        self.network.push((peer, id, now.saturating_add(rtt)));
                    }
                    (Output::Send(fleet::Probe { .. }), None) => {}
                    (Output::Wait(until), _) => {
                        break until.saturating_add(Duration::from_micros(1));
                    }
                    (Output::Idle, _) => return,
                }
            };
            self.now = self
                .network
                .iter()
                .map(|&(.., at)| at)
                .fold(wake, Instant::min)
                .min(end);
        }
    }
}

const RTT: Option<Duration> = Some(Duration::from_millis(20));

/// Today: alive for ever, at a probe every 100 ms. It has to be dead within the bound (under 3 s) and our lateness.
#[test]
fn a_peer_that_dies_after_an_overflow_is_found_by_polls_a_microsecond_late() {
    let mut world = World::new();
    let peer = world.fleet.add(world.now);
    world.run(OVERFLOW, RTT);
    world.fleet.handle_overflow(world.now);
    world.run(Instant::from_secs(30), RTT);
    world.network.clear();
    world.run(Instant::from_secs(60), None);
    assert_eq!(world.fleet.verdict(peer), Some(Verdict::Dead));
}

/// Today: unknown for ever. A peer that did not exist yet has nothing to be excused for: dead within the bound of its first probe.
#[test]
fn a_peer_that_is_added_after_an_overflow_and_never_answers_is_found() {
    let mut world = World::new();
    world.run(OVERFLOW, None);
    world.fleet.handle_overflow(world.now);
    world.run(Instant::from_secs(30), None);
    let peer = world.fleet.add(world.now);
    world.run(Instant::from_secs(60), None);
    assert_eq!(world.fleet.verdict(peer), Some(Verdict::Dead));
}

/// Today: the smoothed round trip stays at 20 ms. Answers to probes that were sent after the overflow are samples like any other.
#[test]
fn round_trips_after_an_overflow_are_measured() {
    let mut world = World::new();
    let peer = world.fleet.add(world.now);
    world.run(OVERFLOW, RTT);
    world.fleet.handle_overflow(world.now);
    world.run(Instant::from_secs(200), Some(Duration::from_millis(300)));
    let smoothed = world.fleet.status(peer, world.now).unwrap().path.smoothed;
    assert!(smoothed > Duration::from_millis(250), "{smoothed:?}");
}

/// It was asked again 50 ms after the last probe, where answers may take longer than the interval and a probe is overdue just after the next
/// but one was sent. Spacing is at least the timeout or the interval, whichever is less, also for what an overflow calls for.
#[test]
fn an_overflow_brings_no_probe_close_to_the_last_one() {
    let (interval, timeout) = (Duration::from_millis(500), Duration::from_millis(1_050));
    let config = Config::fixed(interval).jitter_percent(0).build();
    let config = config.and_then(|config| {
        config
            .into_builder()
            .timeouts(timeout, timeout, timeout)
            .build()
    });
    let config = config
        .and_then(|config| config.into_builder().seed(7).build())
        .unwrap();
    let mut fleet = Fleet::<4, _>::with_window(
        config
            .into_builder()
            .without_initial_delay()
            .build()
            .unwrap(),
        Instant::ZERO,
    )
    .unwrap();
    let peer = fleet.add(Instant::ZERO);
    let (mut now, mut last, mut is_known) = (Instant::ZERO, None::<Instant>, false);
    while now < Instant::from_secs(5) {
        match fleet.poll(now) {
            Output::Send(fleet::Probe { id, .. }) => {
                let is_apart = last.is_none_or(|last| last.saturating_add(interval) <= now);
                assert!(is_apart, "{last:?}, then {now:?}");
                last = Some(now);
                if !is_known {
                    fleet.handle_reply(peer, id, now);
                    is_known = true;
                }
            }
            Output::Wait(until) => {
                now = until;
                fleet.handle_overflow(now);
            }
            Output::Idle => return,
        }
    }
}
