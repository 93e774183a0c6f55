extern crate alloc;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::plan::Retries;

const SECOND: Duration = Duration::from_secs(1);

/// Probes every 5 s, timeout 1 s, no retries: dead after 6 s.
fn patient() -> Heartbeat<8> {
    let config = Config::every(5 * SECOND).jitter_percent(0).build();
    let config = config.and_then(|config| {
        config
            .into_builder()
            .timeouts(SECOND, SECOND, 2 * SECOND)
            .build()
    });
    let config = config.and_then(|config| config.into_builder().retries(Retries::NONE).build());
    Heartbeat::with_window(config.unwrap())
}

/// The probe was given up after 1 s, and its reply took 0.9 s. The proof of life is rounded
/// down to the 1,024 us tick before, so that it is not too late.
#[test]
fn a_late_answer_proves_life_when_its_probe_was_sent_at_the_latest() {
    let mut heart = patient();
    assert_eq!(heart.missed(), 5 * SECOND);
    heart.late(SECOND * 9 / 10);
    assert_eq!(heart.verdict(), Verdict::Alive);
    assert_eq!(heart.peer.mark(), Instant::from_micros(99_232));
    assert_eq!(heart.snapshot().samples, 1);
}

#[test]
fn a_peer_never_heard_is_dead_after_the_bound_from_the_first_probe_on() {
    let mut heart = patient();
    heart.missed();
    assert_eq!(heart.verdict(), Verdict::Unknown);
    heart.missed(); // at 6 s
    assert_eq!(heart.verdict(), Verdict::Dead);
}

#[test]
fn an_answer_ends_what_silence_said() {
    let mut heart = patient();
    heart.next_interval(SECOND / 50);
    heart.missed();
    let level = heart.level();
    assert!(level > SuspicionLevel::ZERO);
    heart.next_interval(4_000 * SECOND); // which had waited in a queue
    assert!(heart.level() >= level);
    heart.next_interval(SECOND / 50);
    assert_eq!(heart.level(), SuspicionLevel::ZERO);
}

#[test]
fn a_heartbeat_is_as_valid_as_what_it_is_made_of() {
    assert!(patient().is_valid());
    let mut config = Config::every(SECOND).build().unwrap();
    config.settings.limits.timeout_max_us = 0;
    assert!(!Heartbeat::<8>::with_window(config).is_valid());
}

/// Outcomes of probes: replied to, missed, refused, not sent, replied to late.
fn outcomes() -> impl Strategy<Value = Vec<(u8, u32)>> {
    let us = prop_oneof![0..200_000_u32, 0..12_000_000_u32];
    prop::collection::vec((0..12_u8, us), 1..200)
}

fn outcome(heart: &mut Heartbeat<8>, kind: u8, us: u32) {
    let after = Duration::from_micros(us.into());
    _ = match kind {
        0 => heart.missed(),
        1 => heart.failed(Failure::Refused, after),
        2 => heart.unsent(after),
        3 => {
            heart.late(after);
            return;
        }
        _ => heart.next_interval(after),
    };
}

proptest! {
    #[test]
    fn the_short_way_leads_where_the_long_one_does(outcomes in outcomes(), retries: bool) {
        let mut heart = if retries {
            Heartbeat::with_window(Config::every(SECOND).build().unwrap())
        } else {
            patient()
        };
        for (kind, us) in outcomes {
            if heart.is_steady(us) {
                let (mut short, mut long) = (heart.clone(), heart.clone());
                prop_assert_eq!(short.answered_steadily(us), long.answered(us));
                prop_assert_eq!(short, long);
            }
            outcome(&mut heart, kind, us);
        }
    }
}
