//! Worlds of the adapter, under virtual time.
#![cfg(feature = "adapters")]

#[test]
fn a_probing_task_keeps_the_laws_in_every_world() {
    systole_testkit::world::check::<systole_testkit::adapters::TokioWorld>(200);
}

#[test]
fn a_group_on_a_task_keeps_the_laws_in_every_world() {
    systole_testkit::world::check::<systole_testkit::adapters::TokioGroupWorld>(200);
}
