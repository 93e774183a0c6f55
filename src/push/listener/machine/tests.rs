use core::time::Duration;

use super::*;
use crate::push::beat::Beat;

fn spoilt(spoil: impl FnOnce(&mut Listener<4>)) -> bool {
    let config = Config::builder()
        .detect_within(Duration::from_secs(3))
        .build();
    let mut listener = Listener::with_window(config.unwrap(), Instant::ZERO);
    let beat = Beat::new(1, Duration::from_secs(1));
    listener.handle_beat(&beat, Instant::ZERO);
    spoil(&mut listener);
    listener.is_valid()
}

#[test]
fn a_spoilt_listener_is_not_valid() {
    assert!(spoilt(|_| {}));
    assert!(!spoilt(|listener| listener.flow = None));
    assert!(!spoilt(|listener| listener.outlook.bound_us = 0));
    assert!(!spoilt(|listener| listener.risen = listener.config.rise));
    assert!(!spoilt(|listener| listener.arrivals.spoil()));
}
