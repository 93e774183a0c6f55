use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_keep_alive_is_a_lease_of_one_and_a_half_times_and_a_duty() {
    let config = Config::keep_alive(60 * SECOND).build().unwrap();
    assert_eq!(config.ttl(), 90 * SECOND);
    assert_eq!(config.send_within_us, 60_000_000);
    assert!(Config::keep_alive(65_535 * SECOND).build().is_ok());
    assert!(Config::keep_alive(65_536 * SECOND).build().is_err());
    assert!(Config::keep_alive(Duration::ZERO).build().is_err());
}

#[test]
fn whole_seconds_are_a_second_less() {
    let config = Config::renewed_in_seconds(10 * SECOND).build().unwrap();
    assert_eq!(config.usable_us(10_000_000), 8_990_000);
}
