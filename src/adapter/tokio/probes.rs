//! The probes under way, a task each.

use alloc::collections::VecDeque;
use core::future::Future;
use core::time::Duration;

use ::tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use ::tokio::time::{Instant as Moment, timeout};

use super::Fault;
use crate::{Failure, ProbeId};

/// Probes under way at a time; the oldest gives way.
const IN_FLIGHT: usize = 8;

/// How a probe ended, and when.
type Ended = (Result<(), Fault>, Moment);

#[derive(Debug)]
pub(super) struct Probes {
    tasks: JoinSet<Ended>,
    in_flight: VecDeque<(ProbeId, AbortHandle)>,
}

/// What became of a probe.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) id: ProbeId,
    pub(super) result: Result<(), Fault>,
    pub(super) at: Moment,
}

impl Probes {
    pub(super) fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            in_flight: VecDeque::with_capacity(IN_FLIGHT + 1),
        }
    }

    /// Starts probe `id`; it is dropped after `patience`.
    pub(super) fn launch<T, E: Into<Fault>>(
        &mut self,
        id: ProbeId,
        patience: Duration,
        probe: impl Future<Output = Result<T, E>> + Send + 'static,
    ) {
        let task = self.tasks.spawn(async move {
            let result = match timeout(patience, probe).await {
                Ok(answer) => answer.map(drop).map_err(Into::into),
                Err(_) => Err(Fault::Missed),
            };
            (result, Moment::now())
        });
        self.in_flight.push_back((id, task));
        if self.in_flight.len() > IN_FLIGHT
            && let Some((_, oldest)) = self.in_flight.pop_front()
        {
            oldest.abort();
        }
    }

    /// The next probe to end; nothing where none is under way. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Settled> {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            if let Some(settled) = self.settle(ended) {
                return Some(settled);
            }
        }
        None
    }

    /// A probe that has ended already.
    pub(super) fn try_next(&mut self) -> Option<Settled> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            if let Some(settled) = self.settle(ended) {
                return Some(settled);
            }
        }
        None
    }

    fn settle(&mut self, ended: Result<(Id, Ended), JoinError>) -> Option<Settled> {
        let (task, (result, at)) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let panicked = Err(Fault::Failed(Failure::Prober));
                (error.id(), (panicked, Moment::now()))
            }
        };
        // one that had to give way is not found
        let place = self.in_flight.iter().position(|(_, of)| of.id() == task)?;
        let (id, _) = self.in_flight.remove(place)?;
        Some(Settled { id, result, at })
    }

    /// Drops all probes and waits until they are gone.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}
