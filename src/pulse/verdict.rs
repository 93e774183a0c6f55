//! From what is heard and what is not to a verdict.

use super::Pulse;
use crate::pacing::{EpisodeEnd, Outcome, Pacing};
use crate::time::Instant;
use crate::verdict::{Failure, Reason, Verdict};

impl<const N: usize, P: Pacing> Pulse<N, P> {
    /// Time has come to `now`; the bound may have passed.
    #[inline]
    pub(crate) fn elapse(&mut self, now: Instant) {
        if self.falls_at() <= now && self.is_pending() {
            self.fall();
        }
    }

    /// The bound of a pending verdict has passed.
    #[cold]
    pub(crate) fn fall(&mut self) {
        let reason = if self.verdict == Verdict::Unknown {
            Reason::NeverHeard
        } else {
            Reason::Silent
        };
        self.mark = self.falls_at();
        self.risen = 0;
        self.turn(Verdict::Dead, reason);
        self.replan();
    }

    /// A probe sent at `sent` is overdue at `now`; with a `failure` it failed at once, which says nothing about
    /// round-trip times.
    pub(crate) fn missed(&mut self, sent: Instant, now: Instant, failure: Option<Failure>) {
        self.settings.policy.on_miss(&mut self.state, sent, now);
        if sent <= self.mark && self.verdict == Verdict::Alive {
            self.skipped = self.skipped.saturating_add(1);
            return;
        }
        if self.verdict != Verdict::Dead {
            self.loss.lost();
        }
        self.doubt(failure);
    }

    fn doubt(&mut self, failure: Option<Failure>) {
        if failure.is_none() {
            self.rtt.censored();
        }
        self.episode = true;
        self.risen = 0;
        match self.verdict {
            Verdict::Alive => self.turn(
                Verdict::Suspect,
                failure.map_or(Reason::Overdue, Reason::Failed),
            ),
            Verdict::Dead => self.replan(),
            Verdict::Unknown | Verdict::Suspect | Verdict::Left => {}
        }
    }

    /// The peer was alive at `alive_at`, heard at `now`; `certain` where it is known which probe was answered.
    #[inline]
    pub(crate) fn prove(&mut self, alive_at: Instant, now: Instant, certain: bool) {
        if self.verdict == Verdict::Alive {
            self.mark = self.mark.max(alive_at);
        } else {
            self.revive(alive_at, now, certain);
        }
    }

    #[cold]
    #[inline(never)]
    fn revive(&mut self, alive_at: Instant, now: Instant, certain: bool) {
        if self.verdict == Verdict::Dead {
            return self.rise(alive_at, now, certain);
        }
        if self.verdict != Verdict::Unknown && alive_at < self.mark {
            return;
        }
        self.mark = alive_at;
        self.started = true;
        if self.episode {
            self.end_episode(now, Outcome::Survived);
        }
        self.turn(Verdict::Alive, Reason::Answered);
    }

    #[cold]
    fn rise(&mut self, alive_at: Instant, now: Instant, certain: bool) {
        if self.risen == 0 {
            self.reason = match certain {
                true if alive_at < self.mark => Reason::Refuted,
                true => Reason::Recovered,
                false => Reason::Undecided,
            };
        }
        self.risen = self.risen.saturating_add(1);
        if self.risen < self.settings.limits.rise {
            return;
        }
        self.risen = 0;
        self.mark = alive_at;
        let outcome = match self.reason {
            Reason::Refuted => Outcome::Refuted,
            _ => Outcome::Recovered,
        };
        self.end_episode(now, outcome);
        self.turn(Verdict::Alive, self.reason);
    }

    #[cold]
    fn end_episode(&mut self, now: Instant, outcome: Outcome) {
        let end = EpisodeEnd { now, outcome };
        self.settings.policy.on_episode_end(&mut self.state, &end);
        self.episode = false;
        self.retries = 0;
        self.replan();
    }

    pub(super) const fn turn(&mut self, to: Verdict, reason: Reason) {
        self.verdict = to;
        self.reason = reason;
    }
}
