//! The bound that a `Heartbeat` states holds in the README's ten lines too, in the time that really passes.

use core::time::Duration;

use systole::{Config, Heartbeat, Retries, Verdict};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The README's loop: `answered` probes are answered after `rtt`, where that is within the timeout, then none is. Returns the time from the send of
/// the last answered probe (else of the first) to the verdict, and the largest bound that was stated in between.
fn found_after(config: Config, rtt: Duration, answered: u32) -> (Duration, Duration) {
    let mut heart = Heartbeat::new(config);
    let (mut now, mut last, mut count) = (Duration::ZERO, Duration::ZERO, 0);
    let mut bound = heart.snapshot().plan.bound();
    loop {
        let (timeout, sent) = (heart.timeout(), now);
        let answers = count < answered && rtt <= timeout;
        let (wait, took) = if answers {
            (heart.next_interval(rtt), rtt)
        } else {
            (heart.missed(), timeout)
        };
        count += 1;
        if heart.verdict() == Verdict::Dead {
            return (sent + took - last, bound);
        }
        if answers {
            (last, bound) = (sent, Duration::ZERO);
        }
        bound = bound.max(heart.snapshot().plan.bound());
        now += took + wait.saturating_sub(took);
    }
}

/// Today: up to 10 s, under a bound of 5.5 s.
#[test]
fn without_retries_a_crash_is_found_within_the_bound() {
    for seed in 1..200 {
        let config = Config::every(ms(5_000))
            .retries(Retries::NONE)
            .seed(seed)
            .build()
            .unwrap();
        let (took, bound) = found_after(config, ms(20), 30);
        assert!(
            took <= bound + ms(1),
            "seed {seed}: {took:?} under a bound of {bound:?}"
        );
    }
}

/// Today: after 22 s.
#[test]
fn a_peer_that_is_never_heard_is_dead_within_the_stated_bound() {
    let config = Config::every(ms(100))
        .detect_within(ms(3_000))
        .build()
        .unwrap();
    let (took, _) = found_after(config, ms(1), 0);
    assert!(took <= ms(3_001), "{took:?}");
}

/// Today: after 1.9 s.
#[test]
fn a_crash_is_found_within_the_bound_where_answers_take_two_intervals() {
    let config = Config::every(ms(100))
        .detect_within(ms(1_000))
        .build()
        .unwrap();
    let (took, _) = found_after(config, ms(200), 50);
    assert!(took <= ms(1_001), "{took:?}");
}

/// Today: up to 50 s, as the timeout of a dead peer grows to a minute and the loop waits that long for a lost answer.
#[test]
fn a_peer_that_comes_back_after_twenty_minutes_is_alive_within_five_seconds() {
    for offset in 0..50 {
        let mut heart = Heartbeat::new(Config::every(ms(1_000)).build().unwrap());
        let (crash, back) = (ms(60_000 + offset * 37), ms(1_260_000 + offset * 1_337));
        let mut now = Duration::ZERO;
        while now < back || heart.verdict() != Verdict::Alive {
            let (timeout, up) = (heart.timeout(), now < crash || now >= back);
            let (interval, spent) = if up {
                (heart.next_interval(ms(20)), ms(20))
            } else {
                (heart.missed(), timeout)
            };
            now += interval.max(spent);
        }
        assert!(now - back < ms(5_000), "{:?} after its return", now - back);
    }
}
