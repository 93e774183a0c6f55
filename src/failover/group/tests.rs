use crate::output::Output;

use super::super::event::SwitchReason;
use super::*;

#[test]
fn what_is_decided_while_an_event_waits_is_told_after_it() {
    let config = Config::builder().seed(7).build().unwrap();
    let mut group =
        Failover::<4, 4>::with_window(config, &[Endpoint::new(); 4], Instant::ZERO).unwrap();
    let at = Instant::from_secs(5);
    for endpoint in 1..4 {
        group.at(endpoint, |member| member.quarantine = Some(at));
    }
    assert!(group.switch_to(0, at));
    group.activate(0, SwitchReason::Requested);
    let told = core::iter::from_fn(|| match group.poll(at) {
        Output::Event(event) => Some(event.number),
        Output::Send(_) => Some(0),
        Output::Wait(_) | Output::Idle => None,
    });
    let (polls, told) = (
        Failover::<4, 4>::MAX_DRAIN,
        told.filter(|&number| number > 0),
    );
    assert!(told.take(polls).eq(1..=4));
}
