//! What a target costs on constant paths.

use systole_testkit::pull::PlannerWorld;
use systole_testkit::world;

#[test]
fn a_target_is_smooth_and_quiet_on_every_constant_path() {
    world::check::<PlannerWorld>(200);
}
