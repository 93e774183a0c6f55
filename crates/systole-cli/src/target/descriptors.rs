//! The descriptors that this process may hold, shared by all targets.
//!
//! As long as every target can have both its connections, nobody waits. Beyond that no connection is
//! kept after its probe, so that all targets take turns, in the order in which they ask.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The descriptors that are left for other things: files, lookups, metrics, programs.
const RESERVED: usize = 128;
/// The connections of a target.
const EACH: usize = 2;
/// How long a probe waits for its turn. After that it is not sent, and told so.
const TURN_MAX: Duration = Duration::from_millis(250);

static BUDGET: OnceLock<Budget> = OnceLock::new();

#[derive(Debug)]
struct Budget {
    limit: usize,
    total: usize,
    free: Arc<Semaphore>,
    /// The number of targets.
    targets: AtomicUsize,
}

/// Says that a target is watched, as long as it lives.
#[derive(Debug)]
pub(super) struct Share(());

impl Share {
    pub(super) fn new() -> Self {
        budget().targets.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        budget().targets.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Raises the number of descriptors that this process may hold as far as it may; call it before the
/// first target.
pub(crate) fn raise_limit() {
    budget();
}

/// Returns whether connections have to be given back after each probe.
pub(super) fn are_scarce() -> bool {
    let budget = budget();
    budget.targets.load(Ordering::Relaxed).saturating_mul(EACH) > budget.total
}

/// Waits for the right to open a connection.
///
/// # Errors
/// Others hold all of them.
pub(super) async fn permit() -> Result<OwnedSemaphorePermit, String> {
    let budget = budget();
    let turn = timeout(TURN_MAX, Arc::clone(&budget.free).acquire_owned()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        let limit = budget.limit;
        format!("all descriptors are in use: the limit is {limit} (ulimit -n)")
    })
}

fn budget() -> &'static Budget {
    BUDGET.get_or_init(|| {
        let limit = raised();
        let total = limit.saturating_sub(RESERVED).max(limit / 4).max(1);
        Budget {
            limit,
            total,
            free: Arc::new(Semaphore::new(total.min(Semaphore::MAX_PERMITS))),
            targets: AtomicUsize::new(0),
        }
    })
}

/// Raises the limit as far as the system allows; returns it.
#[cfg(unix)]
fn raised() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return usize::MAX;
    };
    let is_raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    usize::try_from(if is_raised { hard } else { soft }).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
const fn raised() -> usize {
    usize::MAX
}
