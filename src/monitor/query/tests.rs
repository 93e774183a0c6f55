use core::time::Duration;

use crate::{Config, Instant, Monitor};

#[test]
fn a_monitor_with_impossible_settings_is_not_valid() {
    let mut config = Config::every(Duration::from_secs(1)).build().unwrap();
    let is_valid = |config| Monitor::<4>::start(config, Instant::ZERO).is_valid();
    assert!(is_valid(config));
    let spoilt = |spoil: fn(&mut Monitor<4>)| {
        let mut monitor = Monitor::<4>::start(config, Instant::from_secs(1));
        let _ = monitor.poll(Instant::from_secs(3));
        assert!(monitor.is_valid());
        spoil(&mut monitor);
        !monitor.is_valid()
    };
    assert!(spoilt(|it| it.sent = Instant::MAX));
    assert!(spoilt(|it| it.failed_at = Instant::MAX));
    assert!(spoilt(|it| it.proof = Instant::MAX));
    assert!(spoilt(|it| it.counters.answered += 1));
    config.settings.limits.timeout_max_us = 1; // below the least
    assert!(!is_valid(config));
}
