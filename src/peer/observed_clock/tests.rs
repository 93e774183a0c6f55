use super::*;

const fn at(us: u64) -> Instant {
    Instant::from_micros(us)
}

#[test]
fn lateness_is_known_from_one_look_to_another() {
    let since = |clock: &ObservedClock, sent, before| {
        clock.late_since_us(sent, clock.units_late_since(before))
    };
    let mut clock = ObservedClock::new(at(1_000_000));
    clock.look(at(1_500_000), Instant::MAX);
    let (sent, before) = (clock.seen(), clock.lateness());
    assert_eq!(since(&clock, sent, before), 0);
    clock.look(at(2_500_000), Instant::MAX);
    assert_eq!(since(&clock, sent, before), 0);
    clock.look(at(5_500_000), at(3_500_000));
    let late_us = since(&clock, sent, before);
    assert!((2_000_000..2_008_192).contains(&late_us), "{late_us}");
    assert_eq!(since(&clock, clock.seen(), clock.lateness()), 0);
    assert_eq!(clock.late_since_us(sent, u16::MAX), 1 << 28);
}
