//! The adapter of a lease for threads.

mod bell;
mod keeper;

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant as Moment;

use super::super::lease::{Shared, Tenure};
use super::StopOutcome;
use crate::lease::{self, Answer, Config, EventKind, Request, Snapshot};
use crate::{Event, Instant};
use bell::Bell;
use keeper::Keeper;

/// The number of events that the queue holds for the reader. Further events are dropped, which
/// shows as a gap in their numbers.
const EVENTS: usize = 64;
/// How long a release takes at most where the handle was dropped.
const RELEASE_WITHIN: Duration = Duration::from_secs(1);

/// A thread that keeps a lease, and what tells until when the holder may act. Dropping it releases
/// the lease, for which it waits at most a second.
///
/// ```
/// use std::time::Duration;
/// use systole::lease::{Action, Answer, Config};
/// use systole::thread::Lease;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # fn act(epoch: u64) {}
/// let config = Config::renewed(Duration::from_secs(10)).build()?;
/// let lease = Lease::spawn(config, |request, _timeout| {
///     // Send the request to the server, and return its answer.
///     Ok::<_, std::io::Error>(match request.action {
///         Action::Release => Answer::Released,
///         _ => Answer::Granted { ttl: request.ttl, epoch: 7 },
///     })
/// })?;
/// if let Some(held) = lease.held_within(Duration::from_secs(60)) {
///     while held.is_held() {
///         act(held.epoch());
/// #       break;
///     }
/// }
/// lease.stop(Duration::from_secs(1));
/// # Ok(()) }
/// ```
///
/// # What is guaranteed
///
/// [`is_held`](Self::is_held) is never true after the lease may have expired
/// ([law 10](crate::lease::Lease#the-guarantee)), even where the thread is blocked in the closure.
/// On Linux, time in which the computer was suspended counts (`CLOCK_BOOTTIME`); on other systems
/// it does not where the clock of `std` stops then, and the guarantee does not cover a suspend.
///
/// A thread cannot be ended from outside: the code that the lease guards asks before every action,
/// and passes the epoch on.
#[derive(Debug)]
#[must_use = "dropping the handle releases the lease"]
pub struct Lease {
    shared: Arc<Shared>,
    bell: Arc<Bell>,
    events: Receiver<Event<EventKind>>,
    thread: Option<JoinHandle<()>>,
}

impl Lease {
    /// Starts a thread that asks for the lease at once, and calls `ask` for each request.
    ///
    /// `ask` sends the request to the server and returns its answer; an error means that nothing is
    /// known, and the request is repeated soon. It receives the time after which it should give up,
    /// so that a lost request can be repeated: one that blocks for longer delays the next one, and
    /// moves no fence. A panic counts as an error.
    ///
    /// If the configuration has no seed, one is drawn from the randomness of the operating system.
    ///
    /// # Errors
    /// Returns an error if the operating system cannot start a thread.
    #[expect(
        clippy::disallowed_methods,
        reason = "the anchor: the clock is read here"
    )]
    pub fn spawn<F, E>(config: Config, ask: F) -> io::Result<Self>
    where
        F: FnMut(Request, Duration) -> Result<Answer, E> + Send + 'static,
    {
        let shared = Arc::new(Shared::new(config, Moment::now));
        let bell = Arc::new(Bell::default());
        let (sender, events) = sync_channel(EVENTS);
        let keeper = Keeper::new(&shared, &bell, sender, ask);
        let thread = thread::Builder::new()
            .name("systole-lease".into())
            .spawn(move || keeper.run())?;
        Ok(Self {
            shared,
            bell,
            events,
            thread: Some(thread),
        })
    }

    /// Returns whether the holder may act now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.shared.with(|state, now| state.lease.is_held(now))
    }

    /// Returns the state: until when the lease is held, its epoch, the plan and the counters.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.with(|state, now| state.lease.snapshot(now))
    }

    /// Returns the receiver of events, which yields the earliest first and ends when the thread
    /// ends. The queue holds 64 events.
    #[must_use]
    pub const fn events(&self) -> &Receiver<Event<EventKind>> {
        &self.events
    }

    /// Calls `call` with the machine, to pass it what requests cannot show: that the server ended
    /// the lease, or another configuration. `call` must not use this handle.
    pub fn with<R>(&self, call: impl FnOnce(&mut lease::Lease, Instant) -> R) -> R {
        let result = self.shared.with(|state, now| call(&mut state.lease, now));
        self.bell.ring();
        result
    }

    /// Blocks until the lease is held, for at most `within`.
    #[must_use]
    pub fn held_within(&self, within: Duration) -> Option<Held> {
        let tenure = self.bell.wait_for(within, || self.shared.tenure())?;
        Some(Held {
            shared: Arc::clone(&self.shared),
            bell: Arc::clone(&self.bell),
            tenure,
        })
    }

    /// Gives the lease up, and waits until the server has it back, for at most `within`. It is not
    /// held from this call on. Returns [`StopOutcome::TimedOut`] where the server did not answer:
    /// then the lease expires by itself. The thread ends when the closure returns.
    #[expect(clippy::must_use_candidate, reason = "called for what it waits for")]
    pub fn stop(mut self, within: Duration) -> StopOutcome {
        self.end(within)
    }

    fn end(&mut self, within: Duration) -> StopOutcome {
        let Some(thread) = self.thread.take() else {
            return StopOutcome::Completed;
        };
        self.shared.with(|state, now| state.lease.release(now));
        self.bell.stop(within);
        let ended = self.bell.wait_for(within, || self.bell.ended());
        if ended.is_some() {
            let _ = thread.join(); // panics of the closure are caught
        }
        ended.unwrap_or(StopOutcome::TimedOut)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end(RELEASE_WITHIN);
    }
}

/// One holding of a [`Lease`], from the event that told of it to its end. It can be cloned and
/// passed to other threads; a later holding, even with the same epoch, is another one.
#[derive(Clone, Debug)]
pub struct Held {
    shared: Arc<Shared>,
    bell: Arc<Bell>,
    tenure: Tenure,
}

impl Held {
    /// Returns the fencing token that the server gave.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.tenure.epoch
    }

    /// Returns whether the holder may act now. Check it before every action.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.shared.is_held(self.tenure)
    }

    /// Blocks until the holder should begin to stop: [the time that it
    /// needs](crate::lease::Builder::stop_within) before the fence, and at once where the holding
    /// has ended. It returns in time if the operating system schedules the thread in time.
    pub fn lost(&self) {
        loop {
            let left = self
                .shared
                .with(|lease, now| lease.until_stop(self.tenure, now));
            let Some(left) = left else { return };
            self.bell.wait(left);
        }
    }
}
