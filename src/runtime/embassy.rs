//! The adapter for embassy: an async closure is the probe, without a heap, on the clock of
//! `embassy-time`.
//!
//! A [`Heart`] is stored in a `static`, or on the stack of a task that joins the futures.
//! [`run`](Heart::run) is the loop and needs a task of its own; all other methods take a shared
//! reference. Code that is to run at the stop follows `run` in its task.
//!
//! ```
//! use core::time::Duration;
//! use embassy_sync::blocking_mutex::raw::NoopRawMutex;
//! use systole::embassy::Heart;
//! use systole::{Config, ProbeError};
//!
//! # async fn ping() -> Result<(), ProbeError> { Ok(()) }
//! # async fn goodbye() {}
//! # async fn reset_modem() {}
//! // #[embassy_executor::task]
//! async fn beat(heart: &'static Heart<NoopRawMutex, 16>) {
//!     heart.run(ping).await;
//!     let _ = embassy_time::with_timeout(embassy_time::Duration::from_secs(1), goodbye()).await;
//! }
//!
//! // #[embassy_executor::task]
//! async fn guard(heart: &'static Heart<NoopRawMutex, 16>) {
//!     loop {
//!         heart.until_dead().await;
//!         reset_modem().await;
//!         heart.with(|monitor, now| monitor.restarted(now));
//!     }
//! }
//!
//! # fn heart() -> Result<Heart<NoopRawMutex, 16>, systole::ConfigError> {
//! let serial_number = 0x5eed_0f_0007;
//! let config = Config::every(Duration::from_secs(60)).seed(serial_number).build()?;
//! let heart = Heart::new(config)?; // into a StaticCell
//! # Ok(heart) }
//! ```

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::Timer;

use super::machine::{Machine, ProbeResult};
use super::{ProbeError, Reply, Trial};
use crate::pacing::{Fluctuation, Pacing};
use crate::{Config, ConfigError, Event, Instant, Monitor, Output, RetryBudget, monitor};
use probes::Probes;
use waiters::Waiters;

mod handle;
mod lease;
mod lifetime;
mod probes;
mod waiters;

pub use lease::Lease;

/// The number of events that the queue holds for the reader. Further events are dropped, which
/// shows as a gap in their numbers.
pub const EVENTS: usize = 8;

/// The deadline of a timer that need not fire, one year ahead, in microseconds.
const FAR_US: u64 = 86_400 * 365 * 1_000_000;

/// A monitor with a window of `N` round-trip times, shared by its loop and its users under a mutex
/// of kind `R`: `NoopRawMutex` on one executor, `CriticalSectionRawMutex` across interrupts and
/// cores.
pub struct Heart<R: RawMutex, const N: usize, P: Pacing = Fluctuation> {
    state: Mutex<R, RefCell<State<N, P>>>,
    /// The snapshot from before the call, while a user's closure holds the monitor.
    lent: Mutex<R, Cell<Option<monitor::Snapshot>>>,
    changed: Signal<R, ()>,
    events: Channel<R, Event, EVENTS>,
}

/// The state that the loop and its users share.
struct State<const N: usize, P: Pacing> {
    monitor: Monitor<N, P>,
    waiters: Waiters,
    stopped: bool,
}

impl<R: RawMutex, const N: usize, P: Pacing> Heart<R, N, P> {
    /// Creates a heart that starts to probe once [`run`](Self::run) is polled.
    ///
    /// # Errors
    /// Returns an error if the configuration has no seed.
    pub fn new(config: Config<P>) -> Result<Self, ConfigError> {
        let state = State {
            monitor: Monitor::with_window(config, now())?,
            waiters: Waiters::new(),
            stopped: false,
        };
        Ok(Self {
            state: Mutex::new(RefCell::new(state)),
            lent: Mutex::new(Cell::new(None)),
            changed: Signal::new(),
            events: Channel::new(),
        })
    }

    /// Calls `probe` whenever a probe is due, until [`stop`](Self::stop) is called.
    ///
    /// The future returns `Ok` when the peer replied and a [`ProbeError`] otherwise. It needs no
    /// deadline: the machine detects by itself that a probe is overdue. When one detection bound
    /// has passed, the loop drops the future at its next turn. At most four probes are outstanding.
    /// For a further one the loop drops the oldest overdue probe. If all four may still get their
    /// reply in time, the next probe is not sent and is [due again](Monitor::handle_skipped) an
    /// interval later; but if the peer is dead, the next probe replaces the latest one. A panic in
    /// the closure is not caught, since embedded targets do not unwind.
    ///
    /// # Cancel safety
    /// Dropping the future stops the loop and drops the outstanding probes, which count as unsent
    /// unless they are overdue. A later `run` continues from the current state and counts the time
    /// in between as local lateness.
    pub async fn run<F, Fut, A, E>(&self, probe: F)
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<A, E>>,
        A: 'static,
        E: Into<ProbeError>,
    {
        self.beat(probe, None).await;
    }

    /// Runs the loop like [`run`](Self::run), and takes retries from `budget`.
    ///
    /// # Cancel safety
    /// As for [`run`](Self::run).
    pub async fn run_within<F, Fut, A, E>(&self, budget: &RetryBudget, probe: F)
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<A, E>>,
        A: 'static,
        E: Into<ProbeError>,
    {
        self.beat(probe, Some(budget)).await;
    }

    /// Runs the loop.
    async fn beat<F, Fut, A, E>(&self, mut probe: F, budget: Option<&RetryBudget>)
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<A, E>>,
        A: 'static,
        E: Into<ProbeError>,
    {
        let (a, b, c, d) = (pin!(None), pin!(None), pin!(None), pin!(None));
        let withdraw = |id| {
            self.state(|state| state.monitor.handle_unsent(id, now()));
        };
        let is_overdue = |id| self.state(|state| state.monitor.is_overdue(id));
        let mut probes = Probes::new([a, b, c, d], &withdraw, &is_overdue);
        while !self.state(|state| state.stopped) {
            let until = self.drain(&mut probes, &mut probe, budget);
            let mut timer = Timer::at(when(until));
            let mut changed = pin!(self.changed.wait());
            let mut looked = false;
            poll_fn(|context| {
                if let Poll::Ready((id, result)) = probes.poll(context) {
                    self.state(|state| {
                        state
                            .monitor
                            .handle_result(ProbeResult::new((), id, result, now()));
                    });
                    return Poll::Ready(());
                }
                if changed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                poll_late(&mut timer, &mut looked, context)
            })
            .await;
        }
    }

    /// Does everything that is due now. Returns when to poll the machine again.
    fn drain<F, Fut, A, E>(
        &self,
        probes: &mut Probes<'_, Fut>,
        probe: &mut F,
        budget: Option<&RetryBudget>,
    ) -> Instant
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<A, E>>,
        A: 'static,
        E: Into<ProbeError>,
    {
        let now = now();
        probes.cut(now);
        loop {
            match self.state(|state| state.monitor.step(now, budget)) {
                Output::Send(((), id)) => {
                    let terms = self.state(|state| state.monitor.terms(()));
                    if !probes.launch(id, now, terms, &mut *probe) {
                        self.state(|state| state.monitor.handle_skipped(id, now));
                    }
                }
                Output::Event(event) => {
                    // The queue may be full, or nobody may read it.
                    let _ = self.events.try_send(event);
                    self.state(|state| state.waiters.wake());
                }
                Output::Wait(until) => return until,
                Output::Idle => return Instant::MAX,
            }
        }
    }

    fn state<T>(&self, call: impl FnOnce(&mut State<N, P>) -> T) -> T {
        self.state.lock(|state| call(&mut state.borrow_mut()))
    }
}

/// Becomes ready one poll after the timer, so that replies waiting in the sockets are read before
/// any probe becomes overdue.
fn poll_late(timer: &mut Timer, looked: &mut bool, context: &mut Context<'_>) -> Poll<()> {
    if *looked {
        return Poll::Ready(());
    }
    if Pin::new(timer).poll(context).is_ready() {
        *looked = true;
        context.waker().wake_by_ref();
    }
    Poll::Pending
}

/// Returns the current time, rounded down to whole microseconds. Zero is the start of the clock of
/// `embassy-time`.
fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}

/// Returns the first tick that is no earlier than `moment`, or than one year from now if that is
/// sooner.
fn when(moment: Instant) -> embassy_time::Instant {
    let now = now();
    let left_us = moment
        .as_micros()
        .saturating_sub(now.as_micros())
        .min(FAR_US);
    // The conversion to ticks rounds up.
    let span = embassy_time::Duration::from_micros(now.as_micros() + left_us);
    embassy_time::Instant::from_ticks(span.as_ticks())
}
