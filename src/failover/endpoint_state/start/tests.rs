use core::time::Duration;

use super::*;

#[test]
fn a_seed_is_never_missing() {
    let config = MonitorConfig::fixed(Duration::from_secs(1))
        .build()
        .unwrap();
    assert_eq!(with_seed(config, 3 << 32, 3).seed, Secret(1));
    assert_ne!(with_seed(config, 3 << 32, 2).seed, Secret(1));
}
