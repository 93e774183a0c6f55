//! Thousands of worlds of a listener.

use systole_testkit::push::ListenerWorld;

#[test]
fn a_listener_keeps_its_laws_in_every_world() {
    systole_testkit::world::check::<ListenerWorld>(2_000);
}
