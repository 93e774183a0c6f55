//! A holding that goes on.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use ::tokio::select;
use ::tokio::sync::watch;
use ::tokio::time::sleep;

use super::{Shared, Tenure};

/// The resolution of tokio's timer.
const TICK: Duration = Duration::from_millis(1);

/// One holding of a [`Lease`](super::Lease), from the event that told of it to its end. It can be
/// cloned and passed to other tasks; a later holding, even with the same epoch, is another one.
#[derive(Clone, Debug)]
pub struct Held {
    shared: Arc<Shared>,
    told: watch::Receiver<Option<Tenure>>,
    tenure: Tenure,
}

impl Held {
    pub(super) fn new(
        shared: &Arc<Shared>,
        told: watch::Receiver<Option<Tenure>>,
        tenure: Tenure,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            told,
            tenure,
        }
    }

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

    /// Waits until the holder should begin to stop: [the time that it
    /// needs](crate::lease::Builder::stop_within) before the fence, up to 1 ms earlier, and at once
    /// where the holding has ended. A renewal that succeeds in the meantime moves that moment.
    ///
    /// It completes in time for a task that the runtime schedules in time.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn lost(&self) {
        let left = || {
            let until = |lease: &mut super::Tenured, now| lease.until_stop(self.tenure, now);
            let left = self.shared.with(until)?.checked_sub(TICK)?;
            (!left.is_zero()).then_some(left)
        };
        self.wait(left).await;
    }

    /// Runs `work` until it or the holding ends. Returns its output, or `None` where the holding
    /// ended first and `work` was dropped. `work` is never polled after the fence.
    ///
    /// # Cancel safety
    /// `work` is dropped with this future.
    pub async fn run<F: Future>(&self, work: F) -> Option<F::Output> {
        let left = || {
            self.shared
                .with(|lease, now| lease.until_fence(self.tenure, now))
        };
        let (mut work, mut end) = (pin!(work), pin!(self.wait(left)));
        poll_fn(|context| {
            if end.as_mut().poll(context).is_ready() || !self.is_held() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// Waits for as long as there is time `left`. It looks again when the holding changes.
    async fn wait(&self, left: impl Fn() -> Option<Duration>) {
        let mut told = self.told.clone();
        while let Some(left) = left() {
            select! {
                // Where the task has ended, nothing changes any more.
                Ok(()) = told.changed() => {}
                () = sleep(left) => {}
            }
        }
    }
}
