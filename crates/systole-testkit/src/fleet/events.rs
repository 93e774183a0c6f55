//! What the fleet tells.

use systole::pacing::Pacing;
use systole::{
    Event, EventKind, Reason, Verdict,
    fleet::{self, PeerKey},
};

use super::run::Run;
use super::truth::micros;
use crate::world::{Law, Violation, mixed};

impl<P: Pacing + Copy> Run<'_, P> {
    pub(super) fn events(&mut self, now_us: u64) -> Result<(), Violation> {
        let events = self.fleet.events().collect::<Vec<_>>();
        let mut pauses = 0;
        let has_gap = events.last().is_some_and(|last| {
            let count = u32::try_from(events.len()).unwrap_or(u32::MAX);
            last.number != self.number.wrapping_add(count)
        });
        // "where the caller drains too seldom, the latest event of a kind stays"
        let skips = events.iter().any(|it| self.skips(it));
        if has_gap && !skips && events.len() < self.truths.iter().flatten().count() {
            return Err(Violation::new(
                Law::Accounts,
                "event numbers show a gap",
                now_us,
                format!("{events:?}"),
            ));
        }
        self.account.has_gap |= has_gap;
        for event in events {
            let fleet::PeerEvent { peer, kind, .. } = event.kind;
            self.happenings += 1;
            self.number = event.number;
            self.journal.call(|| format!("// {event:?} of {peer:?}"));
            if self.plan.twice {
                self.digest = format!("{event:?}")
                    .bytes()
                    .fold(self.digest, |sum, byte| mixed(sum, byte.into()));
            }
            match kind {
                EventKind::Transition(it) => self.transition(peer, it, has_gap, now_us)?,
                EventKind::Paused { lateness, .. } => {
                    pauses += 1;
                    self.account.pauses += 1;
                    self.paused(peer, micros(lateness), pauses, now_us)?;
                }
                EventKind::Blind { since, .. } if peer.is_none() => {
                    self.blind(since.as_micros().saturating_sub(self.plan.start_us), now_us)?;
                }
                _ => {}
            }
        }
        if has_gap {
            self.catch_up(now_us);
        }
        Ok(())
    }

    /// Whether the event before this one was replaced by it.
    pub(super) fn skips(&self, it: &Event<fleet::PeerEvent>) -> bool {
        let (Some(peer), EventKind::Transition(transition)) = (it.kind.peer, it.kind.kind) else {
            return false;
        };
        let told = self.truths.iter().flatten().find(|truth| truth.key == peer);
        told.is_some_and(|truth| truth.verdict != transition.from)
    }

    /// Nothing could be sent for a bound: every verdict is unknown, and one event tells so.
    pub(super) fn blind(&mut self, since_us: u64, now_us: u64) -> Result<(), Violation> {
        let mut is_blocked = false;
        for truth in self.truths.iter_mut().flatten() {
            is_blocked |= truth.blocked_us.is_some_and(|us| us <= now_us);
            // it is told in the drain in which the first probe leaves that can
            is_blocked |= truth.unblocked_us == Some(now_us);
            truth.blind(now_us);
        }
        if is_blocked && since_us < now_us {
            return Ok(());
        }
        let kind = "blind though no send failed";
        Err(Violation::new(Law::LocalTrouble, kind, now_us, since_us))
    }

    pub(super) fn paused(
        &self,
        peer: Option<PeerKey>,
        lateness_us: u64,
        pauses: u32,
        now_us: u64,
    ) -> Result<(), Violation> {
        let kind = if peer.is_some() {
            "a pause of ours is told of a peer"
        } else if pauses > 1 {
            "one pause is told more than once"
        } else if lateness_us > self.ours.late_us {
            "a pause is told that is longer than ours"
        } else {
            return Ok(());
        };
        Err(Violation::new(
            Law::Accounts,
            kind,
            now_us,
            format!("{lateness_us} us"),
        ))
    }

    pub(super) fn transition(
        &mut self,
        peer: Option<PeerKey>,
        it: systole::Transition,
        has_gap: bool,
        now_us: u64,
    ) -> Result<(), Violation> {
        let (to, revived) = (it.to, it.from == Verdict::Dead && it.to == Verdict::Alive);
        self.account.suspect += u64::from(to == Verdict::Suspect);
        self.account.dead += u64::from(to == Verdict::Dead);
        self.account.revived += u64::from(revived);
        self.journal
            .coverage
            .saw_if(it.reason == Reason::Refuted, "a false death was refuted");
        let place = peer.and_then(|key| self.places.get(key.index()).copied().flatten());
        let Some(slot) = place.filter(|&slot| self.truths[slot].as_ref().map(|it| it.key) == peer)
        else {
            return Ok(()); // "Events of it that are pending stay."
        };
        let truth = self.truths[slot].as_mut().unwrap();
        if !has_gap && truth.verdict != it.from {
            let detail = format!("peer {slot} was told {:?}, now {it:?}", truth.verdict);
            return Err(Violation::new(
                Law::Accounts,
                "a transition from a verdict that was not told",
                now_us,
                detail,
            ));
        }
        if to == Verdict::Dead && it.level.as_milli() == 0 && truth.proof_us.is_some() {
            return Err(Violation::new(
                Law::Suspicion,
                "dead at level 0",
                now_us,
                format!("{it:?}"),
            ));
        }
        if to == Verdict::Dead && !has_gap && it.from == Verdict::Alive {
            return Err(Violation::new(
                Law::Suspicion,
                "dead without a suspicion",
                now_us,
                format!("{it:?}"),
            ));
        }
        self.proof(slot, it.reason, now_us)?;
        self.truths[slot].as_mut().unwrap().told(to, now_us)?;
        self.state(slot, now_us);
        Ok(())
    }

    /// Whether an end of `Dead` is called what it is.
    pub(super) fn proof(&self, slot: usize, reason: Reason, now_us: u64) -> Result<(), Violation> {
        let truth = self.truths[slot].as_ref().unwrap();
        let (Some(dead_us), Some(proof_us)) = (truth.dead_us, truth.proof_us) else {
            return Ok(());
        };
        let kind = match reason {
            Reason::Refuted
                if proof_us > dead_us && self.plan.settings.replies() == 1 && truth.is_clean =>
            {
                return Ok(());
            }
            Reason::Recovered if proof_us < dead_us => {
                "recovered by an answer to a probe from before"
            }
            _ => return Ok(()),
        };
        let detail = format!("peer {slot}: dead at {dead_us} us, answered probe of {proof_us} us");
        Err(Violation::new(Law::Proof, kind, now_us, detail))
    }

    /// Takes over verdicts whose events were lost.
    pub(super) fn catch_up(&mut self, now_us: u64) {
        for slot in 0..self.truths.len() {
            let Some(truth) = &mut self.truths[slot] else {
                continue;
            };
            if let Some(verdict) = self
                .fleet
                .verdict(truth.key)
                .filter(|it| *it != truth.verdict)
            {
                let _ = truth.told(verdict, now_us);
                self.state(slot, now_us);
            }
        }
    }
}
