//! The loop: ask the machine, do as it says, sleep until it wants to be asked again.

use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::mpsc::SyncSender;
use std::thread::park_timeout;

use super::board::Board;
use super::machine::{Machine, Settled, Step};
use super::{Epoch, Fault, Recorder, Shared, WINDOW};
use crate::pacing::Pacing;
use crate::{Event, Failure, Instant, Monitor, ProbeId};

/// What the thread owns.
pub(super) struct Beat<P: Pacing, F> {
    pub(super) epoch: Epoch,
    pub(super) shared: Arc<Shared<Monitor<WINDOW, P>>>,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) board: Arc<Board>,
    pub(super) events: SyncSender<Event>,
    pub(super) recorder: Option<Recorder<Monitor<WINDOW, P>>>,
    pub(super) probe: F,
}

impl<P, F, T, E> Beat<P, F>
where
    P: Pacing,
    F: FnMut(Duration) -> Result<T, E>,
    E: Into<Fault>,
{
    pub(super) fn run(mut self) {
        while !self.stopping.load(Ordering::Acquire) {
            let (asked, until) = self.drain();
            match asked {
                Some(id) => self.ask(id, until),
                None => park_timeout(self.until(until)), // waking early is harmless
            }
        }
    }

    /// The probe to send, if any, and when the machine is to be asked again.
    fn drain(&mut self) -> (Option<ProbeId>, Instant) {
        let now = self.epoch.now();
        let mut asked = None;
        let until = loop {
            match self.shared.poll(now) {
                Step::Probe((), id) => asked = Some(id),
                Step::Event(event) => drop(self.events.try_send(event)),
                Step::Wait(until) => break until,
            }
        };
        let verdict = self.shared.show(self.recorder.as_mut(), now);
        self.board.post(verdict);
        (asked, until)
    }

    fn ask(&mut self, id: ProbeId, until: Instant) {
        let allowed = self.allowance(until);
        let result = catch_unwind(AssertUnwindSafe(|| (self.probe)(allowed)));
        let result = match result {
            Ok(answer) => answer.map(drop).map_err(Into::into),
            Err(_) => Err(Fault::Failed(Failure::Prober)),
        };
        let settled = Settled::new((), id, result, self.epoch.now());
        self.shared.with(|monitor| monitor.hand_in(settled));
    }

    /// How long a probe may block: until the machine wants to look; a whole timeout where only the next probe would be
    /// late, or round trips longer than the interval were never heard; and never past the verdict.
    fn allowance(&self, until: Instant) -> Duration {
        let now = self.epoch.now();
        let known = self.shared.with(|monitor| monitor.snapshot(now));
        let whole = self.until(until).max(known.heart.plan.timeout());
        match known.dead_at {
            Some(dead_at) => whole.min(self.until(dead_at)),
            None => whole,
        }
        .max(Duration::from_micros(1))
    }

    fn until(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.epoch.now())
    }
}
