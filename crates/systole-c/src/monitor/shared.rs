//! Monitors, whatever their policy.

use systole_core::pacing::Pacing;
use systole_core::{Instant, Monitor, ProbeId};

use crate::WINDOW;
use crate::config::{Settings, answer, checked};
use crate::machine::{Out, install, tell};
use crate::status::systole_error_t;
use crate::status::systole_status_t;
use crate::storage::{Storage, machine_mut};
use crate::verdict::{failure, raw_failure};

/// Puts a monitor of a peer of which nothing is known into `storage`.
pub(crate) fn init<S, P: Pacing>(
    storage: Option<&mut S>,
    size: usize,
    config: Option<&impl Settings<Policy = P>>,
    now_us: u64,
    error: Out<'_, systole_error_t>,
) -> systole_status_t
where
    S: Storage<Machine = Monitor<WINDOW, P>>,
{
    install(storage, size, error, || {
        let config = checked(config)?;
        Ok(Monitor::with_window(config, Instant::from_micros(now_us))?)
    })
}

/// Follows another configuration from now on.
pub(crate) fn reconfigure<S, P: Pacing>(
    storage: Option<&mut S>,
    config: Option<&impl Settings<Policy = P>>,
    now_us: u64,
    error: Out<'_, systole_error_t>,
) -> systole_status_t
where
    S: Storage<Machine = Monitor<WINDOW, P>>,
{
    let monitor = machine_mut(storage).map_err(systole_error_t::of);
    let result = monitor.and_then(|monitor| {
        monitor.reconfigure(&checked(config)?, Instant::from_micros(now_us));
        Ok(())
    });
    answer(result, error)
}

/// Records a failed probe; refuses a failure that is none.
pub(crate) fn failed<S, P: Pacing>(
    storage: Option<&mut S>,
    probe: u64,
    how: raw_failure,
    now_us: u64,
) -> systole_status_t
where
    S: Storage<Machine = Monitor<WINDOW, P>>,
{
    match failure(how) {
        Ok(failure) => tell(storage, |monitor| {
            monitor.handle_failure(ProbeId::from(probe), failure, Instant::from_micros(now_us));
        }),
        Err(status) => status,
    }
}
