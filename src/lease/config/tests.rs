use super::*;
extern crate alloc;
use alloc::string::{String, ToString};

const SECOND: Duration = Duration::from_secs(1);

fn refused(builder: Builder) -> String {
    builder.build().unwrap_err().to_string()
}

#[test]
fn what_is_out_of_range_is_named_with_value_and_range() {
    for (builder, message) in [
        (
            Config::renewed(Duration::ZERO),
            "the TTL of 0 s is out of range: 2.004 ms to 98302.5 s",
        ),
        (
            Config::renewed(98_303 * SECOND),
            "the TTL of 98303 s is out of range: 2.004 ms to 98302.5 s",
        ),
        (
            Config::renewed(SECOND).stop_within(SECOND),
            "the TTL of 1 s is out of range: 1.003005 s to 98302.5 s",
        ),
        (
            Config::renewed(SECOND).lapses_at_most_one_per(9 * SECOND),
            "the time between lapses of 9 s is out of range: 10 s to 36525 d",
        ),
        (
            Config::renewed(SECOND).drift_ppm(100_001),
            "the drift allowance of 100001 ppm is out of range: 0 ppm to 100000 ppm",
        ),
        (
            Config::renewed(SECOND).jitter_percent(51),
            "the jitter of 51 % is out of range: 0 % to 50 %",
        ),
        (
            Config::renewed(SECOND).send_within(Duration::ZERO),
            "the longest time without a send of 0 s is out of range: 1 ms to 98302.5 s",
        ),
    ] {
        assert_eq!(refused(builder), message);
    }
}

#[test]
fn the_shortest_ttl_is_accepted_and_one_microsecond_less_is_not() {
    let config = Config::renewed(SECOND).build().unwrap();
    let least_us = config.least_ttl_us(Span::MILLISECOND_US);
    let with = |us| Config::renewed(Duration::from_micros(us)).build();
    assert!(with(least_us).is_ok() && with(least_us - 1).is_err());
    assert!(config.allowance.believed_us(least_us) >= Span::MILLISECOND_US);
}

#[test]
fn the_longest_ttl_has_a_default_time_between_lapses() {
    let config = Config::renewed(TTL_MAX).build().unwrap();
    assert_eq!(config.lapses_at_most_one_per(), 10 * TTL_MAX);
}
