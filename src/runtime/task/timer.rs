//! A timer that is at most one tick late.

use core::time::Duration;

use ::tokio::time::{Instant as Moment, sleep_until};

/// The resolution of tokio's timer.
const TICK: Duration = Duration::from_millis(1);

/// Sleeps until `moment`, and at most one tick longer. It is cancel safe.
///
/// tokio rounds a deadline up to a tick. It then also rounds up the remaining sleep, which may
/// begin anywhere within a tick, so it wakes up to two ticks late. If the deadline is set one tick
/// earlier, it wakes at most one tick late. If it then wakes too early, a second sleep covers the
/// rest.
pub(super) async fn sleep_closely(moment: Moment) {
    sleep_until(moment.checked_sub(TICK).unwrap_or(moment)).await;
    if Moment::now() < moment {
        sleep_until(moment).await;
    }
}
