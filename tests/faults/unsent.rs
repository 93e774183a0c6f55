//! Every probe fails to be sent, as where a firewall or the routing table refuses it: our fault, and no evidence against the peer. It is no life either, and
//! no reason to try without a pause.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, Verdict};

/// Ten probes are answered after 20 ms, all others cannot be sent, for a day. Returns the attempts, the verdict, and the number of events since.
fn a_day_without_sending() -> (u32, Verdict, u32) {
    let config = Config::every(Duration::from_secs(1))
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::new(config, Instant::ZERO).unwrap();
    let (mut now, mut attempts, mut events) = (Instant::ZERO, 0_u32, 0);
    while now < Instant::from_secs(86_400) {
        now = loop {
            match monitor.poll(now) {
                Output::Send(id) if attempts < 10 => {
                    attempts += 1;
                    monitor.handle_reply(id, now.saturating_add(Duration::from_millis(20)));
                }
                Output::Send(id) => {
                    attempts += 1;
                    monitor.handle_unsent(id, now);
                }
                Output::Event(_) => events += u32::from(attempts > 11),
                Output::Wait(until) => break until,
                Output::Idle => return (attempts, monitor.verdict(), events),
            }
        };
    }
    (attempts, monitor.verdict(), events)
}

/// Today: 863,906 at an interval of a second, as a try that failed is repeated after the timeout for ever. Once the retries are used up, an interval apart.
#[test]
fn probes_that_cannot_be_sent_are_tried_about_once_an_interval() {
    let (attempts, ..) = a_day_without_sending();
    assert!(attempts <= 100_000, "{attempts} in a day");
}

/// Today: `Alive`, and not one event. Nobody has heard of the peer for a day: it may well not be called dead, but whoever asks, or reads the events,
/// has to be able to tell that nothing is known.
#[test]
fn a_peer_that_could_not_be_asked_for_a_day_is_not_simply_alive() {
    let (_, verdict, events) = a_day_without_sending();
    assert!(
        verdict != Verdict::Alive || events > 0,
        "{verdict:?}, {events} events"
    );
    assert_ne!(verdict, Verdict::Dead, "there is no evidence");
}
