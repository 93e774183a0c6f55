//! A round trip longer than eight intervals, such as 1.5 s at ten beats a second: a monitor remembers eight probes, and this one has fifteen under way.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Verdict};

/// Beats every `every`; answers take `rtt`, and a little more now and then. The peer crashes after two minutes. Returns the monitor at its verdict, whether it
/// was suspected in between, and the moment.
fn crash(every: Duration, rtt: Duration) -> (Monitor<32>, bool, Instant) {
    let config = Config::every(every).seed(3).build().unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let mut network: Vec<(Instant, ProbeId)> = Vec::new();
    let (mut now, mut count, mut suspected, crash) =
        (Instant::ZERO, 0, false, Instant::from_secs(120));
    while now < Instant::from_secs(300) {
        network.retain(|&(at, id)| {
            at > now || {
                monitor.handle_reply(id, at);
                false
            }
        });
        let until = loop {
            match monitor.poll(now) {
                Output::Send(id) if now < crash => {
                    network.push((now.saturating_add(rtt + rtt / 100 * (count % 10)), id));
                }
                Output::Wait(until) => break until,
                _ => {}
            }
        };
        count += 1;
        suspected |= now > crash && monitor.verdict() == Verdict::Suspect;
        if now > crash && monitor.verdict() == Verdict::Dead {
            break;
        }
        now = network.iter().map(|&(at, _)| at).fold(until, Instant::min);
    }
    (monitor, suspected, now)
}

/// Today: all 991 answers are late, though each comes as soon as the one before; a late one is an alarm to whoever reads the counters.
#[test]
fn answers_that_always_take_fifteen_intervals_are_not_late() {
    let (monitor, _, now) = crash(Duration::from_millis(100), Duration::from_millis(1_500));
    let counters = monitor.snapshot(now).counters;
    assert!(
        counters.late < counters.answered / 20,
        "{} of {} late",
        counters.late,
        counters.answered
    );
}

/// Today: dead at once, and nothing was ever suspected.
#[test]
fn a_peer_fifteen_intervals_away_is_suspected_before_it_is_dead() {
    let (monitor, suspected, _) = crash(Duration::from_millis(100), Duration::from_millis(1_500));
    assert!(
        (monitor.verdict(), suspected) == (Verdict::Dead, true),
        "{:?}, suspected before: {suspected}",
        monitor.verdict()
    );
}

/// Today: 0.
#[test]
fn the_level_of_a_peer_that_was_just_called_dead_is_above_zero() {
    let (monitor, _, now) = crash(Duration::from_millis(100), Duration::from_millis(1_500));
    assert!(
        monitor.level(now).as_milli() >= 500,
        "{:?}",
        monitor.level(now)
    );
}
