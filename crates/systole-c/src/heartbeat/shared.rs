//! Heartbeats, whatever their policy.

use systole_core::Heartbeat;
use systole_core::pacing::Pacing;

use crate::WINDOW;
use crate::config::{Settings, checked};
use crate::machine::{Out, drive, install};
use crate::status::systole_error_t;
use crate::status::systole_status_t;
use crate::storage::Storage;
use crate::time::{micros, span};
use crate::verdict::{failure, raw_failure};

/// Puts a heartbeat to a peer of which nothing is known into `storage`.
pub(crate) fn init<S, P: Pacing>(
    storage: Option<&mut S>,
    size: usize,
    config: Option<&impl Settings<Policy = P>>,
    error: Out<'_, systole_error_t>,
) -> systole_status_t
where
    S: Storage<Machine = Heartbeat<WINDOW, P>>,
{
    install(storage, size, error, || {
        Ok(Heartbeat::with_window(checked(config)?))
    })
}

/// Records a failed probe; refuses a failure that is none.
pub(crate) fn failed<S, P: Pacing>(
    storage: Option<&mut S>,
    how: raw_failure,
    after_us: u64,
    interval_us: Out<'_, u64>,
) -> systole_status_t
where
    S: Storage<Machine = Heartbeat<WINDOW, P>>,
{
    match failure(how) {
        Ok(failure) => drive(storage, interval_us, |heart| {
            micros(heart.failed(failure, span(after_us)))
        }),
        Err(status) => status,
    }
}
