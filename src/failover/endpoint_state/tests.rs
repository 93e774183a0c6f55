use super::*;
use crate::config::Config as MonitorConfig;
use crate::failover::Config;
use crate::pacing::Fixed;

fn spoilt(spoil: impl FnOnce(&mut EndpointState<4, Fixed>)) -> bool {
    let config = Config::builder().build().unwrap();
    let mut member = EndpointState::new(
        &config.standby,
        &config.rules,
        7,
        Endpoint::new(),
        Instant::ZERO,
    );
    spoil(&mut member);
    member.is_valid()
}

/// The last reply may be to a probe so old that the bound passes before another probe is
/// overdue.
#[test]
fn a_dead_endpoint_is_suspected_although_nothing_is_overdue() {
    let config = MonitorConfig::fixed(Duration::from_secs(1))
        .detect_within(Duration::from_secs(5))
        .without_initial_delay()
        .build()
        .unwrap();
    let mut group = Config::builder().build().unwrap();
    group.standby = config;
    let mut member = EndpointState::<8, _>::new(
        &group.standby,
        &group.rules,
        7,
        Endpoint::new(),
        Instant::ZERO,
    );
    let first = member.poll(Instant::ZERO, None).unwrap();
    let almost = Instant::from_millis(4_999);
    let mut now = Instant::ZERO;
    while now < almost {
        while member.poll(now, None).is_some() {}
        now = member.due.min(almost);
    }
    member.monitor.handle_reply(first, almost);
    while member.poll(almost, None).is_some() {}
    assert!(!member.is_dead() && member.healthy.is_some());
    let end = Instant::from_secs(5);
    while member.poll(end, None).is_some() {}
    assert!(member.is_dead()); // after `Suspect`, which its monitor reports first
    assert_eq!((member.suspected, member.healthy), (Some(end), None));
}

#[test]
fn a_spoilt_member_is_not_valid() {
    let now = Some(Instant::ZERO);
    assert!(spoilt(|_| {}));
    assert!(spoilt(|member| member.suspected = now));
    assert!(!spoilt(|member| {
        (member.suspected, member.healthy) = (now, now);
    }));
    for mode in [EndpointMode::Disabled, EndpointMode::Pinned] {
        assert!(spoilt(|member| member.endpoint.mode = mode));
        assert!(!spoilt(|member| {
            member.endpoint.mode = mode;
            member.quarantine = now;
        }));
    }
    assert!(spoilt(|member| member.healthy = now));
    assert!(spoilt(|member| member.quarantine = now));
    assert!(!spoilt(|member| {
        (member.quarantine, member.healthy) = (now, now);
    }));
}

/// Other traffic may have proved that the endpoint was alive when the probe was sent.
#[test]
fn a_late_answer_says_nothing_of_what_is_proved_already() {
    let (at, request_us) = (Instant::from_secs(9), 800_000);
    for (proved, last_slow_reply) in [(8_000_000, false), (7_999_999, true)] {
        let config = Config::builder().build().unwrap();
        let mut member = EndpointState::<4, _>::new(
            &config.standby,
            &config.rules,
            7,
            Endpoint::new(),
            Instant::ZERO,
        );
        member.proved = Some(Instant::from_micros(proved));
        member.answered(at, 1_000_000, Duration::ZERO, request_us);
        assert_eq!(member.last_slow_reply.is_some(), last_slow_reply);
    }
}
