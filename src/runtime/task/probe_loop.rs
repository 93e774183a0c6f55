//! The loop of a probing task: it polls the machine, does what the machine returns, and sleeps
//! until the next deadline.

use alloc::sync::Arc;
use core::future::Future;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use ::tokio::select;
use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task::yield_now;
use ::tokio::time::Instant as Moment;
use tokio_util::sync::CancellationToken;

use super::machine::{Machine, ProbeResult};
use super::probes::Probes;
use super::stop_action::StopAction;
use super::timer::sleep_closely;
use super::{Epoch, ProbeError, Recorder, Shared, StopOutcome, now};
use crate::{Failure, Instant, Output, ProbeId};

/// The state that the task owns.
pub(super) struct ProbeLoop<M: Machine, F> {
    pub(super) epoch: Epoch,
    pub(super) shared: Arc<Shared<M>>,
    pub(super) changed: Arc<Notify>,
    pub(super) stop: CancellationToken,
    pub(super) events: broadcast::Sender<M::Event>,
    pub(super) conclusions: watch::Sender<M::Conclusion>,
    pub(super) probes: Probes<M::Target>,
    pub(super) recorder: Option<Recorder<M>>,
    pub(super) probe: F,
    pub(super) goodbye: Option<StopAction>,
}

impl<M, F, Fut, A, E> ProbeLoop<M, F>
where
    M: Machine,
    F: FnMut(M::Target) -> Fut,
    Fut: Future<Output = Result<A, E>> + Send + 'static,
    A: 'static,
    E: Into<ProbeError> + 'static,
{
    pub(super) async fn run(mut self) -> StopOutcome {
        self.beat().await;
        self.probes.shutdown().await;
        match self.goodbye {
            Some(goodbye) => goodbye.say().await,
            None => StopOutcome::Completed,
        }
    }

    /// Runs the loop until the stop.
    async fn beat(&mut self) {
        let (changed, stop) = (Arc::clone(&self.changed), self.stop.clone());
        loop {
            while let Some(settled) = self.probes.try_next() {
                self.handle_result(settled);
            }
            let until = self.drain();
            select! {
                biased;
                () = stop.cancelled() => return,
                Some(settled) = self.probes.next() => self.handle_result(settled),
                () = changed.notified() => {}
                // Replies waiting in the sockets are read before any probe becomes overdue.
                () = sleep_closely(until) => yield_now().await,
            }
        }
    }

    /// Does everything that is due now. Returns when to poll the machine again.
    fn drain(&mut self) -> Moment {
        let now = now(self.epoch);
        let until = loop {
            match self.shared.poll(now) {
                Output::Send((target, id)) => self.launch(target, id, now),
                // There may be no reader.
                Output::Event(event) => drop(self.events.send(event)),
                Output::Wait(until) => break until,
                Output::Idle => break Instant::MAX,
            }
        };
        let conclusion = self.shared.show(self.recorder.as_mut(), now);
        self.conclusions
            .send_if_modified(|last| core::mem::replace(last, conclusion) != conclusion);
        Moment::from_std(self.epoch.when(until))
    }

    /// Starts a probe, or reports to the machine that there is no room for it.
    fn launch(&mut self, target: M::Target, id: ProbeId, now: Instant) {
        let terms = self.shared.with(|machine| machine.terms(target));
        let shared = &self.shared;
        let is_overdue = |id| shared.with(|machine| machine.is_overdue(target, id));
        if !self.probes.make_room(target, terms, now, is_overdue) {
            self.shared.with(|machine| machine.skip(target, id, now));
            return;
        }
        let probe = catch_unwind(AssertUnwindSafe(|| (self.probe)(target)));
        if let Ok(probe) = probe {
            self.probes.launch((target, id), now, terms, probe);
        } else {
            let panicked = Err(ProbeError::Failed(Failure::ProbePanicked));
            self.handle_result(ProbeResult::new(target, id, panicked, now));
        }
    }

    fn handle_result(&self, settled: ProbeResult<M::Target>) {
        self.shared.with(|machine| machine.handle_result(settled));
    }
}
