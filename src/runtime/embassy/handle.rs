//! The methods of a heart for callers outside its loop.

use core::cell::Cell;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;

use embassy_sync::blocking_mutex::raw::RawMutex;
use embassy_sync::channel::Receiver;
use embassy_time::Timer;

use super::{EVENTS, Heart, now, when};
use crate::pacing::Pacing;
use crate::{Config, Event, Instant, Monitor, Verdict, monitor};

impl<R: RawMutex, const N: usize, P: Pacing> Heart<R, N, P> {
    /// Returns the current verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.lent.lock(Cell::get) {
            Some(before) => before.path.verdict,
            None => self.state(|state| state.monitor.verdict()),
        }
    }

    /// Returns the current state: verdict, plan, measurements of the path and counters.
    #[must_use]
    pub fn snapshot(&self) -> monitor::Snapshot {
        let lent = self.lent.lock(Cell::get);
        lent.unwrap_or_else(|| self.state(|state| state.monitor.snapshot(now())))
    }

    /// Returns the receiver of events, which yields the earliest first. The queue holds 8 events.
    /// Further events are dropped, which shows as a gap in their numbers. If there are two
    /// receivers, each event reaches only one of them.
    #[must_use]
    pub fn events(&self) -> Receiver<'_, R, Event, EVENTS> {
        self.events.receiver()
    }

    /// Calls `call` with the monitor, to pass it what probes cannot show: traffic, a restart, a
    /// suspend, a lost flow, a change of network. The loop then polls the monitor at once.
    ///
    /// While `call` runs, [`verdict`](Self::verdict) and [`snapshot`](Self::snapshot) return the
    /// state from before the call.
    ///
    /// # Panics
    /// Panics if it is called from within `call`, which already holds the monitor.
    pub fn with<T>(&self, call: impl FnOnce(&mut Monitor<N, P>, Instant) -> T) -> T {
        let result = self.state(|state| {
            let before = state.monitor.snapshot(now());
            self.lent.lock(|lent| lent.set(Some(before)));
            call(&mut state.monitor, now())
        });
        self.lent.lock(|lent| lent.set(None));
        self.changed.signal(());
        result
    }

    /// Replaces the settings. [`Monitor::reconfigure`] lists the state that is kept.
    pub fn reconfigure(&self, config: &Config<P>) {
        self.with(|monitor, now| monitor.reconfigure(config, now));
    }

    /// Waits until the verdict is `wanted`. Returns the verdict, which differs from `wanted` if the
    /// heart was stopped first.
    ///
    /// Up to four waiting tasks are woken at the moment of an event. Each further task checks once
    /// per interval, so it learns the verdict up to an interval late. A task that has stopped
    /// waiting keeps its slot until the next event.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn until(&self, wanted: Verdict) -> Verdict {
        let mut next_look = None;
        poll_fn(|context| {
            loop {
                if let Some(verdict) = self.ended(wanted) {
                    return Poll::Ready(verdict);
                }
                if self.state(|state| state.waiters.register(context.waker())) {
                    return Poll::Pending;
                }
                let timer = next_look.get_or_insert_with(|| self.in_an_interval());
                if Pin::new(timer).poll(context).is_pending() {
                    return Poll::Pending;
                }
                next_look = None;
            }
        })
        .await
    }

    /// Returns the verdict if a wait for `wanted` is over.
    fn ended(&self, wanted: Verdict) -> Option<Verdict> {
        self.state(|state| {
            let verdict = state.monitor.verdict();
            (verdict == wanted || state.stopped).then_some(verdict)
        })
    }

    /// Returns a timer that fires in one interval.
    fn in_an_interval(&self) -> Timer {
        let interval = self.snapshot().path.plan.interval();
        Timer::at(when(now().saturating_add(interval)))
    }

    /// Waits until the peer is dead; see [`until`](Self::until).
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn until_dead(&self) -> Verdict {
        self.until(Verdict::Dead).await
    }

    /// Ends [`run`](Self::run), which drops the outstanding probes, and every wait for a verdict.
    /// The heart cannot be started again.
    pub fn stop(&self) {
        self.state(|state| {
            state.stopped = true;
            state.waiters.wake();
        });
        self.changed.signal(());
    }
}

impl<R: RawMutex, const N: usize, P: Pacing> fmt::Debug for Heart<R, N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heart")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
