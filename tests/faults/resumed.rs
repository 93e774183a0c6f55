//! A device that sleeps between wakes says `resumed` at each. It must not hide a dead peer.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Verdict};

/// A device whose clock stands still while it sleeps is awake for `awake` each time. Its peer answers after 40 ms in the first twenty wakes, and then
/// never. Returns the wake in which it is dead, of 500, and the probes sent to it.
fn found_in_wake(every: Duration, awake: Duration) -> (Option<u32>, u32) {
    let config = Config::every(every).seed(3).build().unwrap();
    let mut monitor = Monitor::<16>::with_window(config, Instant::ZERO).unwrap();
    let (mut now, mut probes) = (Instant::ZERO, 0);
    for wake in 0..500 {
        if wake > 0 {
            monitor.resumed(now);
        }
        let end = now.saturating_add(awake);
        let mut answer: Option<(Instant, ProbeId)> = None;
        while now < end {
            if let Some((at, id)) = answer.take_if(|(at, _)| *at <= now) {
                monitor.handle_reply(id, at);
            }
            let until = loop {
                match monitor.poll(now) {
                    Output::Send(id) if wake < 20 => {
                        answer = Some((now.saturating_add(Duration::from_millis(40)), id));
                    }
                    Output::Send(_) => probes += 1,
                    Output::Event(_) => {}
                    Output::Wait(until) => break until,
                    Output::Idle => return (None, probes),
                }
            };
            now = answer.map_or(until, |(at, _)| until.min(at)).min(end);
        }
        if wake >= 20 && monitor.verdict() == Verdict::Dead {
            return (Some(wake), probes);
        }
    }
    (None, probes)
}

/// Today: never. Each wake asks, and waits 25 times as long as any answer ever took; a few wakes of that are evidence.
#[test]
fn a_peer_that_answers_in_no_wake_of_a_second_is_dead_after_a_few_of_them() {
    let (wake, probes) = found_in_wake(Duration::from_secs(60), Duration::from_secs(1));
    assert!(
        wake.is_some_and(|wake| wake <= 40),
        "found in wake {wake:?}, {probes} probes"
    );
}

/// Today: never.
#[test]
fn a_peer_that_answers_in_no_wake_of_400_ms_is_dead_after_a_few_of_them() {
    let (wake, probes) = found_in_wake(Duration::from_secs(5), Duration::from_millis(400));
    assert!(
        wake.is_some_and(|wake| wake <= 40),
        "found in wake {wake:?}, {probes} probes"
    );
}
