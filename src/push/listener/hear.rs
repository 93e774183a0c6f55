//! What a heartbeat means.

use crate::path::suspicion::SuspicionLevel;
use crate::peer::verdict::{Reason, Verdict};
use crate::push::beat::Beat;
use crate::push::listener::Listener;
use crate::push::listener::arrivals::Step;
use crate::push::listener::flow::{Candidate, Flow, NEAR, Place};
use crate::push::listener::machine::add;
use crate::push::listener::outcome::BeatOutcome;
use crate::time::Instant;

/// The most lost heartbeats of one gap that enter the loss rate, since an outage is not a rate.
const GAP_MAX: u32 = 64;

impl<const N: usize> Listener<N> {
    /// Takes a heartbeat that arrived at `received_at`, which is the time that the network stack
    /// names, or that of reading it. Returns what became of the heartbeat.
    ///
    /// A heartbeat cannot have arrived before the last one. Where `received_at` says so, the clock
    /// ran backwards, and the latest time that the listener was told counts instead.
    pub fn handle_beat(&mut self, beat: &Beat, received_at: Instant) -> BeatOutcome {
        self.look(received_at);
        let received_at = if received_at < self.heard {
            self.clock.now()
        } else {
            received_at
        };
        self.silence = match self.verdict {
            Verdict::Alive => SuspicionLevel::ZERO, // not worth the divisions of a level
            _ => self.level_at(self.clock.seen()),
        };
        let beat = self.config.hold(*beat);
        let outcome = if self.config.authenticated && !beat.authentic {
            self.ignore()
        } else {
            self.sort(&beat, received_at)
        };
        self.settle();
        outcome
    }

    fn sort(&mut self, beat: &Beat, received: Instant) -> BeatOutcome {
        let Some(mut flow) = self.flow else {
            return self.meet(beat, received);
        };
        match flow.place(beat) {
            Place::Next(slots) if self.is_plausible(slots, beat, received) => {
                flow.advance(slots);
                self.flow = Some(flow);
                self.hear(beat, slots, received)
            }
            Place::Next(_) | Place::Other => self.meet(beat, received),
            Place::Replaced => self.ignore(),
            Place::Reordered => {
                flow.note(beat.sequence);
                self.flow = Some(flow);
                self.loss.found();
                self.counters.lost = self.counters.lost.saturating_sub(1);
                add(&mut self.counters.reordered, 1);
                BeatOutcome::Reordered
            }
            Place::Known => {
                add(&mut self.counters.repeated, 1);
                BeatOutcome::Repeated
            }
        }
    }

    /// Returns whether so many slots can have passed since the newest heartbeat, if the sender is
    /// up to a quarter faster than it advertises.
    fn is_plausible(&self, slots: u32, beat: &Beat, received: Instant) -> bool {
        let interval_us = beat.interval_us.min(self.arrivals.interval_us());
        let interval_us = interval_us - interval_us / 4;
        let passed = || self.arrivals.slots_since(received, interval_us);
        slots <= NEAR || self.slept || u64::from(slots - NEAR) <= passed()
    }

    const fn ignore(&mut self) -> BeatOutcome {
        add(&mut self.counters.ignored, 1);
        BeatOutcome::Ignored
    }

    // ---- candidates ----

    /// Takes a heartbeat that does not continue the known life: the first of all, a new
    /// incarnation, a jump of the sequence, or one that is not the peer's.
    fn meet(&mut self, beat: &Beat, received: Instant) -> BeatOutcome {
        let authenticated = self.config.authenticated;
        let believed = match self.flow {
            None => !authenticated || beat.incarnation >= self.config.incarnation_min,
            Some(flow) if authenticated => beat.incarnation >= flow.incarnation,
            Some(_) => self.is_confirmed(beat, received),
        };
        if believed {
            self.adopt(beat, received)
        } else {
            self.ignore()
        }
    }

    /// Returns whether the heartbeat before it announced this life, and the known life is overdue.
    /// A goodbye confirms nothing.
    fn is_confirmed(&mut self, beat: &Beat, received: Instant) -> bool {
        let last = self.candidate.replace(Candidate::new(beat, received));
        let confirmed = last.is_some_and(|last| last.is_confirmed_by(beat, received));
        let silent = self.verdict != Verdict::Alive || self.outlook.overdue <= self.clock.seen();
        confirmed && silent && !beat.goodbye
    }

    /// Begins another life of the peer.
    fn adopt(&mut self, beat: &Beat, received: Instant) -> BeatOutcome {
        let known = self.flow;
        let life = known.map_or_else(|| Flow::new(beat), |known| known.replaced_by(beat));
        self.flow = Some(life);
        self.candidate = None;
        self.arrivals.align(received, beat.interval_us);
        let revival = if known.is_none() {
            Reason::Recovered
        } else {
            add(&mut self.counters.restarts, 1);
            Reason::Restarted
        };
        self.count(beat, 0, received);
        if beat.goodbye {
            return self.leave();
        }
        let alive_at = self.clock.translate(received);
        self.prove(beat, alive_at, revival);
        BeatOutcome::NewLife
    }

    // ---- the peer ----

    /// Takes the heartbeat that comes `slots` after the newest of the known life. A sender that
    /// leaves says goodbye before its slot, so a goodbye tells nothing of the sender's clock.
    fn hear(&mut self, beat: &Beat, slots: u32, received: Instant) -> BeatOutcome {
        let slept = self.slept;
        self.count(beat, slots - 1, received);
        if beat.goodbye {
            return self.leave();
        }
        self.arrivals.take(Step {
            slots,
            interval_us: beat.interval_us,
            received,
            late_us: self.lateness_of(received),
            slept,
        });
        let bound_us = self.bound_of(beat);
        let patience_us = self.config.patience_us(bound_us);
        let anew = self.arrivals.restarts(received, bound_us, patience_us);
        self.judge(beat, anew)
    }

    /// Returns for how long after its send `beat` proves life: as configured, or else as follows
    /// from the path and the sender's clock.
    fn bound_of(&self, beat: &Beat) -> u64 {
        self.config.stated_us(beat).unwrap_or_else(|| {
            let allowance_us = self.arrivals.allowance_us().min(beat.interval_us);
            let tolerated_us = self.config.tolerated_us(beat);
            let silent_us = self.arrivals.announced_us(tolerated_us);
            silent_us.saturating_add(allowance_us)
        })
    }

    /// Accepts the send of the heartbeat as the latest sign of life, unless it is too old.
    fn judge(&mut self, beat: &Beat, anew: bool) -> BeatOutcome {
        let sent = self.arrivals.sent().min(self.clock.now());
        let alive_at = self.clock.translate(sent);
        if self.clock.seen().since(alive_at) > self.bound_of(beat) {
            add(&mut self.counters.stale, 1);
            return BeatOutcome::Stale;
        }
        let revival = match alive_at < self.outlook.dead_at() {
            _ if anew => Reason::Undecided,
            true => Reason::Refuted,
            false => Reason::Recovered,
        };
        self.prove(beat, alive_at, revival);
        BeatOutcome::Fresh
    }

    /// Returns the local lateness that a heartbeat received at `received` may have waited for.
    fn lateness_of(&self, received: Instant) -> u64 {
        let waited = received >= self.woken && self.arrivals.expected() <= self.woken;
        if waited { self.late_us } else { 0 }
    }

    fn count(&mut self, beat: &Beat, lost: u32, received: Instant) {
        self.heard = received;
        let waited_until = self.resumed_at.plus(self.arrivals.interval_us());
        self.slept &= received <= waited_until;
        self.load = beat.load();
        add(&mut self.counters.beats, 1);
        add(&mut self.counters.lost, lost);
        for _ in 0..lost.min(GAP_MAX) {
            self.loss.lost();
        }
        self.loss.answered();
    }

    fn leave(&mut self) -> BeatOutcome {
        self.risen = 0;
        self.load = None;
        self.turn(Verdict::Left, Reason::Left);
        BeatOutcome::Goodbye
    }

    /// Records that the peer was alive at `alive_at`, on observed time.
    fn prove(&mut self, beat: &Beat, alive_at: Instant, revival: Reason) {
        if self.verdict != Verdict::Dead {
            let restarted = matches!(revival, Reason::Restarted);
            let reason = if restarted { revival } else { Reason::Answered };
            return self.live(beat, alive_at, reason);
        }
        if self.risen == 0 {
            self.revival = revival;
        }
        self.risen += 1; // below `rise` until here
        if self.risen >= self.config.rise {
            self.risen = 0;
            self.live(beat, alive_at, self.revival);
        }
    }

    fn live(&mut self, beat: &Beat, alive_at: Instant, reason: Reason) {
        self.turn(Verdict::Alive, reason);
        self.look_ahead(beat, alive_at);
    }

    /// Computes when silence after `beat` becomes suspicious, and when it is death.
    pub(super) fn look_ahead(&mut self, beat: &Beat, alive_at: Instant) {
        let before = self.outlook.bound_us;
        let (stated, bound_us) = (self.config.bound_us, self.bound_of(beat));
        let margin_us = self.arrivals.margin_us();
        let advertised_us = self.arrivals.announced_us(beat.deadline_us);
        let outlook = &mut self.outlook;
        outlook.bound_us = bound_us;
        outlook.mark = outlook.mark.max(alive_at);
        outlook.sent = self.clock.translate(self.arrivals.sent());
        outlook.expected = self.clock.translate(self.arrivals.expected());
        let advertised = outlook.mark.plus(advertised_us);
        outlook.suspect_at(outlook.expected.plus(margin_us).max(advertised));
        self.excused_us = 0;
        if stated > 0 && outlook.bound_us > before.max(stated) {
            self.pending.relaxed(before);
        }
    }
}

#[cfg(test)]
mod tests;
