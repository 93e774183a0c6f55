//! Ceilings of intervals, with NATs and leases that know the truth.

use systole_testkit::pull::LifetimeWorld;
use systole_testkit::world;

#[test]
fn a_ceiling_keeps_flows_and_leases_in_every_world() {
    world::check::<LifetimeWorld>(200);
}
