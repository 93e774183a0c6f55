//! The loop of a probing thread: it polls the machine, does what the machine returns, and sleeps
//! until the next deadline. It never blocks for longer, whatever the closure does.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};

use super::machine::Machine;
use super::message::{Note, Task};
use super::verdict_cell::VerdictCell;
use super::{DEFAULT_WINDOW, Epoch, Recorder, Shared};
use crate::pacing::Pacing;
use crate::peer::dead_peer_wait::DeadPeerWait;
use crate::{Event, Instant, Monitor, Output, ProbeId, Verdict};

/// How long the loop waits for a result before it lets a probe become overdue. A reply may
/// have come in time while no thread could run, and must still be passed in.
const HEARING: Duration = Duration::from_millis(1);

/// The state that the thread owns.
pub(super) struct ProbeLoop<P: Pacing> {
    pub(super) epoch: Epoch,
    pub(super) shared: Arc<Shared<Monitor<DEFAULT_WINDOW, P>>>,
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) board: Arc<VerdictCell>,
    pub(super) events: SyncSender<Event>,
    pub(super) recorder: Option<Recorder<Monitor<DEFAULT_WINDOW, P>>>,
    pub(super) notes: Receiver<Note>,
    pub(super) tasks: Sender<Task>,
    /// How long the closure may take while the peer is dead.
    pub(super) dead_waits: DeadPeerWait,
    /// Whether the closure is running.
    pub(super) busy: bool,
    /// The latest probe to send, and when it was due. An earlier one that the closure never started
    /// stays without a reply.
    pub(super) due: Option<(ProbeId, Instant)>,
}

impl<P: Pacing> ProbeLoop<P> {
    pub(super) fn run(mut self) {
        while !self.stopping.load(Ordering::Acquire) {
            while let Ok(note) = self.notes.try_recv() {
                self.take(note);
            }
            let until = self.drain();
            self.ask(until);
            self.sleep(until);
        }
    }

    /// Does everything that is due now. Returns when to poll the machine again.
    fn drain(&mut self) -> Instant {
        let now = self.epoch.now();
        let until = loop {
            match self.shared.poll(now) {
                Output::Send(((), id)) => self.due = Some((id, now)),
                // The queue may be full, or nobody may read it.
                Output::Event(event) => drop(self.events.try_send(event)),
                Output::Wait(until) => break until,
                Output::Idle => break Instant::MAX,
            }
        };
        let verdict = self.shared.show(self.recorder.as_mut(), now);
        self.board.post(verdict);
        until
    }

    /// Passes the next probe to the closure if that is not running.
    fn ask(&mut self, until: Instant) {
        if self.busy {
            return;
        }
        if let Some((id, due)) = self.due.take() {
            let allowed = self.allowance(until);
            self.busy = self.tasks.send(Task { id, due, allowed }).is_ok();
        }
    }

    /// Sleeps until a message comes or `until` has passed.
    fn sleep(&mut self, until: Instant) {
        let note = self.notes.recv_timeout(self.until(until));
        let note = match note {
            Err(RecvTimeoutError::Timeout) if self.busy => self.notes.recv_timeout(HEARING),
            note => note,
        };
        if let Ok(note) = note {
            self.take(note);
        }
    }

    /// Handles a message.
    fn take(&mut self, note: Note) {
        if let Note::ProbeResult(settled) = note {
            self.busy = false;
            self.shared.with(|monitor| monitor.handle_result(settled));
        }
    }

    /// Returns how long the next probe may block.
    ///
    /// The probe may block until the machine's next deadline, but at least for a whole timeout:
    /// this only delays the next probe, and otherwise round trips longer than the interval would
    /// never be measured. It never blocks past the moment at which the verdict becomes `Dead`. A
    /// probe to a dead peer may block for one interval, and for longer now and then.
    fn allowance(&mut self, until: Instant) -> Duration {
        let now = self.epoch.now();
        let known = self.shared.with(|monitor| monitor.snapshot(now));
        if known.path.verdict == Verdict::Dead {
            return self.dead_allowance();
        }
        self.dead_waits = DeadPeerWait::NONE;
        let whole = self.until(until).max(known.path.plan.timeout());
        match known.dead_at {
            Some(dead_at) => whole.min(self.until(dead_at)),
            None => whole,
        }
        .max(Duration::from_micros(1))
    }

    /// Returns how long the next probe to a dead peer may block.
    fn dead_allowance(&mut self) -> Duration {
        let (usual_us, longest_us) = self.shared.with(|monitor| monitor.dead_wait());
        self.dead_waits.plan(usual_us, longest_us);
        self.dead_waits.missed(longest_us);
        Duration::from_micros(self.dead_waits.us().into())
    }

    /// Returns the time left until `moment`.
    fn until(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.epoch.now())
    }
}
