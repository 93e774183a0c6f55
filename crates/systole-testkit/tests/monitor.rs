//! A monitor in worlds that know the truth.

use systole_testkit::pull::{ChaosWorld, MonitorWorld};
use systole_testkit::world;

#[test]
fn a_monitor_keeps_the_laws_in_every_world() {
    world::check::<MonitorWorld>(2_000);
}

#[test]
fn a_monitor_takes_any_call_at_any_moment() {
    world::check::<ChaosWorld>(2_000);
}
