//! The inputs of a fleet of listeners.

use super::ListenerFleet;
use crate::push::beat::Beat;
use crate::push::listener::{BeatOutcome, Listener};
use crate::time::Instant;

impl<const N: usize> ListenerFleet<N> {
    /// Takes a heartbeat that arrived at `received_at`, from the sender that its id names. Returns
    /// what became of it, or `None` where that sender is not in the fleet and was not admitted.
    pub fn handle_beat(&mut self, beat: &Beat, received_at: Instant) -> Option<BeatOutcome> {
        self.schedule.look(received_at);
        let known = self.index(beat.id()).or_else(|| self.admit(beat));
        let Some((index, mut listener)) = known.and_then(|at| Some((at, self.wake(at)?))) else {
            self.counters.unknown += 1;
            return None;
        };
        if received_at < self.schedule.now {
            // A listener takes moments of the past too, but its clock has to follow the fleet's.
            listener.look(self.schedule.now);
        }
        let outcome = listener.handle_beat(beat, received_at);
        self.rest(index, &mut listener);
        Some(outcome)
    }

    /// Adds the unknown sender of `beat`, if it may be.
    fn admit(&mut self, beat: &Beat) -> Option<u32> {
        let is_believed = beat.is_authentic() || !self.config.is_authenticated();
        let has_room = self.census().peers() < self.limit;
        if beat.id() == 0 || beat.is_goodbye() || !is_believed || !has_room {
            return None;
        }
        self.insert(
            beat.id(),
            Listener::with_window(self.config, self.schedule.now),
        );
        self.index(beat.id())
    }

    /// Records that heartbeats were lost locally by `now`, such as by an overflow of the socket's
    /// receive buffer. Hand in first what did arrive.
    ///
    /// Any sender may have been heard but for that, so silence before `now` is excused, and silence
    /// after it is not: `Dead` comes at most one bound after the crash or the last overflow,
    /// whichever is later, plus the local lateness. While heartbeats are lost more often than once
    /// in a bound, no dead sender can be told from a live one; enlarge the buffer. Takes O(1) time
    /// and no memory: each sender is excused when its next deadline comes.
    pub fn handle_overflow(&mut self, now: Instant) {
        self.schedule.look(now);
        self.counters.overflows += 1;
        self.lost_at = Some(self.schedule.now);
        self.verdicts.see_excuse(self.schedule.now);
    }

    /// Notes that this process was suspended while its clock stood still; see
    /// [`Listener::resumed`]. O(1).
    pub fn resumed(&mut self, now: Instant) {
        self.schedule.look(now);
        self.resumed_at = self.schedule.now;
        self.resumes = self.resumes.wrapping_add(1);
        self.verdicts.see_excuse(self.schedule.now);
    }
}
