//! Early warnings beside paths that stay as they are.

use systole_testkit::pull::WarningWorld;
use systole_testkit::world;

#[test]
fn a_path_that_stays_as_it_is_does_as_usual_in_every_world() {
    world::check::<WarningWorld>(2_000);
}
