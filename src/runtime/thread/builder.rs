//! The settings of a probing thread.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::AtomicBool;
use core::time::Duration;
use std::io;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use super::probe_loop::ProbeLoop;
use super::stop_action::StopAction;
use super::verdict_cell::VerdictCell;
use super::worker::work;
use super::{DEFAULT_WINDOW, Epoch, Heart, Name, ProbeError, Series, Shared};
use crate::pacing::Pacing;
use crate::peer::dead_peer_wait::DeadPeerWait;
use crate::{Config, Monitor, RetryBudget};

/// The number of events that the queue holds for the reader. Further events are dropped, which
/// shows as a gap in their numbers.
const EVENTS: usize = 64;

/// The settings of a probing thread beyond its closure: a closure that runs at the stop, a shared
/// retry budget, and a name.
///
/// ```
/// use std::time::Duration;
/// use systole::thread::{Builder, StopOutcome};
/// use systole::{Config, ProbeError};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # fn keep_alive(_: Duration) -> Result<(), ProbeError> { Ok(()) }
/// # fn revoke(_: Duration) {}
/// let heart = Builder::new(Config::every(Duration::from_secs(5)).build()?)
///     .on_stop(Duration::from_secs(1), |within| revoke(within)) // the lease
///     .spawn(keep_alive)?;
/// assert_eq!(heart.stop(), StopOutcome::Completed);
/// # Ok(()) }
/// ```
pub struct Builder<P: Pacing> {
    config: Config<P>,
    budget: Option<Arc<RetryBudget>>,
    name: Name,
    series: Option<Series<Monitor<DEFAULT_WINDOW, P>>>,
    goodbye: Option<StopAction>,
}

impl<P: Pacing> Builder<P> {
    /// Creates the settings of a thread that probes one peer. If the configuration has no seed, one
    /// is drawn from the randomness of the operating system.
    #[must_use]
    pub fn new(config: Config<P>) -> Self {
        Self {
            config: config.seeded(),
            budget: None,
            name: Name::none(),
            series: None,
            goodbye: None,
        }
    }

    /// Runs `say` once when the thread stops. Use it to deregister, to revoke a lease or to
    /// announce that this process leaves. The closure receives the time that it may take, and the
    /// stop does not wait longer for it. A panic in it is caught.
    #[must_use]
    pub fn on_stop(
        mut self,
        within: Duration,
        say: impl FnOnce(Duration) + Send + 'static,
    ) -> Self {
        let say = Box::new(say);
        self.goodbye = Some(StopAction { within, say });
        self
    }

    /// Takes retries from `budget`, which may be shared with other machines.
    #[must_use]
    pub fn retry_budget(mut self, budget: &Arc<RetryBudget>) -> Self {
        self.budget = Some(Arc::clone(budget));
        self
    }

    /// Names the peer. Its `tracing` events are in a span `systole` with the field `peer`, and the
    /// metrics that `metrics` exports have the label `peer`.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Name::peer(name.into());
        self
    }

    /// Exports the metrics of the peer after each probe and each reply, until the thread stops.
    /// They go to the recorder of the `metrics` facade that is installed when the thread starts.
    /// [`telemetry::Peer`](crate::telemetry::Peer) lists the metrics and states what a record
    /// costs. The label `peer` is the [name](Self::name) of the peer. All peers without a name
    /// share one series, whose label is empty.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.series = Some(Name::peer_series);
        self
    }
}

impl<P> Builder<P>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the thread; see [`spawn`](super::spawn).
    ///
    /// # Errors
    /// Returns an error if the operating system cannot start a thread.
    pub fn spawn<F, A, E>(self, probe: F) -> io::Result<Heart<P>>
    where
        F: FnMut(Duration) -> Result<A, E> + Send + 'static,
        A: 'static,
        E: Into<ProbeError>,
    {
        let epoch = Epoch::start();
        let monitor = Monitor::start(self.config, epoch.now());
        let shared = Arc::new(Shared::new(monitor, self.budget, self.name.span.clone()));
        let (board, stopping) = (
            Arc::new(VerdictCell::default()),
            Arc::new(AtomicBool::new(false)),
        );
        let (sender, events) = sync_channel(EVENTS);
        let (tasks, asked) = channel();
        let (notes, inbox) = channel();
        let beat = ProbeLoop {
            epoch,
            shared: Arc::clone(&shared),
            stopping: Arc::clone(&stopping),
            board: Arc::clone(&board),
            events: sender,
            recorder: self.series.map(|series| series(&self.name)),
            notes: inbox,
            tasks,
            dead_waits: DeadPeerWait::NONE,
            busy: false,
            due: None,
        };
        let (end, answers) = (Arc::clone(&board), notes.clone());
        let worker = named("systole-probe").spawn(move || {
            work(probe, epoch, &asked, &answers);
            end.end();
        })?;
        // If this fails, the channels close and the worker ends too.
        let beat = named("systole").spawn(move || beat.run())?;
        Ok(Heart {
            epoch,
            shared,
            stopping,
            board,
            events,
            notes,
            threads: Some([beat, worker]),
            goodbye: self.goodbye,
        })
    }
}

/// Returns a builder of a thread with this name.
fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.into())
}

impl<P: Pacing> fmt::Debug for Builder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
