//! The search for a lifetime: what it finds, what it costs, what it remembers; and the laws under it.

mod lifetime {
    mod known;
    mod laws;
    mod line;
    mod search;
}

use core::time::Duration;

use systole::pacing::LifetimeRange;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn reach() -> LifetimeRange {
    LifetimeRange::between(15 * SECOND, 60 * MINUTE).unwrap()
}
