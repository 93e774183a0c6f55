//! How a task is started.

use alloc::sync::Arc;
use core::future::Future;

use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task;
use ::tokio::time::Instant as Moment;

use super::beat::Beat;
use super::machine::Machine;
use super::probes::Probes;
use super::{Builder, Epoch, Events, Fault, Group, Handle, Heart, Shared, WINDOW};
use crate::pacing::Pacing;
use crate::{Failover, Monitor};

/// Events that wait for a reader; the oldest give way, and the numbers show a gap.
const EVENTS: usize = 16;

impl<M: Machine> Builder<M> {
    fn start<F, Fut, A, E>(self, probe: F) -> Handle<M>
    where
        M: Send + 'static,
        F: FnMut(M::Target) -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<Fault> + 'static,
    {
        let epoch = Epoch::at(Moment::now().into_std());
        let changed = Arc::new(Notify::new());
        let (events, listener) = broadcast::channel(EVENTS);
        let (opinions, opinion) = watch::channel(self.machine.opinion());
        let shared = Arc::new(Shared::new(
            self.machine,
            self.budget,
            self.name.span.clone(),
        ));
        let beat = Beat {
            epoch,
            shared: Arc::clone(&shared),
            changed: Arc::clone(&changed),
            stop: self.stop.clone(),
            events,
            opinions,
            probes: Probes::new(epoch, self.at_once),
            recorder: self.series.map(|series| series(&self.name)),
            probe,
            goodbye: self.goodbye,
        };
        Handle {
            epoch,
            shared,
            changed,
            opinion,
            events: Events::new(&listener),
            listener,
            task: task::spawn(beat.run()),
            stop: self.stop.drop_guard(),
        }
    }
}

impl<P> Builder<Monitor<WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task: see [`spawn`](super::spawn).
    ///
    /// # Panics
    /// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
    pub fn spawn<F, Fut, A, E>(self, mut probe: F) -> Heart<P>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<Fault> + 'static,
    {
        self.start(move |()| probe())
    }
}

impl<const M: usize, P> Builder<Failover<M, WINDOW, P>>
where
    P: Pacing<State: Send> + Send + 'static,
{
    /// Starts the task, which calls `probe` with the endpoint to probe: its place in the list.
    ///
    /// # Panics
    /// Outside of a runtime with its timer enabled, like every `tokio::spawn`.
    pub fn spawn<F, Fut, A, E>(self, probe: F) -> Group<M, P>
    where
        F: FnMut(usize) -> Fut + Send + 'static,
        Fut: Future<Output = Result<A, E>> + Send + 'static,
        A: 'static,
        E: Into<Fault> + 'static,
    {
        self.start(probe)
    }
}
