use super::*;

#[test]
fn the_defaults_are_what_the_table_says() {
    let config = Config::builder().build().unwrap();
    assert_eq!(config.rules.tries, 3);
    assert_eq!(config.rules.request_us, 800_000);
    assert_eq!(config.active.interval_max(), Duration::from_secs(1));
    assert_eq!(config.standby.interval_max(), Duration::from_secs(5));
}

#[test]
fn a_stated_bound_is_the_groups() {
    let stated = |config: MonitorConfig<Fixed>| {
        let builder = config.into_builder().detect_within(Duration::from_secs(7));
        builder.build().unwrap()
    };
    let config = Config::builder().build().unwrap();
    let by_limits = Duration::from_secs(1) + config.active.timeout_max() * 3;
    assert_eq!(config.bound(), by_limits);
    let config = Config::probing(stated(config.active), config.standby);
    assert_eq!(config.build().unwrap().bound(), Duration::from_secs(7));
}

#[test]
fn a_request_timeout_has_to_fit_a_stated_bound() {
    let active = MonitorConfig::fixed(Duration::from_secs(1)).detect_within(Duration::from_secs(4));
    let active = active.build().unwrap();
    let config = Config::probing(active, active).request_timeout(Duration::from_secs(2));
    let error = config.build().unwrap_err();
    assert_eq!(error.setting(), Setting::DetectWithin);
}
