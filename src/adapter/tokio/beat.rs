//! The loop: ask the machine, do as it says, sleep until it wants to be asked again.

use alloc::sync::Arc;
use core::future::Future;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use ::tokio::select;
use ::tokio::sync::{Notify, broadcast, watch};
use ::tokio::task::yield_now;
use ::tokio::time::{Instant as Moment, sleep_until};
use tokio_util::sync::CancellationToken;

use super::probes::{Probes, Settled};
use super::{Epoch, Fault, Shared, now};
use crate::pacing::Pacing;
use crate::{Event, Failure, Instant, Output, ProbeId, Verdict};

/// What the task owns.
pub(super) struct Beat<P: Pacing, F> {
    pub(super) epoch: Epoch,
    pub(super) shared: Arc<Shared<P>>,
    pub(super) changed: Arc<Notify>,
    pub(super) stop: CancellationToken,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) verdicts: watch::Sender<Verdict>,
    pub(super) probes: Probes,
    pub(super) probe: F,
}

impl<P, F, Fut, T, E> Beat<P, F>
where
    P: Pacing,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: 'static,
    E: Into<Fault> + 'static,
{
    pub(super) async fn run(mut self) {
        let (changed, stop) = (Arc::clone(&self.changed), self.stop.clone());
        loop {
            while let Some(settled) = self.probes.try_next() {
                self.hand_in(&settled);
            }
            let until = self.drain();
            select! {
                biased;
                () = stop.cancelled() => break,
                Some(settled) = self.probes.next() => self.hand_in(&settled),
                () = changed.notified() => {}
                // what waits in the sockets is heard before anything is called overdue
                () = sleep_until(until) => yield_now().await,
            }
        }
        self.probes.shutdown().await;
    }

    /// Does what the machine wants done now; returns when it is to be asked again.
    fn drain(&mut self) -> Moment {
        let now = now(self.epoch);
        let until = loop {
            match self.shared.with(|monitor| monitor.poll(now)) {
                Output::Probe(id) => self.launch(id, now),
                Output::Event(event) => drop(self.events.send(event)), // nobody has to listen
                Output::Wait(until) => break until,
                Output::Idle => break Instant::MAX,
            }
        };
        let verdict = self.shared.with(|monitor| monitor.verdict());
        self.verdicts
            .send_if_modified(|last| core::mem::replace(last, verdict) != verdict);
        Moment::from_std(self.epoch.when(until))
    }

    fn launch(&mut self, id: ProbeId, now: Instant) {
        let plan = self.shared.with(|monitor| monitor.snapshot(now).heart.plan);
        match catch_unwind(AssertUnwindSafe(&mut self.probe)) {
            Ok(probe) => self.probes.launch(id, plan.bound(), probe),
            Err(_) => self
                .shared
                .hand_in(id, Err(Fault::Failed(Failure::Prober)), now),
        }
    }

    fn hand_in(&self, settled: &Settled) {
        let at = self.epoch.moment(settled.at.into_std());
        self.shared.hand_in(settled.id, settled.result, at);
    }
}
