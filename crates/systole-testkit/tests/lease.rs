//! Leases in worlds whose server knows who holds them.

#![cfg(feature = "worlds")]

use systole_testkit::lease::LeaseWorld;
use systole_testkit::world;

#[test]
fn no_lease_is_believed_after_it_may_have_expired() {
    world::check::<LeaseWorld>(4_000);
}
