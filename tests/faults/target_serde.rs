//! A configuration that was accepted can be written and read back.

use core::time::Duration;

use systole::{Config, pacing::Target};

/// Today: from 2.4 h on, `the time between mistakes of 86400000000 us is out of range: 108000000000 us to ...`. The builder does not ask for ten times the target
/// where the time between mistakes was not stated; the reader does.
#[test]
fn every_target_that_is_accepted_can_be_read_back() {
    for hours in [1, 2, 3, 6, 24] {
        let Ok(config) = Config::target(Duration::from_secs(hours * 3_600)).build() else {
            continue; // refused at once is as well
        };
        let text = serde_json::to_string(&config).unwrap();
        match serde_json::from_str::<Config<Target>>(&text) {
            Ok(read) => assert_eq!(read, config),
            Err(error) => panic!("{hours} h: {error}"),
        }
    }
}
