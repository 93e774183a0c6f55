use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn passed(limiter: &mut Limiter, address: &str, now: Instant) -> usize {
    let address = address.parse().unwrap();
    (0..100).filter(|_| limiter.admits(address, now)).count()
}

#[test]
fn each_address_has_a_second_of_its_rate_at_once_and_then_its_rate() {
    let mut limiter = Limiter::new(10);
    let mut now = Instant::from_secs(1);
    assert_eq!(passed(&mut limiter, "192.0.2.1", now), 10);
    assert_eq!(passed(&mut limiter, "192.0.2.1", now), 0);
    assert_eq!(passed(&mut limiter, "192.0.2.2", now), 10);
    now = now.saturating_add(SECOND / 2);
    assert_eq!(passed(&mut limiter, "192.0.2.1", now), 5);
    now = now.saturating_add(3_600 * SECOND);
    assert_eq!(passed(&mut limiter, "192.0.2.1", now), 10);
}

#[test]
fn the_addresses_of_one_network_of_ipv6_share_a_limit() {
    let mut limiter = Limiter::new(10);
    let now = Instant::from_secs(1);
    assert_eq!(passed(&mut limiter, "2001:db8::1", now), 10);
    assert_eq!(passed(&mut limiter, "2001:db8::ffff:1", now), 0);
    assert_eq!(passed(&mut limiter, "2001:db8:0:1::1", now), 10);
}

#[test]
fn a_mapped_address_is_the_one_that_it_stands_for() {
    assert_eq!(
        network("::ffff:192.0.2.1".parse().unwrap()),
        network("192.0.2.1".parse().unwrap())
    );
}

#[test]
fn a_rate_of_zero_lets_nothing_pass() {
    assert_eq!(passed(&mut Limiter::new(0), "192.0.2.1", Instant::ZERO), 0);
}
