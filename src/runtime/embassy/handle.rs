//! What is asked and told from outside the loop.

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
use crate::{Config, Event, Instant, Monitor, MonitorSnapshot, Verdict};

impl<R: RawMutex, const N: usize, P: Pacing> Heart<R, N, P> {
    /// Whether the peer is alive.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.lent.lock(Cell::get) {
            Some(before) => before.path.verdict,
            None => self.state(|state| state.monitor.verdict()),
        }
    }

    /// All that is known now.
    #[must_use]
    pub fn snapshot(&self) -> MonitorSnapshot {
        let lent = self.lent.lock(Cell::get);
        lent.unwrap_or_else(|| self.state(|state| state.monitor.snapshot(now())))
    }

    /// The events, the earliest first. Where 8 are waiting, further ones are dropped, and their numbers show a gap. Two readers share them.
    #[must_use]
    pub fn events(&self) -> Receiver<'_, R, Event, EVENTS> {
        self.events.receiver()
    }

    /// Tells the machine what the probes cannot: traffic, a restart, a suspend, a lost flow, another network. The loop looks again at once.
    ///
    /// Within `call`, verdict and snapshot of this heart are those before it.
    ///
    /// # Panics
    /// Within itself: `call` is handed the monitor, and needs no second way to it.
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

    /// Other settings from now on; [`Monitor::reconfigure`] says what survives.
    pub fn reconfigure(&self, config: &Config<P>) {
        self.with(|monitor, now| monitor.reconfigure(config, now));
    }

    /// Waits until the verdict is `wanted`; returns the verdict, which is another one where the heart was stopped first.
    ///
    /// Four tasks may wait and are woken at the moment of an event. A further one looks once an interval, so that it learns of the verdict
    /// up to an interval later; a task that stopped waiting keeps its place until the next event.
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

    /// The verdict, where a wait for `wanted` is over.
    fn ended(&self, wanted: Verdict) -> Option<Verdict> {
        self.state(|state| {
            let verdict = state.monitor.verdict();
            (verdict == wanted || state.stopped).then_some(verdict)
        })
    }

    fn in_an_interval(&self) -> Timer {
        let interval = self.snapshot().path.plan.interval();
        Timer::at(when(now().saturating_add(interval)))
    }

    /// The same for `Dead`.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn until_dead(&self) -> Verdict {
        self.until(Verdict::Dead).await
    }

    /// Ends [`run`](Self::run), which drops the probes under way, and every wait for a verdict. It does not start again.
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
