//! A group that decides several things at once tells each of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use core::time::Duration;

use systole::{
    Config, Event, Failover, Instant, Output,
    failover::{self, Condition, Endpoint},
};

type Group = Failover<4, 16>;

fn group(endpoints: usize) -> Group {
    let config = Config::fixed(Duration::from_secs(1)).build().unwrap();
    let config = failover::Config::probing(config, config)
        .seed(7)
        .build()
        .unwrap();
    Failover::with_window(config, &[Endpoint::new(); 4][..endpoints], Instant::ZERO).unwrap()
}

/// Runs `group` until `end`; endpoints answer after 10 ms, those in `silent` up to a minute only. `polls` is
/// how often it is polled at a moment at most: a drain, or a part of one.
fn run(
    group: &mut Group,
    silent: &[usize],
    end: u64,
    polls: usize,
) -> Vec<Event<failover::EventKind>> {
    let (mut now, mut flying, mut events) = (Instant::ZERO, Vec::new(), Vec::new());
    while now < Instant::from_secs(end) {
        flying.retain(|&(endpoint, id, at)| {
            at > now || {
                group.handle_reply(endpoint, id, at);
                false
            }
        });
        let mut next = now.saturating_add(Duration::from_millis(1));
        for _ in 0..polls {
            match group.poll(now) {
                Output::Send(failover::Probe { endpoint, id }) => {
                    if !silent.contains(&endpoint) || now < Instant::from_secs(60) {
                        flying.push((endpoint, id, now.saturating_add(Duration::from_millis(10))));
                    }
                }
                Output::Event(event) => events.push(event),
                Output::Wait(until) => {
                    next = flying.iter().map(|&(.., at)| at).fold(until, Instant::min);
                    break;
                }
                Output::Idle => return events,
            }
        }
        now = next.max(now.saturating_add(Duration::from_micros(1)));
    }
    events
}

/// How often each endpoint was quarantined and released, by the events.
fn told(events: &[Event<failover::EventKind>]) -> [(u32, u32); 4] {
    let mut told = [(0, 0); 4];
    for event in events {
        match event.kind {
            failover::EventKind::Quarantined { endpoint, .. } => told[endpoint].0 += 1,
            failover::EventKind::Released { endpoint, .. } => told[endpoint].1 += 1,
            _ => {}
        }
    }
    told
}

fn are_numbered_in_order(events: &[Event<failover::EventKind>]) -> bool {
    let numbers = events.iter().map(|event| event.number);
    numbers.eq(1..=u32::try_from(events.len()).unwrap())
}

#[test]
fn every_quarantine_and_every_release_is_told() {
    for polls in [1, 2, 100] {
        let mut group = group(3);
        let events = run(&mut group, &[1, 2], 600, polls);
        assert!(are_numbered_in_order(&events), "{events:?}");
        let [_, one, two, _] = told(&events);
        assert_eq!(one.0 + two.0, group.quarantines());
        for (endpoint, (quarantines, releases)) in [(1, one), (2, two)] {
            let is_in = matches!(group.condition(endpoint), Some(Condition::Quarantined(_)));
            assert!(quarantines > 1);
            assert_eq!(quarantines, releases + u32::from(is_in), "of {endpoint}");
        }
    }
}

#[test]
fn a_switch_by_hand_and_one_of_the_group_at_the_same_moment_are_both_told() {
    let mut group = group(3);
    let mut events = run(&mut group, &[1], 60, 100);
    assert_eq!(events, []);
    // endpoint 1 dies as a standby, and is made the active one when it is due to be called dead
    let mut at = Instant::from_secs(60);
    while group.active() != 2 {
        at = at.saturating_add(Duration::from_millis(1));
        loop {
            match group.poll(at) {
                Output::Send(failover::Probe { endpoint: 1, .. }) => {}
                Output::Send(failover::Probe { endpoint, id }) => {
                    group.handle_reply(endpoint, id, at);
                }
                Output::Event(event) => events.push(event),
                _ => break,
            }
        }
        let is_suspected = group.condition(1) == Some(Condition::Suspected);
        if is_suspected && group.active() == 0 {
            assert!(group.switch_to(2, at) && group.switch_to(0, at) && group.switch_to(1, at));
        }
        if group.active() == 0 && group.switches() > 0 {
            break;
        }
    }
    let switches = events
        .iter()
        .filter(|it| matches!(it.kind, failover::EventKind::Switched { .. }));
    assert_eq!(switches.count(), group.switches() as usize);
    assert!(are_numbered_in_order(&events), "{events:?}");
}
