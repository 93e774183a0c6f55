//! The search for a lifetime: what it finds, what it costs, what it remembers; and the laws under it.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::missing_panics_doc
)] // a test

#[path = "common/any_op.rs"]
mod any_op;
#[path = "lifetime/known.rs"]
mod known;
#[path = "lifetime/laws.rs"]
mod laws;
#[path = "lifetime/line.rs"]
mod line;
#[path = "common/ops.rs"]
mod ops;
#[path = "lifetime/search.rs"]
mod search;

use core::time::Duration;

use systole::pacing::Reach;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn reach() -> Reach {
    Reach::between(15 * SECOND, 60 * MINUTE).unwrap()
}
