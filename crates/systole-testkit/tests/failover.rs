//! Worlds of groups.

#[test]
fn a_group_keeps_the_laws_in_every_world() {
    systole_testkit::world::check::<systole_testkit::failover::FailoverWorld>(2_000);
}
