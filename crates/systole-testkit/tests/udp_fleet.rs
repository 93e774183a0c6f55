//! Worlds of the adapter, under virtual time.
#![cfg(feature = "adapters")]

#[test]
fn a_fleet_on_a_socket_keeps_the_laws_in_every_world() {
    systole_testkit::world::check::<systole_testkit::adapters::UdpFleetWorld>(200);
}
