use super::*;
use crate::push::listener::Config;

/// What the network stack stamped before the last look waited for nobody's lateness.
#[test]
fn a_beat_stamped_before_the_last_look_waited_for_nothing() {
    let late_for = |received: Instant| {
        let mut listener =
            Listener::<4>::with_window(Config::builder().build().unwrap(), Instant::ZERO);
        listener.late_us = 5;
        listener.woken = Instant::from_secs(9);
        listener.lateness_of(received)
    };
    assert_eq!(late_for(Instant::from_secs(9)), 5);
    assert_eq!(late_for(Instant::from_secs(8)), 0);
}
