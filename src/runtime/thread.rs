//! The adapter for threads: a blocking closure is the probe.

mod builder;
mod lease;
mod message;
mod probe_loop;
mod stop_action;
mod verdict_cell;
mod worker;

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, Sender};
use std::thread::JoinHandle;

use super::{DEFAULT_WINDOW, Epoch, Name, ProbeError, Recorder, Series, Shared, machine};
use crate::pacing::{Fluctuation, Pacing};
use crate::{Config, Event, Instant, Monitor, Verdict, monitor};
use message::Note;
use stop_action::StopAction;
use verdict_cell::VerdictCell;

pub use super::StopOutcome;
pub use builder::Builder;
pub use lease::{Held, Lease};

/// How long a stop waits for a probe closure that is blocked.
const GRACE: Duration = Duration::from_millis(50);

/// Starts a thread that calls `probe` whenever a probe is due, and a second thread that keeps time.
///
/// The closure receives the time that it may take. It returns `Ok` when the peer replied,
/// [`ProbeError::Missed`] when that time has passed, and other errors at once. An [`io::Error`]
/// converts into a [`ProbeError`]. A closure that takes longer, or never returns, does not delay
/// the verdict: its probe becomes overdue as if the peer had not replied, and the next probe
/// follows when the closure returns. A panic in the closure counts as a failed probe
/// ([`Failure::ProbePanicked`](crate::Failure::ProbePanicked)), and the thread continues.
///
/// One probe is outstanding at a time. Where round trips may be longer than intervals, use the
/// [tokio](crate::task) adapter or a [`Monitor`].
///
/// If the configuration has no seed, one is drawn from the randomness of the operating system.
///
/// # Errors
/// Returns an error if the operating system cannot start a thread.
///
/// ```
/// use std::net::UdpSocket;
/// use std::time::Duration;
/// use systole::{Config, Verdict};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let peer = UdpSocket::bind("127.0.0.1:0")?;
/// # let address = peer.local_addr()?;
/// # std::thread::spawn(move || { let mut byte = [0]; while let Ok((_, from)) = peer.recv_from(&mut byte) { peer.send_to(&byte, from).ok(); } });
/// let socket = UdpSocket::bind("127.0.0.1:0")?;
/// socket.connect(address)?;
///
/// let config = Config::every(Duration::from_millis(100)).without_initial_delay().build()?;
/// let heart = systole::thread::spawn(config, move |timeout| {
///     socket.set_read_timeout(Some(timeout))?;
///     socket.send(&[42])?;
///     socket.recv(&mut [0])
/// })?;
///
/// println!("{:?}", heart.events().recv()?);
/// assert_eq!(heart.verdict(), Verdict::Alive);
/// heart.stop();
/// # Ok(()) }
/// ```
pub fn spawn<P, F, A, E>(config: Config<P>, probe: F) -> io::Result<Heart<P>>
where
    P: Pacing<State: Send> + Send + 'static,
    F: FnMut(Duration) -> Result<A, E> + Send + 'static,
    A: 'static,
    E: Into<ProbeError>,
{
    Builder::new(config).spawn(probe)
}

/// The handle of a probing thread. Dropping it [stops](Self::stop) the thread.
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # fn start(config: systole::Config) -> std::io::Result<()> {
/// systole::thread::spawn(config, |_| Ok::<_, std::io::Error>(()))?; // stops at once
/// # Ok(()) }
/// ```
#[must_use = "dropping the handle stops the thread"]
pub struct Heart<P: Pacing = Fluctuation> {
    epoch: Epoch,
    shared: Arc<Shared<Monitor<DEFAULT_WINDOW, P>>>,
    stopping: Arc<AtomicBool>,
    board: Arc<VerdictCell>,
    events: Receiver<Event>,
    notes: Sender<Note>,
    /// The thread of the loop, and the worker thread, which calls the probe closure.
    threads: Option<[JoinHandle<()>; 2]>,
    goodbye: Option<StopAction>,
}

impl<P: Pacing> Heart<P> {
    /// Returns the current verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.shared.read(Monitor::verdict)
    }

    /// Returns the current state: verdict, plan, measurements of the path and counters.
    #[must_use]
    pub fn snapshot(&self) -> monitor::Snapshot {
        let now = self.epoch.now();
        self.shared.read(|monitor| monitor.snapshot(now))
    }

    /// Returns the receiver of events, which yields the earliest first and ends when the thread
    /// ends. The queue holds 64 events. Further events are dropped, which shows as a gap in their
    /// numbers.
    #[must_use]
    pub const fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Calls `call` with the machine, to pass it what probes cannot show: traffic, a restart, a
    /// suspend, a lost flow, a change of network. The thread then polls the machine at once.
    ///
    /// While `call` runs, the other methods of this handle return the state from before the call.
    ///
    /// # Panics
    /// Panics if it is called from within `call`, which already holds the machine.
    ///
    /// ```
    /// # use systole::Monitor;
    /// # use systole::pacing::{Fixed, Lifetime, LifetimeRecord};
    /// # fn connected_again(heart: &systole::thread::Heart) {
    /// heart.with(Monitor::probe_now);
    /// # }
    /// # fn restore(heart: &systole::thread::Heart<Lifetime<Fixed>>, stored: LifetimeRecord, age: std::time::Duration) {
    /// heart.with(|monitor, now| monitor.recall(stored, age, now)); // what was learnt about this network
    /// # }
    /// ```
    pub fn with<R>(&self, call: impl FnOnce(&mut Monitor<DEFAULT_WINDOW, P>, Instant) -> R) -> R {
        let now = self.epoch.now();
        let result = self.shared.lend(|monitor| call(monitor, now));
        self.wake();
        result
    }

    /// Replaces the settings. [`Monitor::reconfigure`] lists the state that is kept.
    pub fn reconfigure(&self, config: &Config<P>) {
        self.with(|monitor, now| monitor.reconfigure(config, now));
    }

    /// Blocks until the verdict is `wanted`. Returns the verdict, which differs from `wanted` if
    /// the thread ended first.
    ///
    /// Only the latest verdict is examined. A verdict that ended before the calling thread woke
    /// appears only among the events.
    #[must_use]
    pub fn until(&self, wanted: Verdict) -> Verdict {
        self.board.wait_for(wanted, None);
        self.verdict()
    }

    /// Blocks until the verdict is `wanted`, but at most for `within`. Returns the verdict.
    #[must_use]
    pub fn until_within(&self, wanted: Verdict, within: Duration) -> Verdict {
        self.board.wait_for(wanted, Some(within));
        self.verdict()
    }

    /// Blocks until the peer is dead; see [`until`](Self::until).
    #[expect(clippy::must_use_candidate, reason = "called for what it waits for")]
    pub fn until_dead(&self) -> Verdict {
        self.until(Verdict::Dead)
    }

    /// Stops the threads, then runs the closure given to [`on_stop`](Builder::on_stop). Returns the
    /// outcome of that closure.
    ///
    /// It waits up to 50 ms for a probe closure that is blocked, and then leaves its thread
    /// running, since no thread can be ended from outside. That thread ends when the closure
    /// returns, and sends no further probe.
    #[expect(clippy::must_use_candidate, reason = "called for what it waits for")]
    pub fn stop(mut self) -> StopOutcome {
        self.end()
    }

    /// Stops the threads, once, and runs the closure for the stop.
    fn end(&mut self) -> StopOutcome {
        self.stopping.store(true, Ordering::Release);
        self.wake();
        if let Some([beat, worker]) = self.threads.take() {
            // The loop neither panics nor blocks.
            let _ = beat.join();
            if self.board.wait_for_end(GRACE) {
                // Panics of the closure are caught.
                let _ = worker.join();
            }
        }
        self.goodbye
            .take()
            .map_or(StopOutcome::Completed, StopAction::say)
    }

    /// Wakes the loop before its deadline.
    fn wake(&self) {
        // The loop may have ended.
        let _ = self.notes.send(Note::Look);
    }
}

impl<P: Pacing> Drop for Heart<P> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<P: Pacing> fmt::Debug for Heart<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heart")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
