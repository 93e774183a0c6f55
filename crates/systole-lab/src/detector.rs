//! The interface of the replay engine: a machine that probes and gives a verdict, without a clock
//! or a socket.

use crate::time::MicrosExt as _;
use systole::Instant;

/// A failure detector that probes, in the sans-IO form of the crate's own monitor.
///
/// The engine passes in the replies that have arrived, then calls [`poll`](Self::poll) until it
/// returns [`Action::Wait`] or [`Action::Idle`]. It returns at that moment or at the next reply,
/// whichever comes first. The verdict is alive until the detector returns [`Action::Dead`].
pub trait Detector {
    /// Returns what to do at `now`. Time never runs backwards. The first call is at the moment the
    /// detector starts.
    fn poll(&mut self, now: Instant) -> Action;

    /// Records a reply that has arrived. It is called before `poll` at the same moment.
    fn on_answer(&mut self, answer: &Answer);
}

/// What a [`Detector`] wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a probe with this id now.
    Probe(u64),
    /// The verdict is Dead from now on. On a live peer a mistake begins.
    Dead,
    /// The verdict is no longer Dead. A mistake ends.
    Alive,
    /// Nothing is due before this moment. A moment that is not after `now` counts as one
    /// microsecond from now.
    Wait(Instant),
    /// Nothing is due before the next reply.
    Idle,
}

/// A reply to a probe, as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The id that the detector gave to the probe.
    pub id: u64,
    /// When the probe was sent.
    pub sent: Instant,
    /// When the reply is passed in, which is the current time.
    pub at: Instant,
}

impl Answer {
    /// Returns the round trip in microseconds.
    #[must_use]
    pub fn rtt_us(&self) -> u64 {
        self.at.since(self.sent)
    }
}
