//! A dead peer that comes back, whose replies take longer than the timeout that its bound leaves.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Verdict};

const SECOND: Duration = Duration::from_secs(1);

/// Asks once a second a peer that is away for a minute, answers every probe `rtt` after it from then on but those that
/// are `lost`, and takes `rise` replies in a row to be alive. Returns how long after its return it is seen.
fn seen_after(rtt: Duration, rise: u8, lost: impl Fn(u32) -> bool) -> Option<Duration> {
    let config = Config::every(SECOND)
        .detect_within(SECOND * 17 / 10)
        .timeouts(SECOND / 10, SECOND / 10, 10 * SECOND)
        .rise(rise)
        .seed(3)
        .without_initial_delay()
        .build();
    let mut monitor = Monitor::<32>::new(config.unwrap(), Instant::ZERO).unwrap();
    let mut network: Vec<(Instant, ProbeId)> = Vec::new();
    let (mut now, mut answered, back) = (Instant::ZERO, 0, Instant::from_secs(60));
    while now < Instant::from_secs(120) {
        network.retain(|&(at, id)| {
            at > now || {
                monitor.handle_reply(id, at);
                false
            }
        });
        if now >= back && monitor.verdict() == Verdict::Alive {
            return Some(now.saturating_duration_since(back));
        }
        let until = loop {
            match monitor.poll(now) {
                Output::Send(id) if now >= back => {
                    if !lost(answered) {
                        network.push((now.saturating_add(rtt), id));
                    }
                    answered += 1;
                }
                Output::Wait(until) => break until,
                _ => {}
            }
        };
        now = network.iter().map(|&(at, _)| at).fold(until, Instant::min);
    }
    None
}

/// All are overdue at first: 1.2 s is more than any timeout under a bound of 1.7 s, asked once a second.
#[test]
fn late_replies_bring_a_dead_peer_back_within_as_many_intervals_as_they_are() {
    for rise in 1..5 {
        let seen_after = seen_after(SECOND * 6 / 5, rise, |_| false);
        let most = SECOND * rise.into() + SECOND * 6 / 5;
        assert!(
            seen_after.is_some_and(|span| span <= most),
            "rise {rise}: {seen_after:?}"
        );
    }
}

#[test]
fn a_lost_probe_breaks_the_row_of_late_replies() {
    let every_third_lost = seen_after(SECOND * 6 / 5, 3, |probe| probe % 3 == 2);
    assert_eq!(every_third_lost, None);
    let quick = seen_after(SECOND / 50, 3, |probe| probe % 3 == 2);
    assert_eq!(quick, None);
}
