//! The start of a probing task.

use alloc::sync::Arc;
use core::future::Future;

use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task;
use ::tokio::time::Instant as Moment;

use tokio_util::sync::CancellationToken;

use super::builder::Signal;
use super::machine::Machine;
use super::probe_loop::ProbeLoop;
use super::probes::Probes;
use super::{Builder, DEFAULT_WINDOW, Epoch, Events, Group, Handle, Heart, ProbeError, Shared};
use crate::pacing::Pacing;
use crate::{Failover, Monitor};

/// The number of events that are kept for the reader. Further events replace the oldest, which
/// shows as a gap in their numbers.
const EVENTS: usize = 16;

impl<M: Machine> Builder<M> {
    /// Starts the task.
    fn start<F, Fut, A, E>(self, probe: F) -> Handle<M>
    where
        M: Send + 'static,
        F: FnMut(M::Target) -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<ProbeError> + 'static,
    {
        let epoch = Epoch::at(Moment::now().into_std());
        let stop = CancellationToken::new();
        if let Some(signal) = self.signal {
            task::spawn(pass_on(signal, stop.clone()));
        }
        let changed = Arc::new(Notify::new());
        let (events, listener) = broadcast::channel(EVENTS);
        let (conclusions, conclusion) = watch::channel(self.machine.conclusion());
        let shared = Arc::new(Shared::new(
            self.machine,
            self.budget,
            self.name.span.clone(),
        ));
        let beat = ProbeLoop {
            epoch,
            shared: Arc::clone(&shared),
            changed: Arc::clone(&changed),
            stop: stop.clone(),
            events,
            conclusions,
            probes: Probes::new(epoch, self.max_in_flight),
            recorder: self.series.map(|series| series(&self.name)),
            probe,
            goodbye: self.goodbye,
        };
        Handle {
            epoch,
            shared,
            changed,
            conclusion,
            events: Events::new(&listener),
            listener,
            task: task::spawn(beat.run()),
            stop: stop.drop_guard(),
        }
    }
}

/// Cancels `stop` when `signal` completes.
async fn pass_on(signal: Signal, stop: CancellationToken) {
    if stop.run_until_cancelled(signal).await.is_some() {
        stop.cancel();
    }
}

impl<P> Builder<Monitor<DEFAULT_WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task; see [`spawn`](super::spawn).
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn<F, Fut, A, E>(self, mut probe: F) -> Heart<P>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<ProbeError> + 'static,
    {
        self.start(move |()| probe())
    }
}

impl<const M: usize, P> Builder<Failover<M, DEFAULT_WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task, which calls `probe` with the index of the endpoint to probe.
    ///
    /// # Panics
    /// Panics if it is called outside of a tokio runtime whose timer is enabled, like
    /// `tokio::spawn`.
    pub fn spawn<F, Fut, A, E>(self, probe: F) -> Group<M, P>
    where
        F: FnMut(usize) -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<ProbeError> + 'static,
    {
        self.start(probe)
    }
}
