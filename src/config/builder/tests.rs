use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_five_seconds() {
    let config = Config::every(Duration::from_secs(5)).build().unwrap();
    assert_eq!(config.interval_min(), Duration::from_millis(4_500));
    assert_eq!(config.interval_max(), Duration::from_secs(20));
    assert_eq!(config.stated_bound(), None);
}

#[test]
fn a_bound_that_is_too_short_names_the_shortest_that_fits() {
    let error = Config::every(SECOND).detect_within(SECOND).build();
    let error = error.unwrap_err();
    assert_eq!(error.setting(), Setting::DetectWithin);
    assert_eq!(error.value(), 1_000_000);
    assert_eq!(error.range(), (900_000 + 7 * 100_000, SPAN_MAX_US));
}

#[test]
fn settings_are_checked_against_each_other_in_any_order() {
    let bound = Duration::from_secs(3);
    let first = Config::every(SECOND)
        .detect_within(bound)
        .retries(Retries::exponential(5));
    let last = Config::every(SECOND)
        .retries(Retries::exponential(5))
        .detect_within(bound);
    assert_eq!(first.build(), last.build());
    assert_eq!(
        first.build().unwrap_err().range(),
        (900_000 + 63 * 100_000, SPAN_MAX_US)
    );
    assert!(first.retries(Retries::exponential(3)).build().is_ok());
}

#[test]
fn the_first_error_is_kept() {
    let error = Config::every(SECOND)
        .seed(0)
        .rise(0)
        .detect_within(SECOND)
        .build();
    assert_eq!(error.unwrap_err().setting(), Setting::Seed);
}
