//! What is printed does not depend on the seed.

use systole::Instant;

use crate::world::{Law, Violation};

use super::{Plan, Settings, machine};

/// Prints configuration and monitor under two seeds; nothing else that is drawn from one is in a
/// monitor that starts at once and has no jitter.
///
/// # Errors
/// Where they differ.
pub fn check(plan: &Plan) -> Result<(), Violation> {
    let mut settings = plan.settings;
    settings.jitter = Some(0);
    settings.max_in_flight = true;
    let print = |seed| {
        let settings = Settings { seed, ..settings };
        let (monitor, _) = machine::monitor(&settings, plan.window, Instant::ZERO);
        (format!("{:?}", settings.every().0), format!("{monitor:?}"))
    };
    let (one, other) = (print(plan.seed | 1), print(plan.seed.rotate_left(17) | 1));
    let broken = |kind| Err(Violation::new(Law::Secrets, kind, 0, &one.1));
    if one.0 != other.0 {
        return broken("a configuration prints its seed");
    }
    if one.1 != other.1 {
        return broken("a monitor prints what its seed gives");
    }
    Ok(())
}
