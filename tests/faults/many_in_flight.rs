//! Round trips of many intervals: a probe that may still be answered in time does not give way to the next one.
#![allow(missing_docs, clippy::unwrap_used)]

use core::time::Duration;
use std::io;

use systole::tokio::Builder;
use systole::{Config, Verdict};

/// Answers take `rtt`; two minutes at ten probes a second. Returns the verdict, how often it was `Dead`, and how many answers there were.
async fn lived(max_in_flight: usize, rtt: Duration) -> (Verdict, u32, u32) {
    let config = Config::fixed(Duration::from_millis(100)).unwrap();
    let builder = Builder::new(config.start_at_once()).at_once(max_in_flight);
    let heart = builder.spawn(move || async move {
        tokio::time::sleep(rtt).await;
        Ok::<_, io::Error>(())
    });
    tokio::time::sleep(Duration::from_secs(120)).await;
    let counters = heart.snapshot().counters;
    (heart.verdict(), counters.dead, counters.answered)
}

#[tokio::test(start_paused = true)]
async fn a_peer_fifteen_intervals_away_is_heard_with_eight_probes_under_way() {
    let (verdict, _, answered) = lived(8, Duration::from_millis(1_500)).await;
    assert_ne!(verdict, Verdict::Dead);
    assert!(answered > 300, "{answered} answers");
}

#[tokio::test(start_paused = true)]
async fn a_peer_three_intervals_away_is_alive_with_one_probe_under_way() {
    let (verdict, _, answered) = lived(1, Duration::from_millis(300)).await;
    assert_eq!(verdict, Verdict::Alive);
    assert!(answered > 100, "{answered} answers");
}
