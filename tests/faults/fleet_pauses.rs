//! A pause of ours is one event of the fleet, however long it was.

use core::time::Duration;

use systole::{Config, EventKind, Fleet, Instant, Output, fleet};

/// A hundred peers that answer at once; after five minutes nobody polls for `late`. Returns the `Paused` events, without and with a peer.
fn pauses(late: Duration) -> (usize, usize) {
    let config = Config::every(Duration::from_secs(1))
        .seed(3)
        .build()
        .unwrap();
    let mut fleet = Fleet::<4>::with_window(config, Instant::ZERO).unwrap();
    for _ in 0..100 {
        fleet.add(Instant::ZERO);
    }
    let (mut now, mut paused, mut told) = (Instant::ZERO, false, Vec::new());
    while now < Instant::from_secs(320).saturating_add(late) {
        let until = loop {
            match fleet.poll(now) {
                Output::Send(fleet::Probe { peer, id, .. }) => {
                    fleet.handle_reply(peer, id, now.saturating_add(Duration::from_micros(1)));
                }
                Output::Wait(until) => break until,
                Output::Idle => return (0, 0),
            }
        };
        told.extend(
            fleet
                .events()
                .filter(|told| matches!(told.kind.kind, EventKind::Paused { .. })),
        );
        now = until;
        if !paused && now > Instant::from_secs(300) {
            (now, paused) = (now.saturating_add(late), true);
        }
    }
    let own = told.iter().filter(|told| told.kind.peer.is_none()).count();
    (own, told.len() - own)
}

/// Today: one more event a peer, from 2^32 us on, which are 71.6 minutes; they push the fleet's own out of the queue.
#[test]
fn a_pause_is_one_event_however_long_it_was() {
    assert_eq!(pauses(Duration::from_secs(70 * 60)), (1, 0));
    assert_eq!(pauses(Duration::from_secs(75 * 60)), (1, 0));
}
