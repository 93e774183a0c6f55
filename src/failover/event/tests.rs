extern crate alloc;

use alloc::format;

use super::*;

#[test]
fn events_read_as_lines_of_a_log() {
    let (from, to, reason) = (0, 1, SwitchReason::Dead);
    let (endpoint, span) = (2, Duration::from_secs(30));
    let outage = Outage::AllDead;
    for (event, line) in [
        (
            EventKind::Switched { from, to, reason },
            "switched from 0 to 1: dead",
        ),
        (
            EventKind::Quarantined { endpoint, span },
            "2 quarantined for 30s",
        ),
        (EventKind::Released { endpoint }, "2 released"),
        (EventKind::Down { outage }, "down: all dead"),
        (EventKind::Restored, "restored"),
    ] {
        assert_eq!(format!("{event}"), line);
    }
}
