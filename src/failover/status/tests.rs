use super::*;
use crate::failover::{Config, Endpoint};
use crate::pacing::Fixed;

fn group() -> Failover<4, 4, Fixed> {
    let config = Config::builder().seed(7).build().unwrap();
    Failover::with_window(config, &[Endpoint::new(); 2], Instant::ZERO).unwrap()
}

#[test]
fn a_group_is_valid_while_its_active_endpoint_and_all_others_are() {
    assert!(group().is_valid());
    let mut gone = group();
    gone.active = 3;
    assert!(!gone.is_valid());
    let mut torn = group();
    let moment = Some(Instant::ZERO);
    torn.at(1, |member| {
        (member.suspected, member.healthy) = (moment, moment);
    });
    assert!(!torn.is_valid());
}

#[test]
fn an_endpoint_in_quarantine_says_until_when() {
    let (mut group, until) = (group(), Instant::from_secs(9));
    group.at(1, |member| member.quarantine = Some(until));
    assert_eq!(group.condition(1), Some(Condition::Quarantined(until)));
}
