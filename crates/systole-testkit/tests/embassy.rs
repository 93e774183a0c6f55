//! Worlds of the adapter, under virtual time.
#![cfg(feature = "adapters")]

#[test]
fn a_heart_without_a_heap_keeps_the_laws_in_every_world() {
    systole_testkit::world::check::<systole_testkit::adapters::EmbassyWorld>(200);
}
