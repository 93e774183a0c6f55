//! The monitor of this crate, driven by the replay engine as by any user's loop.

use super::detector::{Action, Answer, Detector};
use systole::pacing::Pacing;
use systole::{Instant, Monitor, Output, ProbeId, Verdict};

impl<const N: usize, P: Pacing> Detector for Monitor<N, P> {
    fn poll(&mut self, now: Instant) -> Action {
        match Self::poll(self, now) {
            Output::Send(id) => Action::Probe(u64::from_be_bytes(id.to_be_bytes())),
            Output::Event(_) if self.verdict() == Verdict::Dead => Action::Dead,
            Output::Event(_) => Action::Alive,
            Output::Wait(until) => Action::Wait(until),
            Output::Idle => Action::Idle,
        }
    }

    fn on_answer(&mut self, answer: &Answer) {
        self.handle_reply(ProbeId::from_be_bytes(answer.id.to_be_bytes()), answer.at);
    }
}

/// A detector that the caller looks at after the replay.
impl<D: Detector> Detector for &mut D {
    fn poll(&mut self, now: Instant) -> Action {
        D::poll(self, now)
    }

    fn on_answer(&mut self, answer: &Answer) {
        D::on_answer(self, answer);
    }
}

/// A detector that could not be configured sends no probes and gives no verdict.
impl<D: Detector> Detector for Option<D> {
    fn poll(&mut self, now: Instant) -> Action {
        self.as_mut()
            .map_or(Action::Idle, |detector| detector.poll(now))
    }

    fn on_answer(&mut self, answer: &Answer) {
        if let Some(detector) = self {
            detector.on_answer(answer);
        }
    }
}
