//! What the replay engine drives: a machine that probes and judges, without a clock or a socket.

use crate::time::MicrosExt as _;
use systole::Instant;

/// A failure detector by probing, in the sans-IO shape of the crate's own monitor.
///
/// The engine hands in the answers that have arrived, then calls [`poll`](Self::poll) until it answers
/// [`Action::Wait`] or [`Action::Idle`]; it comes back at that moment or at the next answer, whichever is first.
/// A detector is judged alive until it says [`Action::Dead`].
pub trait Detector {
    /// What to do at `now`. Time never runs backwards. The first call is at the moment the detector starts.
    fn poll(&mut self, now: Instant) -> Action;

    /// An answer has arrived. Called before `poll` at the same moment.
    fn on_answer(&mut self, answer: &Answer);
}

/// What a [`Detector`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a probe with this id, now.
    Probe(u64),
    /// The verdict is Dead from now on: on a live peer, a mistake begins.
    Dead,
    /// The verdict is no longer Dead: a mistake ends.
    Alive,
    /// Nothing to do before this moment. A moment not after `now` is read as one microsecond from now.
    Wait(Instant),
    /// Nothing to do before the next answer.
    Idle,
}

/// An answer to a probe, as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The id the detector gave the probe.
    pub id: u64,
    /// When the probe was sent.
    pub sent: Instant,
    /// When the answer is handed in: now.
    pub at: Instant,
}

impl Answer {
    /// The round trip, in microseconds.
    #[must_use]
    pub fn rtt_us(&self) -> u64 {
        self.at.since(self.sent)
    }
}
