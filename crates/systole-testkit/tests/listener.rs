//! Thousands of worlds of a listener, and of a sender by itself.

use systole_testkit::push::{ListenerWorld, SenderWorld};

#[test]
fn a_listener_keeps_its_laws_in_every_world() {
    systole_testkit::world::check::<ListenerWorld>(2_000);
}

#[test]
fn a_sender_announces_what_it_does_in_every_world() {
    systole_testkit::world::check::<SenderWorld>(2_000);
}
