//! Ten thousand beats at 20 ms, answered after 0 to 15 ms: each on its place, where a naive loop drifts.
#![cfg(feature = "tokio")]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used
)] // a test

use std::sync::{Arc, Mutex};
use std::time::Duration;

use systole::pacing::Fixed;
use systole::{Config, Fault, Retries};
use tokio::time::{Instant, sleep};

const BEATS: u32 = 10_000;
const INTERVAL: Duration = Duration::from_millis(20);

fn config() -> Config<Fixed> {
    let second = Duration::from_secs(1);
    let config = Config::fixed(INTERVAL).unwrap().jitter_percent(0).unwrap();
    let config = config.timeouts(second, second, second).unwrap();
    config.retries(Retries::NONE).unwrap().start_at_once()
}

/// How long the answer to beat `number` takes.
const fn delay(number: usize) -> Duration {
    Duration::from_micros((number as u64).wrapping_mul(7_919) % 15_001)
}

#[tokio::test(start_paused = true)]
async fn every_beat_is_on_its_place_and_the_last_one_too() {
    let sends = Arc::new(Mutex::new(Vec::new()));
    let noted = sends.clone();
    let heart = systole::tokio::spawn(config(), move || {
        let mut sends = noted.lock().unwrap();
        sends.push(Instant::now());
        let delay = delay(sends.len());
        async move {
            sleep(delay).await;
            Ok::<_, Fault>(())
        }
    });
    sleep(BEATS * INTERVAL).await;
    heart.stop().await;
    let sends = sends.lock().unwrap();
    let off = |(place, &at): (u32, &Instant)| at - (sends[0] + place * INTERVAL);
    let worst = (0..).zip(sends.iter()).map(off).max().unwrap();
    assert!(sends.len() >= BEATS as usize, "{}", sends.len());
    assert!(worst <= Duration::from_millis(2), "{worst:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sleep_after_each_answer_drifts_by_more_than_a_minute() {
    let began = Instant::now();
    for number in 0..BEATS as usize {
        sleep(delay(number)).await;
        sleep(INTERVAL).await;
    }
    let drift = began.elapsed().saturating_sub(BEATS * INTERVAL);
    assert!(drift > Duration::from_secs(60), "{drift:?}");
}
