//! The thread adapter, in real time: few cases.
#![cfg(feature = "adapters")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use systole::thread::{StopOutcome, spawn};
use systole::{Config, ProbeError, Retries, Verdict};

const INTERVAL: Duration = Duration::from_millis(40);

/// Lets a peer be dead for so many intervals; returns how long it takes to see that it is back.
fn return_after(intervals: u32) -> Duration {
    let is_there = Arc::new(AtomicBool::new(true));
    let peer = Arc::clone(&is_there);
    // dead after 64 timeouts: as long as some machines wait for a dead peer, too
    let config = Config::every(INTERVAL)
        .without_initial_delay()
        .build()
        .unwrap();
    let config = config
        .into_builder()
        .timeouts(INTERVAL, INTERVAL / 2, INTERVAL * 1_000)
        .build()
        .unwrap();
    let config = config
        .into_builder()
        .retries(Retries::exponential(5))
        .build()
        .unwrap();
    let heart = spawn(config, move |timeout| {
        if peer.load(Ordering::Relaxed) {
            return Ok(());
        }
        sleep(timeout);
        Err(ProbeError::Missed)
    });
    let heart = heart.unwrap();
    assert_eq!(
        heart.until_within(Verdict::Alive, Duration::from_secs(1)),
        Verdict::Alive
    );
    sleep(INTERVAL * 5);
    is_there.store(false, Ordering::Relaxed);
    let gone = Instant::now();
    assert_eq!(
        heart.until_within(Verdict::Dead, Duration::from_secs(2)),
        Verdict::Dead
    );
    sleep((INTERVAL * intervals).saturating_sub(gone.elapsed()));
    is_there.store(true, Ordering::Relaxed);
    let back = Instant::now();
    let _ = heart.until_within(Verdict::Alive, Duration::from_secs(2));
    let took = back.elapsed();
    assert_eq!(heart.stop(), StopOutcome::Completed);
    took
}

/// A dead peer is waited for one interval, and every eighth time twice as long as the last such
/// wait: so soon after the verdict no wait was longer than four. Then one interval passes, and the
/// rest is for a busy machine.
#[test]
fn a_peer_that_is_back_is_seen_within_five_intervals() {
    let limit = INTERVAL * 5 + Duration::from_millis(300);
    let after = [36, 38, 40, 42, 44, 46];
    let hearts =
        after.map(|intervals| std::thread::spawn(move || (intervals, return_after(intervals))));
    let took = hearts.map(|heart| heart.join().unwrap());
    let late = took
        .iter()
        .filter(|(_, took)| *took > limit)
        .collect::<Vec<_>>();
    assert!(
        late.is_empty(),
        "dead for so many intervals, seen after so long: {took:?}, {limit:?} at most"
    );
}

/// A peer that answers is never called dead, whatever we lack meanwhile.
#[test]
fn what_cannot_be_sent_is_no_evidence() {
    let lacks = [1, 13, 23, 24, 99, 100, 105];
    let hearts = lacks.map(|errno| {
        let began = Instant::now();
        let config = Config::every(INTERVAL / 2)
            .without_initial_delay()
            .build()
            .unwrap();
        let heart = spawn(config, move |_| {
            let is_blocked = began.elapsed() > Duration::from_millis(300);
            if is_blocked {
                Err(std::io::Error::from_raw_os_error(errno))
            } else {
                Ok(())
            }
        });
        (errno, heart.unwrap())
    });
    sleep(Duration::from_millis(1_500));
    for (errno, heart) in hearts {
        let dead = heart.snapshot().counters.dead;
        assert_eq!(dead, 0, "errno {errno}: {:?}", heart.snapshot().counters);
        heart.stop();
    }
}
