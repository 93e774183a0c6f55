//! A timer that is a tick late at most.

use core::time::Duration;

use ::tokio::time::{Instant as Moment, sleep_until};

/// What tokio's timer counts in.
const TICK: Duration = Duration::from_millis(1);

/// Sleeps until `moment`, and not much longer.
///
/// tokio rounds a deadline up to a tick, and the rest of the sleep as well, from wherever in a tick it begins: it wakes up to two ticks late. Asked for
/// a tick less it wakes at most one late, or too early, and then another tick makes up for it. Cancel safe.
pub(super) async fn sleep_closely(moment: Moment) {
    sleep_until(moment.checked_sub(TICK).unwrap_or(moment)).await;
    if Moment::now() < moment {
        sleep_until(moment).await;
    }
}
