//! Clocks drift: crystals of two cheap boards are 300 to 500 ppm apart. Nothing is lost, the delay is constant, and polls are on time.

use core::time::Duration;

use systole::{Beat, Event, EventKind, Instant, Listener, Output, Verdict, listener};

/// Beats of one second on a sender's clock that is `ppm` slow, for so many days; returns how often the live sender was called dead.
fn deaths(config: listener::Config, ppm: u64, days: u64) -> u32 {
    let mut listener = Listener::new(config, Instant::ZERO);
    let (mut now, mut at, mut deaths) = (Instant::ZERO, Instant::ZERO, 0);
    let beats = u32::try_from(days * 86_400).unwrap();
    for sequence in 0..beats {
        at = at.saturating_add(Duration::from_micros(1_000_000 + ppm));
        loop {
            match listener.poll(now) {
                Output::Event(Event {
                    kind: EventKind::Transition(change),
                    ..
                }) => {
                    deaths += u32::from(change.to == Verdict::Dead && sequence > 0);
                }
                Output::Wait(until) if until < at => now = until,
                Output::Event(_) => {}
                _ => break,
            }
        }
        now = at;
        let beat =
            Beat::new(sequence, Duration::from_secs(1)).with_deadline(Duration::from_millis(1_125));
        listener.handle_beat(&beat.with_incarnation(7), now);
    }
    deaths
}

/// Today: dead 130 times. The quickest beat is forgotten at 1/4096 of the time, which a drift of more than 244 ppm outruns.
#[test]
fn three_hundred_ppm_of_drift_kill_nobody_within_four_days() {
    assert_eq!(
        deaths(
            listener::Config::builder()
                .detect_within(Duration::from_secs(3))
                .build()
                .unwrap(),
            300,
            4
        ),
        0
    );
}

#[test]
fn five_hundred_ppm_of_drift_kill_nobody_within_four_days() {
    assert_eq!(
        deaths(
            listener::Config::builder()
                .detect_within(Duration::from_secs(3))
                .build()
                .unwrap(),
            500,
            4
        ),
        0
    );
}

/// Without a stated bound.
#[test]
fn five_hundred_ppm_of_drift_kill_nobody_within_four_days_under_the_default() {
    assert_eq!(
        deaths(listener::Config::builder().build().unwrap(), 500, 4),
        0
    );
}
