use super::*;
use crate::failover::{Config, Endpoint};
use crate::pacing::Fixed;

fn group(endpoints: usize) -> Failover<6, 4, Fixed> {
    let config = Config::builder().seed(7).build().unwrap();
    Failover::with_window(config, &[Endpoint::new(); 6][..endpoints], Instant::ZERO).unwrap()
}

#[test]
fn half_of_the_endpoints_or_more_and_two_at_least_look_like_our_fault() {
    for (endpoints, least) in [(2, 2), (3, 2), (4, 2), (5, 3), (6, 3)] {
        let mut group = group(endpoints);
        for suspects in 1..=endpoints {
            let suspected = Some(Instant::ZERO);
            group.at(suspects - 1, |member| member.suspected = suspected);
            let ours = group.looks_like_ours();
            assert_eq!(ours, suspects >= least, "{suspects} of {endpoints}");
        }
    }
}

#[test]
fn what_is_due_now_is_not_waited_for() {
    let mut group = group(2);
    group.at(1, |member| member.healthy = Some(Instant::ZERO));
    let [grace, hold] = [group.rules.grace_us(), group.rules.hold_us];
    assert_eq!(group.timer(), Instant::ZERO.plus(grace));
    group.now = group.timer();
    assert_eq!(group.timer(), Instant::ZERO.plus(hold));
    group.now = group.timer();
    assert_eq!(group.timer(), Instant::MAX);
}
