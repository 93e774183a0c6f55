//! Round trips of many intervals: a probe that may still be answered in time does not give way to the next one.

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;

use systole::pacing::Fixed;
use systole::task::Builder;
use systole::{Config, Event, EventKind, Instant, Monitor, Output, ProbeId, Verdict};

/// Answers take `rtt`; two minutes at ten probes a second. Returns the verdicts of the second minute, every tenth of a second, how often it
/// was called dead, and how many answers there were.
async fn lived(max_in_flight: usize, rtt: Duration, seed: u64) -> (Vec<Verdict>, u32, u32) {
    let config = Config::fixed(Duration::from_millis(100)).build().unwrap();
    let config = config
        .into_builder()
        .seed(seed)
        .without_initial_delay()
        .build()
        .unwrap();
    let builder = Builder::new(config).max_in_flight(max_in_flight);
    let heart = builder.spawn(move || async move {
        tokio::time::sleep(rtt).await;
        Ok::<_, io::Error>(())
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut verdicts = Vec::new();
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        verdicts.push(heart.verdict());
    }
    let counters = heart.snapshot().counters;
    (verdicts, counters.dead, counters.answered)
}

#[tokio::test(start_paused = true)]
async fn a_peer_fifteen_intervals_away_is_alive_with_eight_probes_under_way() {
    for seed in 1..=16 {
        let (verdicts, dead, answered) = lived(8, Duration::from_millis(1_500), seed).await;
        let is_alive = verdicts.iter().all(|&it| it == Verdict::Alive);
        assert!(is_alive, "seed {seed}: {verdicts:?}");
        assert_eq!(dead, 0, "seed {seed}");
        assert!(answered > 300, "seed {seed}: {answered} answers");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_three_intervals_away_is_alive_with_one_probe_under_way() {
    for seed in 1..=16 {
        let (verdicts, dead, answered) = lived(1, Duration::from_millis(300), seed).await;
        assert_eq!(verdicts.last(), Some(&Verdict::Alive), "seed {seed}");
        assert_eq!(dead, 0, "seed {seed}");
        assert!(answered > 100, "seed {seed}: {answered} answers");
    }
}

/// A peer whose answers take `rtt`, on a connection that carries `room` requests at a time, until it crashes.
struct Narrow {
    monitor: Monitor<32, Fixed>,
    now: Instant,
    room: usize,
    rtt: Duration,
    under_way: Vec<Sent>,
    told: Vec<Verdict>,
    /// The longest bound stated since it crashed.
    bound: Duration,
}

struct Sent {
    id: ProbeId,
    overdue: Instant,
    answered: Option<Instant>,
}

impl Narrow {
    fn new(room: usize, rtt: Duration) -> Self {
        let config = Config::fixed(Duration::from_millis(100))
            .seed(7)
            .without_initial_delay()
            .build()
            .unwrap();
        Self {
            monitor: Monitor::new(config, Instant::ZERO).unwrap(),
            now: Instant::ZERO,
            room,
            rtt,
            under_way: Vec::new(),
            told: Vec::new(),
            bound: Duration::ZERO,
        }
    }

    /// Until `end`, or until it is dead.
    fn run(&mut self, end: Instant, crash: Instant) {
        let is_found = |it: &Self| it.now > crash && it.monitor.verdict() == Verdict::Dead;
        while self.now < end && !is_found(self) {
            self.receive();
            let until = self.drain(crash);
            if self.now >= crash {
                let plan = self.monitor.snapshot(self.now).path.plan;
                self.bound = self.bound.max(plan.bound());
            }
            let arrivals = self.under_way.iter().filter_map(|it| it.answered);
            self.now = arrivals.fold(until, Instant::min).min(end);
        }
    }

    fn receive(&mut self) {
        let (now, monitor) = (self.now, &mut self.monitor);
        self.under_way.retain(|it| {
            it.answered.is_none_or(|at| at > now) || {
                monitor.handle_reply(it.id, now);
                false
            }
        });
    }

    fn drain(&mut self, crash: Instant) -> Instant {
        loop {
            match self.monitor.poll(self.now) {
                Output::Send(id) => self.send(id, crash),
                Output::Event(Event {
                    kind: EventKind::Transition(change),
                    ..
                }) => self.told.push(change.to),
                Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn send(&mut self, id: ProbeId, crash: Instant) {
        if self.under_way.len() == self.room {
            let oldest = self.under_way.iter().position(|it| it.overdue <= self.now);
            let Some(oldest) = oldest else {
                self.monitor.handle_skipped(id, self.now);
                return;
            };
            self.under_way.remove(oldest);
        }
        let plan = self.monitor.snapshot(self.now).path.plan;
        self.under_way.push(Sent {
            id,
            overdue: self.now.saturating_add(plan.timeout()),
            answered: Some(self.now.saturating_add(self.rtt)).filter(|&at| at < crash),
        });
    }
}

/// Whatever the room: a live peer is not doubted once the path is known, and a dead one is found within the bound in force.
#[test]
fn a_connection_that_carries_few_requests_costs_no_verdict() {
    for room in [1, 2, 3, 5, 8] {
        for rtt_ms in [20, 110, 350, 750, 1_500, 4_000] {
            let mut peer = Narrow::new(room, Duration::from_millis(rtt_ms));
            let (known, crash) = (Instant::from_secs(120), Instant::from_secs(240));
            peer.run(known, crash);
            peer.told.clear();
            peer.run(crash, crash);
            assert_eq!(peer.told, [], "{room} at a time, {rtt_ms} ms");
            peer.run(Instant::from_secs(600), crash);
            assert_eq!(
                peer.told,
                [Verdict::Suspect, Verdict::Dead],
                "{room} at a time, {rtt_ms} ms"
            );
            let took = peer.now.saturating_duration_since(crash);
            assert!(
                took <= peer.bound,
                "{room} at a time, {rtt_ms} ms: {took:?}, {:?}",
                peer.bound
            );
        }
    }
}

/// Until a peer is seen alive that hung for `down` and then answers after `rtt`.
async fn returned(max_in_flight: usize, down: Duration, rtt: Duration) -> Duration {
    let hangs = Arc::new(AtomicBool::new(false));
    let (hung, is_back) = (hangs.clone(), Arc::new(AtomicBool::new(false)));
    let back = is_back.clone();
    let config = Config::every(Duration::from_secs(1))
        .seed(77)
        .build()
        .unwrap();
    let builder = Builder::new(config).max_in_flight(max_in_flight);
    let heart = builder.spawn(move || {
        let hangs = hung.load(Ordering::SeqCst);
        let takes = rtt * u32::from(back.load(Ordering::SeqCst));
        async move {
            if hangs {
                core::future::pending::<()>().await;
            }
            tokio::time::sleep(takes).await;
            Ok::<_, io::Error>(())
        }
    });
    tokio::time::sleep(Duration::from_secs(20)).await;
    hangs.store(true, Ordering::SeqCst);
    tokio::time::sleep(down).await;
    assert_eq!(heart.verdict(), Verdict::Dead);
    is_back.store(true, Ordering::SeqCst);
    hangs.store(false, Ordering::SeqCst);
    let since = tokio::time::Instant::now();
    heart.until(Verdict::Alive).await;
    since.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_hung_and_is_back_is_seen_within_an_interval() {
    for max_in_flight in [2, 8] {
        for down_s in [40, 100, 300] {
            let down = Duration::from_secs(down_s);
            let within = returned(max_in_flight, down, Duration::ZERO).await;
            assert!(
                within <= Duration::from_millis(1_100),
                "{max_in_flight} under way, {down_s} s: {within:?}"
            );
        }
    }
}

/// In the first minutes one probe in eight is waited for longer, to learn of a step in round trips, and never for longer than the peer
/// has been away; then there is a rest of half an hour.
#[tokio::test(start_paused = true)]
async fn a_peer_that_is_asked_once_at_a_time_is_seen_as_soon_as_the_rule_says() {
    for down_s in 15..80 {
        let down = Duration::from_secs(down_s);
        let within = returned(1, down, Duration::ZERO).await;
        assert!(within <= down, "{down_s} s: {within:?}");
    }
    for down_s in [300, 600, 1_200] {
        let within = returned(1, Duration::from_secs(down_s), Duration::ZERO).await;
        assert!(
            within <= Duration::from_millis(1_100),
            "{down_s} s: {within:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_back_behind_a_long_way_is_seen_with_one_probe_at_a_time() {
    for rtt_s in [2, 5] {
        let (down, rtt) = (Duration::from_secs(20), Duration::from_secs(rtt_s));
        let within = returned(1, down, rtt).await;
        assert!(within <= Duration::from_secs(60), "{rtt_s} s: {within:?}");
    }
}
