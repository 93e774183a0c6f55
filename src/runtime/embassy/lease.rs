//! The adapter of a lease for embassy.

use core::cell::RefCell;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;

use embassy_sync::blocking_mutex::Mutex;
use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_sync::channel::{Channel, Receiver};
use embassy_sync::signal::Signal;
use embassy_time::Timer;

use super::super::lease::{Tenure, Tenured};
use super::waiters::Waiters;
use super::{EVENTS, now, when};
use crate::lease::{self, Answer, Config, EventKind, Request, Snapshot};
use crate::{Event, Instant, Output};

/// The number of requests under way. The oldest is dropped for a further one.
const IN_FLIGHT: usize = 4;
/// How often a waiting task looks for which there was no slot.
const LOOK: Duration = Duration::from_secs(1);

/// A lease, shared by its loop and its users under a mutex of kind `R`: `NoopRawMutex` on one
/// executor, `CriticalSectionRawMutex` across interrupts and cores.
///
/// [`keep`](Self::keep) is the loop and needs a task of its own; all other methods take a shared
/// reference.
///
/// ```
/// use core::time::Duration;
/// use embassy_sync::blocking_mutex::raw::NoopRawMutex;
/// use systole::embassy::Lease;
/// use systole::lease::{Answer, Config, Request};
///
/// # async fn ask(request: Request) -> Result<Answer, ()> { Err(()) }
/// # async fn drive_motor(epoch: u64) {}
/// // #[embassy_executor::task]
/// async fn keep(lease: &'static Lease<NoopRawMutex>) {
///     lease.keep(ask).await; // sends each request, and returns the answer
/// }
///
/// // #[embassy_executor::task]
/// async fn work(lease: &'static Lease<NoopRawMutex>) {
///     loop {
///         lease.run(|epoch| drive_motor(epoch)).await;
///     }
/// }
///
/// # fn lease() -> Result<Lease<NoopRawMutex>, systole::ConfigError> {
/// let serial_number = 0x5eed_0f_0007;
/// let config = Config::renewed(Duration::from_secs(10)).seed(serial_number).build()?;
/// let lease = Lease::new(config); // into a StaticCell
/// # Ok(lease) }
/// ```
///
/// # What is guaranteed
///
/// [`is_held`](Self::is_held) is never true after the lease may have expired, however late a task is
/// polled ([law 10](crate::lease::Lease#the-guarantee)), where the clock of `embassy-time` goes on
/// while the device sleeps. [`run`](Self::run) polls its future only while the lease is held; a
/// poll that has begun is not interrupted.
pub struct Lease<R: RawMutex> {
    state: Mutex<R, RefCell<State>>,
    changed: Signal<R, ()>,
    events: Channel<R, Event<EventKind>, EVENTS>,
}

/// The state that the loop and its users share.
struct State {
    lease: Tenured,
    waiters: Waiters,
    stopped: bool,
}

/// The requests under way, each with its future, the oldest first.
type Running<'a, Fut> = heapless::Vec<(Request, Pin<&'a mut Option<Fut>>), IN_FLIGHT>;

impl<R: RawMutex> Lease<R> {
    /// Creates a lease that is asked for once [`keep`](Self::keep) is polled.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let state = State {
            lease: Tenured::new(config, now()),
            waiters: Waiters::new(),
            stopped: false,
        };
        Self {
            state: Mutex::new(RefCell::new(state)),
            changed: Signal::new(),
            events: Channel::new(),
        }
    }

    /// Keeps the lease until [`stop`](Self::stop), and then releases it. It calls `ask` for each
    /// request, whose future sends it to the server and returns the answer; an error means that
    /// nothing is known. At most four requests are under way; the oldest is dropped for a further
    /// one.
    ///
    /// It ends when the server has the lease back, or when it has expired: after a TTL at the
    /// latest. Limit it by `embassy_time::with_timeout` where that is too long.
    ///
    /// # Cancel safety
    /// Dropping the future drops the requests under way. The lease then expires, unless a later
    /// `keep` goes on from the current state.
    pub async fn keep<F, Fut, E>(&self, mut ask: F)
    where
        F: FnMut(Request) -> Fut,
        Fut: Future<Output = Result<Answer, E>>,
    {
        let (a, b, c, d) = (pin!(None), pin!(None), pin!(None), pin!(None));
        let mut free: heapless::Vec<_, IN_FLIGHT> = heapless::Vec::from_array([a, b, c, d]);
        let mut running = Running::new();
        loop {
            let until = self.drain(|request| {
                let place = free
                    .pop()
                    .or_else(|| (!running.is_empty()).then(|| running.remove(0).1));
                if let Some(mut place) = place {
                    place.set(Some(ask(request)));
                    let _ = running.push((request, place)); // there is as much room as places
                }
            });
            if until.is_none() && self.state(|state, _| state.stopped) {
                return;
            }
            let mut timer = Timer::at(when(until.unwrap_or(Instant::MAX)));
            let mut changed = pin!(self.changed.wait());
            let ended = poll_fn(|context| {
                if let Some(ended) = poll_requests(&mut running, context) {
                    return Poll::Ready(Some(ended));
                }
                if changed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(None);
                }
                Pin::new(&mut timer).poll(context).map(|()| None)
            })
            .await;
            if let Some((place, answer)) = ended {
                let (request, mut future) = running.remove(place);
                future.set(None);
                let _ = free.push(future);
                self.state(|state, now| state.lease.handle_answer(&request, answer, now));
            }
        }
    }

    /// Does everything that is due now. Returns when to poll the lease again; `None` where there is
    /// nothing to do any more.
    fn drain(&self, mut launch: impl FnMut(Request)) -> Option<Instant> {
        loop {
            match self.state(|state, now| state.lease.poll(now)) {
                Output::Send(request) => launch(request),
                Output::Event(event) => {
                    let _ = self.events.try_send(event); // the queue may be full
                    self.state(|state, _| state.waiters.wake());
                }
                Output::Wait(until) => return Some(until),
                Output::Idle => return None,
            }
        }
    }

    fn state<T>(&self, call: impl FnOnce(&mut State, Instant) -> T) -> T {
        self.state
            .lock(|state| call(&mut state.borrow_mut(), now()))
    }

    /// Returns whether the holder may act now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.state(|state, now| state.lease.lease.is_held(now))
    }

    /// Returns the state: until when the lease is held, its epoch, the plan and the counters.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.state(|state, now| state.lease.lease.snapshot(now))
    }

    /// Returns the receiver of events, which yields the earliest first. The queue holds 8 events.
    /// Further events are dropped, which shows as a gap in their numbers.
    #[must_use]
    pub fn events(&self) -> Receiver<'_, R, Event<EventKind>, EVENTS> {
        self.events.receiver()
    }

    /// Calls `call` with the machine, to pass it what requests cannot show: that the server ended
    /// the lease, or another configuration. `call` must not use this lease.
    pub fn with<T>(&self, call: impl FnOnce(&mut lease::Lease, Instant) -> T) -> T {
        let result = self.state(|state, now| {
            state.waiters.wake();
            call(&mut state.lease.lease, now)
        });
        self.changed.signal(());
        result
    }

    /// Gives the lease up, and ends [`keep`](Self::keep) when the server has it back. It is not held
    /// from this call on.
    pub fn stop(&self) {
        self.state(|state, now| {
            state.lease.lease.release(now);
            state.stopped = true;
            state.waiters.wake();
        });
        self.changed.signal(());
    }

    /// Waits until the lease is held, then runs the future that `work` returns for its epoch, until
    /// that future or the holding ends. Returns its output, or `None` where the holding ended first
    /// and the future was dropped. That future is never polled after the fence.
    ///
    /// Up to four waiting tasks are woken at the moment of an event, further ones within a second.
    ///
    /// # Cancel safety
    /// The work is dropped with this future.
    pub async fn run<Fut: Future>(&self, work: impl FnOnce(u64) -> Fut) -> Option<Fut::Output> {
        let tenure = self.tenure().await;
        let until = |lease: &Tenured, now| lease.until_fence(tenure, now);
        let (mut work, mut end) = (pin!(work(tenure.epoch)), pin!(self.wait(until)));
        poll_fn(|context| {
            let over = end.as_mut().poll(context).is_ready();
            if over || self.state(|state, now| !state.lease.is_held(tenure, now)) {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Waits until the holder should begin to stop: [the time that it
    /// needs](crate::lease::Builder::stop_within) before the fence, rounded up to a tick of the
    /// clock, or until the holding has ended. It completes at once where the lease is not held.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn lost(&self) {
        if let Some(tenure) = self.state(|state, now| state.lease.tenure(now)) {
            self.wait(|lease, now| lease.until_stop(tenure, now)).await;
        }
    }

    /// Waits until the lease is held.
    async fn tenure(&self) -> Tenure {
        let is_held = |lease: &Tenured, now| lease.tenure(now).is_some();
        loop {
            if let Some(tenure) = self.state(|state, now| state.lease.tenure(now)) {
                return tenure;
            }
            self.wait(|lease, now| (!is_held(lease, now)).then_some(Duration::MAX))
                .await;
        }
    }

    /// Waits for as long as there is time `left`. It looks again at every event.
    async fn wait(&self, left: impl Fn(&Tenured, Instant) -> Option<Duration>) {
        let mut timer = None;
        poll_fn(|context| {
            loop {
                let look = self.state(|state, now| {
                    let left = left(&state.lease, now)?;
                    let woken = state.waiters.register(context.waker());
                    let left = if woken { left } else { left.min(LOOK) };
                    Some(now.saturating_add(left))
                });
                let Some(look) = look else {
                    return Poll::Ready(());
                };
                let timer = timer.insert(Timer::at(when(look)));
                if Pin::new(timer).poll(context).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}

/// Polls the requests. Returns the place of one that has ended, and its answer.
fn poll_requests<Fut, E>(
    running: &mut Running<'_, Fut>,
    context: &mut Context<'_>,
) -> Option<(usize, Option<Answer>)>
where
    Fut: Future<Output = Result<Answer, E>>,
{
    running
        .iter_mut()
        .enumerate()
        .find_map(
            |(place, (_, future))| match future.as_mut().as_pin_mut()?.poll(context) {
                Poll::Ready(answer) => Some((place, answer.ok())),
                Poll::Pending => None,
            },
        )
}

impl<R: RawMutex> fmt::Debug for Lease<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
