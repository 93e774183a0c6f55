//! Replies that do not say which probe they answer, from a peer that answers in order and loses nothing: one proves life when the oldest unanswered
//! probe was sent, not when a later one was.

use core::time::Duration;

use systole::{Config, Instant, Monitor, Output, ProbeId, Retries, Verdict};

const fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Three probes are answered after 20 ms, the fourth after 350 ms, later than its timeout of 300 ms; its retry waits behind it. Right after the retry the
/// peer crashes, and what it had in hand arrives 1,150 ms after it. Returns the time from the crash to the verdict, and the bound.
fn found_after(ids: bool) -> (u64, u64) {
    let ms = Duration::from_millis;
    let config = Config::every(ms(1_000))
        .timeouts(ms(300), ms(300), ms(300))
        .retries(Retries::fixed(2))
        .jitter_percent(0)
        .seed(1)
        .without_initial_delay()
        .build()
        .unwrap();
    let mut monitor = Monitor::<8>::with_window(config, at(0)).unwrap();
    let mut replies: Vec<(u64, ProbeId)> = Vec::new();
    let (mut now, mut sent, mut crash) = (0, 0, 0);
    while now < 20_000 {
        while let Some(due) = replies.iter().position(|reply| reply.0 <= now) {
            let (_, id) = replies.remove(due);
            if ids {
                monitor.handle_reply(id, at(now));
            } else {
                monitor.handle_reply_any(at(now));
            }
        }
        let until = loop {
            match monitor.poll(at(now)) {
                Output::Send(id) => {
                    match sent {
                        0..=2 => replies.push((now + 20, id)),
                        3 => replies.push((now + 350, id)),
                        4 => replies.push((now + 1_150, id)),
                        _ => {}
                    }
                    crash = if sent == 4 { now } else { crash };
                    sent += 1;
                }
                Output::Event(_) => {}
                Output::Wait(until) => break until.as_micros() / 1_000,
                Output::Idle => break u64::MAX,
            }
        };
        if monitor.verdict() == Verdict::Dead {
            break;
        }
        now = replies
            .iter()
            .map(|reply| reply.0)
            .fold(until, u64::min)
            .max(now + 1);
    }
    let bound = monitor.snapshot(at(now)).path.plan.bound();
    (now - crash, u64::try_from(bound.as_millis()).unwrap() + 1)
}

/// Today: 4,086 ms after the crash, as the last reply is taken for one to a probe that was sent after it; with ids, 3,305 ms.
#[test]
fn a_reply_without_an_id_proves_no_life_after_the_crash() {
    let (with, bound) = found_after(true);
    assert!(
        with <= bound,
        "with ids: {with} ms under a bound of {bound} ms"
    );
    let (without, bound) = found_after(false);
    assert!(
        without <= bound,
        "without: {without} ms under a bound of {bound} ms"
    );
}
