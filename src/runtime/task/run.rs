//! Probes by a client that is borrowed mutably, in a future of the caller.

use alloc::sync::Arc;
use core::future::Future;
use core::time::Duration;

use ::tokio::select;
use ::tokio::sync::{mpsc, oneshot};

use super::{Builder, DEFAULT_WINDOW, Heart, ProbeError, Reply, now};
use crate::Monitor;
use crate::pacing::Pacing;
use crate::runtime::reply::result_of;

/// Takes the result of a probe. It is closed when the probe is no longer waited for.
type Answer = oneshot::Sender<Result<Reply, ProbeError>>;

impl<P> Builder<Monitor<DEFAULT_WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task; see [`run`](super::run).
    ///
    /// # Panics
    /// If it is called outside of a tokio runtime whose timer is enabled, like `tokio::spawn`.
    pub fn run<F, A, E>(self, mut probe: F) -> (Heart<P>, impl Future<Output = ()>)
    where
        F: AsyncFnMut(Duration) -> Result<A, E>,
        A: 'static,
        E: Into<ProbeError>,
    {
        let (ask, mut asked) = mpsc::channel(1);
        let heart = self.max_in_flight(1).spawn(move || request(ask.clone()));
        let (epoch, shared) = (heart.epoch, Arc::clone(&heart.shared));
        let probes = async move {
            while let Some(mut answer) = asked.recv().await {
                let now = now(epoch);
                let timeout = shared.with(|machine| machine.snapshot(now).path.plan.timeout());
                if let Some(result) = make(&mut probe, timeout, &mut answer).await {
                    let _ = answer.send(result); // it may be waited for no longer
                }
            }
        };
        (heart, probes)
    }
}

/// Asks the caller's future for a probe. A future that was dropped can send none.
async fn request(ask: mpsc::Sender<Answer>) -> Result<Reply, ProbeError> {
    let (answer, result) = oneshot::channel();
    if ask.send(answer).await.is_err() {
        return Err(ProbeError::Unsent);
    }
    result.await.unwrap_or(Err(ProbeError::Unsent))
}

/// Makes one probe; `None` where it is no longer waited for, and was dropped.
async fn make<F, A, E>(
    probe: &mut F,
    timeout: Duration,
    answer: &mut Answer,
) -> Option<Result<Reply, ProbeError>>
where
    F: AsyncFnMut(Duration) -> Result<A, E>,
    A: 'static,
    E: Into<ProbeError>,
{
    select! {
        biased;
        () = answer.closed() => None,
        result = probe(timeout) => {
            Some(result_of(result))
        }
    }
}
