use super::*;
use crate::failover::config::Config;
use crate::failover::endpoint::EndpointMode;
use crate::failover::status::Condition;
use crate::output::Output;
use crate::pacing::Fixed;
use crate::peer::verdict::Verdict;

type Group = Failover<3, 8>;

fn config(seed: u64) -> Config<Fixed> {
    Config::builder().seed(seed).build().unwrap()
}

/// Runs to `end`; endpoint `dead` does not reply.
fn run(group: &mut Group, dead: usize, mut now: Instant, end: Instant) {
    while now < end {
        match group.poll(now) {
            Output::Send(probe) if probe.endpoint != dead => {
                group.handle_reply(probe.endpoint, probe.id, now);
            }
            Output::Wait(until) => now = until,
            _ => {}
        }
    }
}

/// A pair that has left its first endpoint, which is in quarantine.
fn switched() -> (Group, Instant) {
    let end = Instant::from_secs(20);
    let mut pair = Group::with_window(config(1), &[Endpoint::new(); 2], Instant::ZERO).unwrap();
    run(&mut pair, 0, Instant::ZERO, end);
    assert_eq!((pair.active(), pair.switches()), (1, 1));
    (pair, end)
}

#[test]
fn what_remains_keeps_its_role_its_verdict_and_its_quarantine() {
    let (pair, now) = switched();
    let places = [None, Some(1), Some(0)];
    let mut three = pair
        .renewed(config(2), &[Endpoint::new(); 3], &places, now)
        .unwrap();
    assert_eq!(
        (three.active(), three.switches(), three.quarantines()),
        (1, 1, 1)
    );
    assert_eq!(three.condition(2), pair.condition(0));
    assert!(matches!(
        three.condition(2),
        Some(Condition::Quarantined(_))
    ));
    let of = |group: &Group, place| group.status(place, now).unwrap().monitor;
    assert_eq!(of(&three, 1).path.verdict, Verdict::Alive);
    assert_eq!(of(&three, 1).counters, of(&pair, 1).counters);
    run(&mut three, 2, now, Instant::from_secs(30));
    assert_eq!(
        (three.active(), three.switches()),
        (1, 1),
        "nothing is switched"
    );
    assert_eq!(three.condition(0), Some(Condition::Healthy));
}

#[test]
fn the_best_endpoint_takes_the_place_of_an_active_one_that_goes() {
    let (pair, now) = switched();
    let two = pair
        .renewed(config(2), &[Endpoint::new(); 2], &[None, None], now)
        .unwrap();
    assert_eq!(two.active(), 0);
    let disabled = Endpoint::new().mode(EndpointMode::Disabled);
    let endpoints = [Endpoint::new(), disabled];
    let two = pair
        .renewed(config(2), &endpoints, &[None, Some(1)], now)
        .unwrap();
    assert_eq!(two.active(), 0);
    assert!(pair.renewed(config(2), &[], &[], now).is_err());
}
