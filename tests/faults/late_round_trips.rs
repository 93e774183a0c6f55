//! Late polls make a round trip look shorter than it is: what is learnt from them kills no live peer
//! once the polls are on time again.

use core::time::Duration;

use systole::{Config, Event, EventKind, Instant, Monitor, Output, ProbeId, Retries, Verdict};

const SECOND: Duration = Duration::from_secs(1);

/// A peer that answers every probe after `rtt`, watched by a loop that polls `late` after every
/// deadline until `punctual`, and on time afterwards.
struct Watched {
    rtt: Duration,
    late: Duration,
    punctual: Instant,
    /// Whether replies are taken to arrive when they are read, or when the network stack says.
    is_read: bool,
}

impl Watched {
    /// The verdicts that it was given, in five minutes.
    fn told(&self, retries: Retries) -> Vec<(u64, Verdict)> {
        let config = Config::every(SECOND)
            .retries(retries)
            .jitter_percent(0)
            .seed(7)
            .without_initial_delay();
        let mut monitor = Monitor::new(config.build().unwrap(), Instant::ZERO).unwrap();
        let (mut now, mut told) = (Instant::ZERO, Vec::new());
        let mut replies: Vec<(Instant, ProbeId)> = Vec::new();
        while now < Instant::from_secs(300) {
            replies.retain(|&(at, id)| {
                let arrived_at = if self.is_read { now } else { at };
                at > now || {
                    monitor.handle_reply(id, arrived_at);
                    false
                }
            });
            let until = loop {
                match monitor.poll(now) {
                    Output::Send(id) => replies.push((now.saturating_add(self.rtt), id)),
                    Output::Event(Event {
                        at,
                        kind: EventKind::Transition(it),
                        ..
                    }) => {
                        told.push((at.as_micros() / 1_000, it.to));
                    }
                    Output::Event(_) => {}
                    Output::Wait(until) => break until,
                    Output::Idle => return told,
                }
            };
            now = if now < self.punctual {
                until.saturating_add(self.late)
            } else {
                replies.iter().map(|&(at, _)| at).fold(until, Instant::min)
            };
        }
        told
    }
}

#[test]
fn a_live_peer_is_not_called_dead_after_late_polls() {
    for retries in [Retries::fixed(2), Retries::NONE] {
        for (rtt_ms, late_ms) in [
            (5_000, 4_000),
            (8_000, 7_000),
            (12_000, 4_000),
            (20_000, 10_000),
            (3_500, 4_100),
            (300, 9_000),
        ] {
            for is_read in [true, false] {
                let watched = Watched {
                    rtt: Duration::from_millis(rtt_ms),
                    late: Duration::from_millis(late_ms),
                    punctual: Instant::from_secs(40),
                    is_read,
                };
                let told = watched.told(retries);
                let is_dead = told.iter().any(|&(_, to)| to == Verdict::Dead);
                assert!(
                    !is_dead,
                    "{retries:?}, {rtt_ms} ms, {late_ms} ms late: {told:?}"
                );
            }
        }
    }
}

/// The statistics are those of a path on which the round trip takes as long as it does.
#[test]
fn a_round_trip_under_late_polls_is_not_taken_to_be_short() {
    for (rtt_ms, late_ms) in [(5_000, 4_000), (8_000, 7_000)] {
        let config = Config::every(SECOND)
            .jitter_percent(0)
            .seed(7)
            .without_initial_delay();
        let mut monitor = Monitor::new(config.build().unwrap(), Instant::ZERO).unwrap();
        let Output::Send(id) = monitor.poll(Instant::ZERO) else {
            panic!("it is due at once");
        };
        let Output::Wait(until) = monitor.poll(Instant::ZERO) else {
            panic!("it is under way");
        };
        let late = until.saturating_add(Duration::from_millis(late_ms));
        let arrived = Instant::from_millis(rtt_ms).max(late);
        monitor.handle_reply(id, arrived);
        let smoothed = monitor.snapshot(arrived).path.smoothed;
        let rtt = arrived.saturating_duration_since(Instant::ZERO);
        let resolution = Duration::from_micros(2 * 4_096);
        assert!(
            (rtt..=rtt + resolution).contains(&smoothed),
            "{rtt_ms} ms: {smoothed:?}"
        );
    }
}
