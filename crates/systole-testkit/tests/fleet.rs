//! Worlds of fleets.

#[test]
fn a_fleet_keeps_the_laws_in_every_world() {
    systole_testkit::world::check::<systole_testkit::fleet::FleetWorld>(2_000);
}
