//! A lease, step by step: what it asks for, what it tells, and until when it is held.

use core::time::Duration;

use systole::config::Setting;
use systole::lease::{
    Action, Config, EventKind, FenceReason, GrantOutcome, Lease, Refusal, RefusalOutcome,
    RenewalId, Request, TTL_MAX,
};
use systole::{Instant, Output};

const SECOND: Duration = Duration::from_secs(1);
const TTL: Duration = Duration::from_secs(10);

const fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn config() -> Config {
    Config::renewed(TTL).jitter_percent(0).build().unwrap()
}

fn shorter() -> Config {
    Config::renewed(3 * SECOND)
        .jitter_percent(0)
        .build()
        .unwrap()
}

/// Polls until there is nothing more to do at `now`. Returns the events, the requests and when to
/// poll next.
fn drained(lease: &mut Lease, now: Instant) -> (Vec<EventKind>, Vec<Request>, Option<Instant>) {
    let (mut kinds, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        assert!(lease.is_valid(), "{lease:?}");
        match lease.poll(now) {
            Output::Event(event) => kinds.push(event.kind),
            Output::Send(request) => requests.push(request),
            Output::Wait(until) => {
                assert!(until > now, "a busy loop: {lease:?}");
                return (kinds, requests, Some(until));
            }
            Output::Idle => return (kinds, requests, None),
        }
    }
    panic!("no end: {lease:?}")
}

fn sent(lease: &mut Lease, now: Instant) -> Request {
    let (_, requests, _) = drained(lease, now);
    let [request] = requests[..] else {
        panic!("{requests:?} at {now}")
    };
    request
}

fn events(lease: &mut Lease, now: Instant) -> Vec<EventKind> {
    drained(lease, now).0
}

/// Returns a lease that was asked for at 1,000 ms and granted by `epoch` at 1,020 ms.
fn held(config: Config, epoch: u64) -> Lease {
    let mut lease = Lease::new(config, ms(1_000));
    let request = sent(&mut lease, ms(1_000));
    assert_eq!(request.action, Action::Acquire);
    let outcome = lease.handle_granted(request.id, config.ttl(), epoch, ms(1_020));
    assert_eq!(outcome, GrantOutcome::Extended);
    assert_eq!(events(&mut lease, ms(1_020)), [EventKind::Held { epoch }]);
    lease
}

/// Returns the next renewal and when it was sent.
fn next(lease: &mut Lease, mut now: Instant) -> (Request, Instant) {
    loop {
        let (_, requests, until) = drained(lease, now);
        if let Some(&request) = requests.first() {
            return (request, now);
        }
        now = until.unwrap();
    }
}

#[test]
fn the_fence_is_a_ttl_after_the_send_less_what_clocks_may_be_off() {
    let lease = held(config(), 7);
    let fence = ms(1_000 + 10_000 - 10 - 1); // 1,000 ppm and a millisecond
    assert_eq!(lease.fence_at(), Some(fence));
    assert!(lease.is_held(fence.saturating_sub(Duration::from_micros(1))));
    assert!(!lease.is_held(fence));
    assert!(!lease.is_held(ms(1_019)), "before the last moment seen");
    assert_eq!(lease.epoch(), 7);
}

#[test]
fn a_late_poll_moves_no_fence() {
    let mut lease = held(config(), 1);
    let (fence, late) = (lease.fence_at().unwrap(), ms(60_000));
    assert!(!lease.is_held(late));
    let fenced = EventKind::Fenced {
        reason: FenceReason::Elapsed,
    };
    assert_eq!(events(&mut lease, late), [fenced]);
    assert!(fence < late && lease.fence_at().is_none());
}

#[test]
fn before_anything_is_known_at_most_a_third_passes_between_renewals() {
    let mut lease = held(config(), 1);
    let (request, at) = next(&mut lease, ms(1_020));
    assert_eq!(request.action, Action::Renew);
    assert!(at <= ms(1_000 + 10_000 / 3), "{at}");
}

/// On a path without losses the interval grows to most of the TTL.
#[test]
fn a_good_path_takes_few_renewals() {
    let (mut lease, mut now, mut count) = (held(config(), 1), ms(1_020), 0);
    while now < Instant::from_secs(36_000) {
        let (request, at) = next(&mut lease, now);
        now = at.saturating_add(Duration::from_millis(20));
        lease.handle_granted(request.id, TTL, 1, now);
        count += u32::from(at > Instant::from_secs(18_000));
    }
    assert_eq!(lease.snapshot(now).counters.fenced, 0);
    assert!(count < 2_700, "{count} in 1,800 TTLs");
}

#[test]
fn a_renewal_without_an_answer_is_late_and_retried_before_the_fence() {
    let mut lease = held(config(), 1);
    let (_, first) = next(&mut lease, ms(1_020));
    let (mut sends, mut kinds, mut now) = (0, Vec::new(), first);
    let fence = lease.fence_at().unwrap();
    while now < fence {
        let (told, requests, until) = drained(&mut lease, now);
        sends += requests.len();
        kinds.extend(told);
        now = until.unwrap();
    }
    assert!(
        matches!(kinds[..], [EventKind::Late { left }] if left > 7 * SECOND),
        "{kinds:?}"
    );
    assert!((4..=16).contains(&sends), "{sends} retries");
    assert_eq!(now, fence, "the fence wakes");
}

#[test]
fn what_is_granted_after_the_fence_is_regained_with_its_epoch() {
    let mut lease = held(config(), 3);
    let fence = lease.fence_at().unwrap();
    let (request, at) = next(&mut lease, fence.saturating_sub(Duration::from_millis(1)));
    assert_eq!(at, fence.saturating_sub(Duration::from_millis(1)));
    let now = ms(12_000);
    let outcome = lease.handle_granted(request.id, TTL, 3, now);
    assert_eq!(outcome, GrantOutcome::Extended);
    let fenced = EventKind::Fenced {
        reason: FenceReason::Elapsed,
    };
    assert_eq!(
        events(&mut lease, now),
        [fenced, EventKind::Regained { epoch: 3 }]
    );
    assert_eq!(lease.snapshot(now).promise.lapses, 1, "a needless fence");
}

#[test]
fn a_refused_renewal_ends_the_holding_and_the_next_one_has_another_number() {
    let mut lease = held(config(), 3);
    let (renewal, at) = next(&mut lease, ms(1_020));
    let outcome = lease.handle_refused(renewal.id, Refusal::HeldByAnother, at);
    assert_eq!(outcome, RefusalOutcome::Lost);
    assert!(!lease.is_held(at));
    let lost = EventKind::Lost {
        why: Refusal::HeldByAnother,
    };
    assert_eq!(events(&mut lease, at), [lost]);
    let (acquisition, at) = next(&mut lease, at);
    assert_eq!(acquisition.action, Action::Acquire);
    assert_eq!((renewal.holding, acquisition.holding), (1, 2));
    lease.handle_granted(acquisition.id, TTL, 5, at);
    assert_eq!(events(&mut lease, at), [EventKind::Regained { epoch: 5 }]);
}

#[test]
fn acknowledgements_of_unknown_old_and_future_renewals_change_nothing() {
    let mut lease = held(config(), 1);
    let (request, at) = next(&mut lease, ms(1_020));
    lease.handle_granted(request.id, TTL, 1, at);
    let fence = lease.fence_at();
    let id = u32::from(request.id);
    for id in [id, id - 1, id + 1, id.wrapping_sub(32), 0, u32::MAX] {
        let outcome = lease.handle_granted(RenewalId::from(id), TTL_MAX, 9, at);
        assert_eq!(outcome, GrantOutcome::Unknown, "{id}");
        let outcome = lease.handle_refused(RenewalId::from(id), Refusal::Denied, at);
        assert_eq!(outcome, RefusalOutcome::Unknown, "{id}");
    }
    assert_eq!((lease.fence_at(), lease.epoch()), (fence, 1));
    assert_eq!(lease.snapshot(at).counters.ignored, 12);
}

#[test]
fn acknowledgements_out_of_order_count_from_the_newest_send() {
    let mut lease = held(config(), 1);
    let (first, now) = next(&mut lease, ms(1_020));
    let (second, now) = next(&mut lease, now);
    lease.handle_granted(second.id, TTL, 1, now);
    let fence = lease.fence_at();
    let outcome = lease.handle_granted(first.id, TTL, 1, now);
    assert_eq!(
        (outcome, lease.fence_at()),
        (GrantOutcome::Unextended, fence)
    );
}

#[test]
fn a_server_may_grant_less_more_or_nothing() {
    let mut lease = held(config(), 1);
    let (request, at) = next(&mut lease, ms(1_020));
    lease.handle_granted(request.id, 2 * SECOND, 1, at);
    let less = at.saturating_add(Duration::from_millis(1_997));
    assert_eq!(lease.fence_at(), Some(less));

    let (request, at) = next(&mut lease, at);
    lease.handle_granted(request.id, Duration::MAX, 1, at);
    let most = TTL_MAX - TTL_MAX / 1_000 - Duration::from_millis(1);
    assert_eq!(lease.fence_at(), Some(at.saturating_add(most)), "capped");

    let (request, at) = next(&mut lease, at);
    let outcome = lease.handle_granted(request.id, Duration::ZERO, 1, at);
    assert_eq!(outcome, GrantOutcome::Nothing);
    assert_eq!(
        events(&mut lease, at),
        [EventKind::Lost {
            why: Refusal::Expired
        }]
    );
}

/// Law 2: what a server grants sets no pace that is a busy loop.
#[test]
fn a_server_that_grants_next_to_nothing_is_asked_at_most_400_times_a_ttl() {
    for granted_us in [1, 1_100, 2_000, 20_000, 100_000] {
        let granted = Duration::from_micros(granted_us);
        let (mut lease, mut now, mut count) = (held(config(), 1), ms(1_020), 0);
        while now < Instant::from_secs(101) {
            let (request, at) = next(&mut lease, now);
            now = at.saturating_add(Duration::from_micros(100));
            lease.handle_granted(request.id, granted, 1, now);
            count += 1;
        }
        assert!(count <= 10 * 400, "{count} in 10 TTLs for {granted:?}");
        let infeasible = lease.promise().infeasible.unwrap();
        assert_eq!(infeasible.requirement, Setting::Ttl);
        assert!((500_000..700_000).contains(&infeasible.nearest));
    }
}

#[test]
fn a_grant_of_less_than_clocks_may_be_off_is_over_at_once() {
    let mut lease = held(config(), 1);
    let (request, at) = next(&mut lease, ms(1_020));
    let outcome = lease.handle_granted(request.id, Duration::from_millis(1), 1, at);
    assert_eq!(outcome, GrantOutcome::TooLate);
    assert!(!lease.is_held(at));
}

#[test]
fn a_clock_that_runs_backwards_fences() {
    let mut lease = held(config(), 1);
    let (request, _) = next(&mut lease, ms(1_020));
    let back = ms(1_019);
    let fenced = EventKind::Fenced {
        reason: FenceReason::Clock,
    };
    let (kinds, requests, _) = drained(&mut lease, back);
    assert_eq!(kinds, [fenced]);
    assert!(!lease.is_held(back) && !lease.is_held(ms(1_500)));
    let stale = lease.handle_granted(request.id, TTL, 1, back);
    assert_eq!(stale, GrantOutcome::Unknown, "sent on another clock");
    lease.handle_granted(requests[0].id, TTL, 1, back);
    assert_eq!(events(&mut lease, back), [EventKind::Regained { epoch: 1 }]);
}

#[test]
fn a_resync_fences_and_asks_at_once() {
    let mut lease = held(config(), 1);
    lease.resync(ms(1_500));
    let (kinds, requests, _) = drained(&mut lease, ms(1_500));
    let fenced = EventKind::Fenced {
        reason: FenceReason::Clock,
    };
    assert_eq!((kinds, requests.len()), (vec![fenced], 1));
}

#[test]
fn a_shorter_ttl_counts_at_once_and_old_grants_do_not() {
    let mut lease = held(config(), 1);
    let (old, now) = next(&mut lease, ms(1_020));
    lease.reconfigure(shorter(), now);
    let fence = now.saturating_add(Duration::from_millis(3_000 - 3 - 1));
    assert_eq!(lease.fence_at(), Some(fence));
    let outcome = lease.handle_granted(old.id, TTL, 1, now);
    assert_eq!(outcome, GrantOutcome::Unknown);
    assert_eq!(next(&mut lease, now).0.ttl, 3 * SECOND);
}

#[test]
fn a_longer_ttl_is_asked_for_by_the_next_holding() {
    let mut lease = held(shorter(), 1);
    lease.reconfigure(config(), ms(1_020));
    let (renewal, at) = next(&mut lease, ms(1_020));
    assert_eq!(renewal.ttl, 3 * SECOND);
    lease.handle_refused(renewal.id, Refusal::Expired, at);
    assert_eq!(next(&mut lease, at).0.ttl, TTL);
}

#[test]
fn a_larger_allowance_counts_at_once_and_a_smaller_one_from_the_next_grant() {
    let build = |ppm| Config::renewed(TTL).drift_ppm(ppm).build().unwrap();
    let mut lease = held(config(), 1);
    let fence = lease.fence_at().unwrap();
    lease.reconfigure(build(0), ms(1_020));
    assert_eq!(lease.fence_at(), Some(fence));
    lease.reconfigure(build(2_000), ms(1_020));
    let earlier = fence.saturating_sub(Duration::from_millis(10));
    assert_eq!(lease.fence_at(), Some(earlier));
}

#[test]
fn a_lower_epoch_is_an_old_grant_and_a_higher_one_a_new_holding() {
    let mut lease = held(config(), 5);
    let (request, at) = next(&mut lease, ms(1_020));
    let fence = lease.fence_at();
    let outcome = lease.handle_granted(request.id, TTL, 4, at);
    assert_eq!((outcome, lease.fence_at()), (GrantOutcome::Stale, fence));
    let (request, at) = next(&mut lease, at);
    lease.handle_granted(request.id, TTL, 6, at);
    let lost = EventKind::Lost {
        why: Refusal::EpochChanged,
    };
    assert_eq!(
        events(&mut lease, at),
        [lost, EventKind::Regained { epoch: 6 }]
    );
}

#[test]
fn a_release_ends_the_holding_before_the_server_is_told() {
    let mut lease = held(config(), 1);
    lease.release(ms(2_000));
    assert!(!lease.is_held(ms(2_000)));
    let (kinds, requests, _) = drained(&mut lease, ms(2_000));
    assert_eq!((kinds.len(), requests[0].action), (0, Action::Release));
    assert!(lease.handle_released(ms(2_020)));
    assert_eq!(lease.poll(ms(2_020)), Output::Idle);
    lease.acquire(ms(3_000));
    let request = sent(&mut lease, ms(3_000));
    assert_eq!((request.action, request.holding), (Action::Acquire, 2));
    lease.handle_granted(request.id, TTL, 2, ms(3_000));
    assert_eq!(
        events(&mut lease, ms(3_000)),
        [EventKind::Held { epoch: 2 }]
    );
}

#[test]
fn a_release_is_repeated_until_the_lease_has_expired() {
    let mut lease = held(config(), 1);
    lease.release(ms(2_000));
    let (mut now, mut count) = (ms(2_000), 0);
    loop {
        let (_, requests, until) = drained(&mut lease, now);
        count += requests.len();
        let Some(until) = until else { break };
        now = until;
    }
    assert_eq!(now, ms(12_000));
    assert!((5..20).contains(&count), "{count}");
}

#[test]
fn while_another_holds_the_lease_it_is_asked_for_eight_times_a_ttl() {
    let (mut lease, mut now, mut count) = (Lease::new(config(), ms(0)), ms(0), 0);
    while now < ms(10_000) {
        let (request, at) = next(&mut lease, now);
        let outcome = lease.handle_refused(request.id, Refusal::HeldByAnother, at);
        assert_eq!(outcome, RefusalOutcome::NotYet);
        (now, count) = (at, count + 1);
    }
    assert!((8..=10).contains(&count), "{count}");
    assert_eq!(events(&mut lease, now), []);
}

#[test]
fn a_pushback_leaves_half_of_the_time() {
    let mut lease = held(config(), 1);
    lease.handle_pushback(60 * SECOND, ms(1_100));
    let (_, at) = next(&mut lease, ms(1_100));
    let half = 6_044; // of 1,100 to 10,989
    assert_eq!(at.as_micros() / 1_000, half);
}

#[test]
fn what_the_application_sends_and_the_server_acknowledges_saves_a_renewal() {
    let mut lease = held(config(), 1);
    let id = lease.handle_sent(ms(1_500)).unwrap();
    assert_eq!(lease.handle_sent(ms(1_501)), None, "the first is as good");
    let outcome = lease.handle_granted(id, TTL, 1, ms(1_520));
    assert_eq!(outcome, GrantOutcome::Extended);
    assert_eq!(lease.fence_at(), Some(ms(1_500 + 9_989)));
}

#[test]
fn a_keep_alive_sends_in_time_though_the_server_waits_longer() {
    let config = Config::keep_alive(TTL).jitter_percent(0).build().unwrap();
    let (mut lease, mut now) = (held(config, 1), ms(1_020));
    for _ in 0..200 {
        let (request, at) = next(&mut lease, now);
        assert!(at.saturating_duration_since(now) <= TTL);
        now = at.saturating_add(Duration::from_millis(20));
        lease.handle_granted(request.id, 15 * SECOND, 1, now);
    }
}

/// The round trip takes 6 s of 10 s: a lost renewal cannot be repeated in time.
#[test]
fn a_ttl_below_two_round_trips_is_named_with_one_that_is_not() {
    let mut lease = Lease::new(config(), ms(0));
    let (mut now, mut answers) = (ms(0), std::collections::VecDeque::new());
    while now < Instant::from_secs(600) {
        let (_, requests, until) = drained(&mut lease, now);
        let due = now.saturating_add(6 * SECOND);
        answers.extend(requests.iter().map(|request| (due, request.id)));
        now = until.unwrap();
        while let Some(&(at, id)) = answers.front().filter(|(at, _)| *at <= now) {
            lease.handle_granted(id, TTL, 1, at);
            answers.pop_front();
            now = at;
        }
    }
    let infeasible = lease.promise().infeasible.unwrap();
    assert_eq!(infeasible.requirement, Setting::Ttl);
    assert!(
        (13_000_000..17_000_000).contains(&infeasible.nearest),
        "{infeasible:?}"
    );
}

/// A round trip of a third of the TTL: renewals overlap, and a new plan is no lateness.
#[test]
fn a_constant_path_with_long_round_trips_takes_few_renewals() {
    for (rtt_ms, most) in [(200, 3), (300, 5), (400, 6)] {
        let config = Config::renewed(SECOND).seed(7).build().unwrap();
        let mut lease = Lease::new(config, ms(0));
        let (mut now, mut answers) = (ms(0), std::collections::VecDeque::new());
        while now < Instant::from_secs(500) {
            while let Some(&(at, id)) = answers.front().filter(|(at, _)| *at <= now) {
                lease.handle_granted(id, SECOND, 1, at);
                answers.pop_front();
            }
            let (_, requests, until) = drained(&mut lease, now);
            let due = now.saturating_add(Duration::from_millis(rtt_ms));
            answers.extend(requests.iter().map(|request| (due, request.id)));
            now = answers
                .front()
                .map_or(until, |&(at, _)| until.map(|until| until.min(at)))
                .unwrap();
        }
        let counters = lease.snapshot(now).counters;
        assert_eq!(counters.fenced, 0);
        assert!(
            counters.sent <= 500 * most,
            "{} at {rtt_ms} ms",
            counters.sent
        );
    }
}

#[test]
fn at_the_end_of_time_nothing_is_held_or_sent() {
    let mut lease = held(config(), 1);
    assert!(!lease.is_held(Instant::MAX));
    events(&mut lease, Instant::MAX);
    assert_eq!(lease.poll(Instant::MAX), Output::Idle);
}

#[test]
fn events_read_as_words() {
    let mut lease = Lease::new(config(), ms(0));
    let request = sent(&mut lease, ms(0));
    assert_eq!(request.to_string(), "acquire #1");
    lease.handle_granted(request.id, TTL, 4, ms(10));
    let Output::Event(event) = lease.poll(ms(10)) else {
        panic!()
    };
    assert_eq!(event.to_string(), "held, epoch 4");
    assert_eq!(
        EventKind::Late { left: 2 * SECOND }.to_string(),
        "renewal late, 2s left"
    );
}
