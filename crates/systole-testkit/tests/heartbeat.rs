//! A heartbeat in the README's loop, in worlds that know the truth.

use systole_testkit::pull::HeartbeatWorld;
use systole_testkit::world;

#[test]
fn a_heartbeat_keeps_the_laws_in_every_world() {
    world::check::<HeartbeatWorld>(2_000);
}
