//! From what is heard and what is not to a verdict.

use super::PeerState;
use crate::pacing::{EpisodeEnd, Outcome, Pacing};
use crate::peer::credit::Credit;
use crate::peer::verdict::{Failure, Reason, Verdict};
use crate::time::Instant;

/// A reply is late if its probe was sent more than a quarter of the bound ago.
const LATE_SHIFT: u32 = 2;
/// The replies in a row after which a dead peer is alive if the last one is late, for policies that
/// [confirm late replies](Pacing::confirms_late_replies).
const REPLIES_IF_LATE: u8 = 2;

impl<const N: usize, P: Pacing> PeerState<N, P> {
    /// Time has come to `now`; the bound may have passed.
    #[inline]
    pub(crate) fn elapse(&mut self, now: Instant) {
        if self.left_us(now) == 0 {
            self.fall(now);
        }
    }

    /// The probe sent at `sent` was the last one before the bound, and nothing more can come of it: what is left is not waited for.
    pub(crate) fn conclude(&mut self, sent: Instant, now: Instant) {
        if self.is_pending() && self.wait_if_missed_us(sent) >= self.left_us(sent) {
            self.fall(now);
        }
    }

    /// The bound has passed, although no probe is overdue: a peer that was heard is suspected before it is dead.
    pub(crate) const fn suspect(&mut self) {
        self.episode = true;
        self.turn(Verdict::Suspect, Reason::Overdue);
    }

    /// A pending verdict falls, at the latest now.
    #[cold]
    pub(crate) fn fall(&mut self, now: Instant) {
        let reason = if self.verdict == Verdict::Unknown {
            Reason::NeverHeard
        } else {
            Reason::BoundElapsed
        };
        self.fall_for(reason, now);
    }

    fn fall_for(&mut self, reason: Reason, now: Instant) {
        self.mark = now;
        self.credit = Credit::NONE;
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
        self.refuse(failure, now);
    }

    /// Where that is configured, so many refusals in a row are enough.
    fn refuse(&mut self, failure: Option<Failure>, now: Instant) {
        let Some(refused) = failure.filter(|failure| failure.is_refusal()) else {
            self.refusals = 0;
            return;
        };
        self.refusals = self.refusals.saturating_add(1);
        let enough = self.settings.limits.refusals;
        if enough > 0 && self.refusals >= enough && self.is_pending() {
            self.fall_for(Reason::Failed(refused), now);
        }
    }

    fn doubt(&mut self, failure: Option<Failure>) {
        if failure.is_none() {
            self.rtt.censored();
        }
        self.episode = true;
        if self.verdict == Verdict::Alive {
            let reason = failure.map_or(Reason::Overdue, Reason::Failed);
            self.turn(Verdict::Suspect, reason);
        } else if self.verdict == Verdict::Dead {
            self.replan();
        }
    }

    /// The peer was alive at `alive_at`, heard at `now`; `certain` where it is known which probe was answered.
    #[inline]
    pub(crate) fn prove(&mut self, alive_at: Instant, now: Instant, certain: bool) {
        if self.verdict == Verdict::Alive || self.revives(alive_at, now, certain) {
            self.mark = self.mark.max(alive_at);
            self.credit.heard(alive_at);
        }
    }

    /// The same of a peer that is `Alive`, by the answer to the last probe, sent at `sent`.
    #[inline]
    pub(crate) fn affirm(&mut self, sent: Instant) {
        debug_assert!(self.verdict == Verdict::Alive && self.mark <= sent);
        self.mark = sent;
        self.credit.heard(sent);
    }

    /// Whether that makes the peer `Alive`, which it was not.
    #[cold]
    #[inline(never)]
    fn revives(&mut self, alive_at: Instant, now: Instant, certain: bool) -> bool {
        self.refusals = 0;
        let dead = self.verdict == Verdict::Dead;
        if dead && !self.rises(alive_at, now, certain) {
            return false;
        }
        if self.verdict == Verdict::Suspect && alive_at < self.mark {
            return false;
        }
        if dead || !self.started {
            self.mark = alive_at; // else it may be later than what traffic proves
        }
        self.started = true;
        let reason = if dead { self.reason } else { Reason::Answered };
        if dead || self.episode {
            self.end_episode(now, reason);
        }
        self.turn(Verdict::Alive, reason);
        true
    }

    /// A probe since the last answer was lost: those that bring a dead peer back are counted anew.
    pub(crate) const fn break_row(&mut self) {
        self.risen = 0;
    }

    /// Whether a dead peer has answered often enough to be alive again; the first answer decides what its death was.
    #[cold]
    fn rises(&mut self, alive_at: Instant, now: Instant, certain: bool) -> bool {
        if self.risen == 0 {
            self.reason = match certain {
                true if alive_at < self.mark => Reason::Refuted,
                true => Reason::Recovered,
                false => Reason::Undecided,
            };
        }
        self.risen = self.risen.saturating_add(1);
        let late = now.since(alive_at) > self.plan.bound_us() >> LATE_SHIFT;
        let rises = self.risen >= self.replies_to_rise(late);
        if rises {
            self.risen = 0;
        }
        rises
    }

    /// Returns the number of replies in a row after which a dead peer is alive, if the last one is
    /// late or not.
    pub(super) fn replies_to_rise(&self, late: bool) -> u8 {
        let confirms = late && self.settings.policy.confirms_late_replies();
        let least = if confirms { REPLIES_IF_LATE } else { 1 };
        self.settings.limits.rise.max(least)
    }

    #[cold]
    fn end_episode(&mut self, now: Instant, reason: Reason) {
        let outcome = match reason {
            Reason::Answered => Outcome::Survived,
            Reason::Refuted => Outcome::Refuted,
            _ => Outcome::Recovered,
        };
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
