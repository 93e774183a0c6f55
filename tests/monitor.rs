//! A monitor through one thing after another, in virtual time: what it counts, what it tells, when it asks next.

use core::time::Duration;

use systole::pacing::{Fixed, Pacing};
use systole::peer::{ProbeOutcome, ReplyOutcome};
use systole::{
    Config, Event, EventKind, Failure, Instant, Monitor, Output, ProbeId, Reason, Retries, Verdict,
    path::SuspicionLevel,
};

const SECOND: Duration = Duration::from_secs(1);

type Steady = Monitor<8, Fixed>;

fn config(interval: Duration) -> Config<Fixed> {
    Config::fixed(interval)
        .jitter_percent(0)
        .seed(7)
        .without_initial_delay()
        .build()
        .unwrap()
}

fn monitor(config: Config<Fixed>) -> Steady {
    Monitor::with_window(config, Instant::ZERO).unwrap()
}

const fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// The probe that is due at `now`.
fn probe(monitor: &mut Steady, now: Instant) -> ProbeId {
    loop {
        match monitor.poll(now) {
            Output::Send(id) => return id,
            Output::Event(_) => {}
            output => panic!("{output:?} at {now}"),
        }
    }
}

/// Tells what happens up to `until`, of which nothing is answered; looks at every deadline.
fn silence(monitor: &mut Steady, mut now: Instant, until: Instant) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        match monitor.poll(now) {
            Output::Send(_) => {}
            Output::Event(event) => events.push(event),
            Output::Wait(next) if next <= until => now = next,
            Output::Wait(_) | Output::Idle => return events,
        }
    }
}

/// A monitor that has had 20 answers, each after 20 ms; the next probe is due at the moment that is returned.
fn settled(config: Config<Fixed>) -> (Steady, Instant) {
    let (mut monitor, mut now) = (monitor(config), Instant::ZERO);
    for _ in 0..20 {
        let id = probe(&mut monitor, now);
        monitor.handle_reply(id, now.saturating_add(SECOND / 50));
        silence(&mut monitor, now, now.saturating_add(SECOND / 2));
        now = monitor.snapshot(now).next_probe_at;
    }
    (monitor, now)
}

// ---- answers ----

/// The time in an id comes again after 2^40 microseconds, its count after 256 probes. Its incarnation does not.
#[test]
fn an_answer_to_an_earlier_life_of_the_peer_is_none_though_the_ids_look_alike() {
    let round_us = 1_u64 << 40;
    let mut monitor = monitor(config(Duration::from_micros(round_us / 255)));
    let earlier = probe(&mut monitor, Instant::ZERO);
    let mut now = Instant::from_micros(1);
    monitor.restarted(now);
    for _ in 0..255 {
        let id = probe(&mut monitor, now);
        monitor.handle_reply(id, now);
        silence(&mut monitor, now, now);
        now = monitor.snapshot(now).next_probe_at;
    }
    assert_eq!(now.as_micros(), round_us);
    probe(&mut monitor, now);
    monitor.handle_reply(earlier, now);
    let counters = monitor.snapshot(now).counters;
    assert_eq!((counters.answered, counters.ignored), (255, 1));
}

#[test]
fn a_reply_that_does_not_say_to_what_is_late_where_its_probe_was_overdue() {
    let config = config(SECOND)
        .into_builder()
        .timeouts(SECOND / 2, SECOND / 2, SECOND / 2)
        .build();
    let config = config
        .unwrap()
        .into_builder()
        .retries(Retries::NONE)
        .build()
        .unwrap();
    for (after_ms, late) in [(400, 0), (600, 1)] {
        let mut monitor = monitor(config);
        silence(&mut monitor, Instant::ZERO, ms(after_ms));
        assert_eq!(monitor.snapshot(ms(after_ms)).counters.lost, late);
        monitor.handle_reply_any(ms(after_ms));
        let counters = monitor.snapshot(ms(after_ms)).counters;
        let counted = (counters.answered, counters.late, counters.lost);
        assert_eq!(counted, (1 - late, late, late), "after {after_ms} ms");
    }
}

/// It may have waited in a queue: no life is proved, and the peer is asked anew.
#[test]
fn an_answer_older_than_the_bound_is_stale_and_no_other_is() {
    let config = config(SECOND)
        .into_builder()
        .detect_within(5 * SECOND)
        .build()
        .unwrap();
    for (after_ms, stale) in [(5_000, 0), (5_001, 1)] {
        let mut monitor = monitor(config);
        let id = probe(&mut monitor, Instant::ZERO);
        silence(&mut monitor, Instant::ZERO, ms(after_ms));
        assert_eq!(monitor.verdict(), Verdict::Dead);
        monitor.handle_reply(id, ms(after_ms));
        assert_eq!(monitor.snapshot(ms(after_ms)).counters.stale, stale);
        assert_eq!(monitor.verdict() == Verdict::Dead, stale > 0);
    }
}

// ---- traffic ----

/// Nothing has been measured yet.
#[test]
fn what_arrives_does_not_put_off_the_first_probe() {
    let mut monitor = monitor(config(SECOND));
    for now in (0..10).map(|tenth| ms(100 * tenth)) {
        monitor.handle_traffic(now);
    }
    assert!(monitor.snapshot(ms(900)).next_probe_at <= ms(1_000));
}

// ---- how improbable the silence is ----

#[test]
fn a_suspicion_is_told_with_the_level_of_the_silence_before() {
    let (mut monitor, now) = settled(config(SECOND));
    probe(&mut monitor, now);
    let Output::Wait(overdue) = monitor.poll(now) else {
        panic!("one is under way");
    };
    let before = monitor.level(overdue);
    assert!(before > SuspicionLevel::ZERO);
    let events = silence(&mut monitor, overdue, overdue);
    let [
        Event {
            kind: EventKind::Transition(told),
            ..
        },
    ] = events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((told.to, told.reason), (Verdict::Suspect, Reason::Overdue));
    assert_eq!(told.level, before);
}

/// What we slept through stays suspicious until the peer answers, and then is forgotten.
#[test]
fn nothing_is_held_against_a_peer_that_is_alive_again() {
    let (mut monitor, now) = settled(config(SECOND));
    probe(&mut monitor, now);
    let woken = now.saturating_add(SECOND / 20);
    monitor.resumed(woken);
    assert!(monitor.level(woken) > SuspicionLevel::ZERO);
    let id = probe(&mut monitor, woken);
    monitor.handle_reply(id, woken);
    assert_eq!(monitor.verdict(), Verdict::Alive);
    assert_eq!(monitor.level(woken), SuspicionLevel::ZERO);
}

#[test]
fn the_probes_that_wait_for_an_answer_are_counted() {
    let (mut monitor, now) = settled(config(SECOND));
    assert_eq!(monitor.snapshot(now).unanswered, 0);
    probe(&mut monitor, now);
    assert_eq!(monitor.snapshot(now).unanswered, 1);
    let retried = monitor.snapshot(now).path.plan.timeout();
    let retried = now.saturating_add(retried);
    silence(&mut monitor, now, retried);
    assert_eq!(monitor.snapshot(retried).unanswered, 2);
}

/// Everything that is told at `now`, after what is due was sent.
fn told(monitor: &mut Steady, now: Instant) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        match monitor.poll(now) {
            Output::Send(_) => {}
            Output::Event(event) => events.push(event),
            Output::Wait(_) | Output::Idle => return events,
        }
    }
}

#[test]
fn what_waited_while_we_were_away_makes_one_pause_of_all_our_lateness() {
    let (mut monitor, due) = settled(config(SECOND));
    let before = monitor.snapshot(due);
    for piece in 1..=400 {
        // one each 20 ms, of what came while nobody read
        let stray = ProbeId::from(u64::from(piece));
        monitor.handle_reply(stray, due.saturating_add(SECOND / 50 * piece));
    }
    let now = due.saturating_add(8 * SECOND);
    let events = told(&mut monitor, now);
    let [
        Event {
            number, at, kind, ..
        },
    ] = events[..]
    else {
        panic!("{events:?}");
    };
    let EventKind::Paused { lateness } = kind else {
        panic!("{events:?}");
    };
    assert_eq!(at, now);
    assert_eq!(number, before.events + 1);
    let counters = monitor.snapshot(now).counters;
    assert_eq!(counters.pauses, before.counters.pauses + 1);
    let late_us = counters.lateness_us - before.counters.lateness_us;
    assert_eq!(lateness, Duration::from_micros(late_us));
    assert!(lateness > 5 * SECOND, "{lateness:?}");
}

#[test]
fn a_reply_says_what_became_of_it() {
    const RTT: Duration = Duration::from_millis(20);
    let config = config(SECOND).into_builder();
    let config = config
        .retries(Retries::NONE)
        .timeouts(SECOND / 2, SECOND / 2, SECOND / 2);
    let mut monitor = monitor(config.build().unwrap());
    let first = probe(&mut monitor, ms(0));
    let fresh = ReplyOutcome::Fresh { rtt: Some(RTT) };
    assert_eq!(monitor.handle_reply_with(first, ms(30), RTT / 2), fresh);
    assert_eq!(monitor.handle_reply(first, ms(30)), ReplyOutcome::Ignored);

    let second = probe(&mut monitor, ms(1_000));
    silence(&mut monitor, ms(1_000), ms(1_700));
    let late = ReplyOutcome::Late {
        rtt: Some(SECOND * 7 / 10),
    };
    assert_eq!(monitor.handle_reply(second, ms(1_700)), late);
    assert!(late.proves_life());

    let third = probe(&mut monitor, ms(2_000));
    silence(&mut monitor, ms(2_000), ms(9_000));
    let stale = monitor.handle_reply(third, ms(9_000));
    assert_eq!(
        stale,
        ReplyOutcome::Stale {
            rtt: Some(7 * SECOND)
        }
    );
    assert!(!stale.proves_life());
    assert_eq!(monitor.verdict(), Verdict::Dead);
}

#[test]
fn a_reply_without_id_tells_no_round_trip_that_may_be_of_another_probe() {
    let mut monitor = monitor(config(SECOND));
    probe(&mut monitor, ms(0));
    let fresh = ReplyOutcome::Fresh {
        rtt: Some(SECOND / 50),
    };
    assert_eq!(monitor.handle_reply_any(ms(20)), fresh);
    probe(&mut monitor, ms(1_000));
    silence(&mut monitor, ms(1_000), ms(2_000));
    let any = monitor.handle_reply_any(ms(2_500));
    assert!(any.proves_life());
    assert_eq!(any.rtt(), None);
    while monitor.handle_reply_any(ms(2_600)) != ReplyOutcome::Ignored {}
}

#[test]
fn a_report_says_what_became_of_the_probe() {
    let mut monitor = monitor(config(SECOND));
    let first = probe(&mut monitor, ms(0));
    let refused = |monitor: &mut Steady, id, now| monitor.handle_failure(id, Failure::Refused, now);
    assert_eq!(refused(&mut monitor, first, ms(1)), ProbeOutcome::Failed);
    assert_eq!(refused(&mut monitor, first, ms(1)), ProbeOutcome::Ignored);
    let now = monitor.snapshot(ms(1)).next_probe_at;
    let second = probe(&mut monitor, now);
    assert_eq!(monitor.handle_unsent(second, now), ProbeOutcome::Unsent);
    assert_eq!(monitor.handle_unsent(second, now), ProbeOutcome::Ignored);
    let now = monitor.snapshot(now).next_probe_at;
    let third = probe(&mut monitor, now);
    let overdue_at = now.saturating_add(monitor.snapshot(now).path.plan.timeout());
    silence(&mut monitor, now, overdue_at);
    assert_eq!(
        monitor.handle_unsent(third, overdue_at),
        ProbeOutcome::AlreadyLost
    );
}

#[test]
fn a_stale_answer_does_not_hurry_what_cannot_be_sent() {
    let config = config(SECOND)
        .into_builder()
        .retries(Retries::NONE)
        .timeouts(SECOND / 2, SECOND / 2, SECOND)
        .build()
        .unwrap();
    let mut monitor = monitor(config);
    let old = probe(&mut monitor, ms(0));
    silence(&mut monitor, ms(0), ms(20_000));
    let now = monitor.snapshot(ms(20_000)).next_probe_at;
    let id = probe(&mut monitor, now);
    monitor.handle_unsent(id, now);
    let next = monitor.snapshot(now).next_probe_at;
    monitor.handle_reply(old, now.saturating_add(SECOND / 10)); // 20 s old
    assert_eq!(monitor.snapshot(now).next_probe_at, next);
}

#[test]
fn a_return_counts_from_the_latest_probe_answered_not_from_the_last_answer() {
    let config = config(SECOND).into_builder().rise(2).build().unwrap();
    let mut monitor = monitor(config);
    silence(&mut monitor, ms(0), ms(60_000));
    assert_eq!(monitor.verdict(), Verdict::Dead);
    let mut now = monitor.snapshot(ms(60_000)).next_probe_at;
    let first = probe(&mut monitor, now);
    let (first_at, _) = (
        now,
        silence(&mut monitor, now, now.saturating_add(SECOND / 2)),
    );
    now = monitor.snapshot(now).next_probe_at;
    let second = probe(&mut monitor, now);
    let second_at = now;
    assert!(second_at > first_at);
    let heard_at = now.saturating_add(SECOND / 50);
    monitor.handle_reply(second, heard_at); // they overtake one another
    monitor.handle_reply(first, heard_at);
    assert_eq!(monitor.verdict(), Verdict::Alive);
    let snapshot = monitor.snapshot(heard_at);
    let bound = snapshot.path.plan.bound();
    assert_eq!(snapshot.dead_at, Some(second_at.saturating_add(bound)));
}

/// The number of replies after which a monitor of `config` calls a dead peer alive, if each takes
/// `rtt` and none is lost.
fn replies_to_rise<P: Pacing>(config: Config<P>, rtt: Duration) -> u32 {
    let mut monitor = Monitor::<8, P>::with_window(config, Instant::ZERO).unwrap();
    let (mut now, mut replies, mut was_dead) = (Instant::ZERO, 0, false);
    let mut waiting = std::collections::VecDeque::new();
    loop {
        was_dead |= monitor.verdict() == Verdict::Dead;
        match monitor.poll(now) {
            Output::Send(id) if was_dead => waiting.push_back((now.saturating_add(rtt), id)),
            Output::Wait(next) => {
                let reply = waiting.front().map_or(Instant::MAX, |reply| reply.0);
                now = next.min(reply);
            }
            _ => {}
        }
        while waiting.front().is_some_and(|reply| reply.0 <= now) {
            let (at, id) = waiting.pop_front().unwrap();
            monitor.handle_reply(id, at);
            replies += 1;
            if monitor.verdict() == Verdict::Alive {
                return replies;
            }
        }
    }
}

/// Such a reply may have left a queue in the middle of an outage.
#[test]
fn a_target_confirms_the_late_reply_of_a_dead_peer() {
    let target = || {
        let config = Config::target(10 * SECOND).jitter_percent(0).seed(7);
        config.without_initial_delay().build().unwrap()
    };
    let (timely, late) = (SECOND * 24 / 10, SECOND * 26 / 10);
    assert_eq!(replies_to_rise(target(), timely), 1);
    assert_eq!(replies_to_rise(target(), late), 2);
    let thrice = target().into_builder().rise(3).build().unwrap();
    assert_eq!(replies_to_rise(thrice, timely), 3);
    assert_eq!(replies_to_rise(thrice, late), 3);
    let every = Config::every(SECOND).detect_within(10 * SECOND).seed(7);
    assert_eq!(replies_to_rise(every.build().unwrap(), late), 1);
}

#[test]
fn traffic_before_the_first_answer_shortens_no_bound() {
    let mut monitor = monitor(config(SECOND));
    monitor.handle_traffic(ms(0));
    let mut restarted = monitor.clone();
    restarted.restarted(ms(3_000));
    let asked_at = ms(3_000);
    probe(&mut restarted, asked_at);
    restarted.handle_traffic(ms(3_100)); // it proves life as of one timeout ago, before that probe
    assert_eq!(restarted.verdict(), Verdict::Alive);
    let snapshot = restarted.snapshot(ms(3_100));
    let bound = snapshot.path.plan.bound();
    assert!(snapshot.dead_at >= Some(asked_at.saturating_add(bound)));
}

/// Nothing that was heard tells what it was.
#[test]
fn a_death_that_a_restart_ends_is_no_revival() {
    let mut monitor = monitor(config(SECOND));
    silence(&mut monitor, ms(0), ms(60_000));
    assert_eq!(monitor.verdict(), Verdict::Dead);
    monitor.restarted(ms(60_000));
    let id = probe(&mut monitor, ms(60_000));
    monitor.handle_reply(id, ms(60_020));
    assert_eq!(monitor.verdict(), Verdict::Alive);
    let counters = monitor.snapshot(ms(60_020)).counters;
    let revivals = counters.refuted + counters.recovered + counters.undecided;
    assert_eq!((counters.dead, revivals), (1, 0));
}
