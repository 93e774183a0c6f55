//! What arrives: replies, other traffic, failures, probes that could not be sent.

use core::time::Duration;

use crate::math::saturating;
use crate::monitor::Monitor;
use crate::monitor::wakes::Wakes;
use crate::pacing::{Answer, Pacing};
use crate::path::suspicion::SuspicionLevel;
use crate::peer::counters::one_more;
use crate::peer::outcome::{ProbeOutcome, Receipt, ReceiptKind, ReplyOutcome};
use crate::peer::probe::{Fate, Label, Probe, ProbeId};
use crate::peer::verdict::{Failure, Verdict};
use crate::time::{Instant, micros, saturate};

/// Traffic postpones a probe to at most this many intervals after the last one.
const PUT_OFF: u64 = 8;

impl<const N: usize, P: Pacing> Monitor<N, P> {
    /// Records that the reply to probe `id` arrived at `received_at`: the moment that the network
    /// stack states, or that of reading it. Returns what became of it.
    pub fn handle_reply(&mut self, id: ProbeId, received_at: Instant) -> ReplyOutcome {
        self.handle_reply_with(id, received_at, Duration::ZERO)
    }

    /// Records a reply like [`handle_reply`](Self::handle_reply), from a peer that held the probe
    /// for `server_delay` before it replied. The path did not cause that delay, so it is no part of
    /// the round-trip time, but the timeout waits for it.
    pub fn handle_reply_with(
        &mut self,
        id: ProbeId,
        received_at: Instant,
        server_delay: Duration,
    ) -> ReplyOutcome {
        self.reply(id, received_at, server_delay).into()
    }

    #[inline(never)]
    pub(super) fn reply(
        &mut self,
        id: ProbeId,
        received_at: Instant,
        server_delay: Duration,
    ) -> Receipt {
        self.look(received_at);
        let receipt = match Label::open(id, self.key.0, self.clock.seen()) {
            Some(label) if label.incarnation == self.incarnation => {
                self.hear(label, received_at, micros(server_delay))
            }
            _ => Receipt::IGNORED,
        };
        if !receipt.is_answer() {
            self.ignore();
        }
        self.settle();
        receipt
    }

    fn hear(&mut self, label: Label, received_at: Instant, server_delay_us: u64) -> Receipt {
        let age = self.clock.seen_at(received_at).since(label.sent);
        // What is not outstanding is a duplicate, unless it is newer than every answered probe. The
        // time in an id wraps after 12.7 days; such an id counts as newer, never as forgotten.
        let known = self.outstanding.find(label).map(|probe| {
            let fate = core::mem::replace(&mut probe.fate, Fate::Settled);
            (fate, self.clock.units_late_since(probe.lateness))
        });
        let (fate, late_units) = match known {
            Some(known) => known,
            None if label.sent > self.proof && self.outstanding.may_have_forgotten(label) => {
                (self.forgotten_fate(label.count), u16::MAX)
            }
            None => return Receipt::IGNORED,
        };
        if fate == Fate::Settled {
            return Receipt::IGNORED;
        }
        self.end_thinned_before(label.count);
        let timed = matches!(fate, Fate::Waiting | Fate::Overdue) || fate.is_excused();
        let late_us = self.clock.late_since_us(label.sent, late_units);
        let age = self.peer.likely_us(age, late_us, label.count);
        let rtt_us = timed.then(|| saturate(saturating::minus(age, server_delay_us)));
        let held_us = saturate(saturating::min(age, server_delay_us));
        let receipt = self.answered(label.sent, rtt_us, held_us, fate);
        if receipt.proves_life() {
            self.prove(label.sent, true);
            self.allow_sent();
        }
        receipt
    }

    /// Extends the bound in force so that a reply to the first probe since the last proof of life
    /// is waited for.
    #[inline(never)]
    fn allow_sent(&mut self) {
        self.loosen(); // an extension that has ended is dropped first
        let next = self.outstanding.first_open_after(self.peer.mark());
        let next_sent = next.map_or(self.clock.translate(self.next), |next| next.sent);
        self.peer.allow_sent(next_sent);
    }

    /// Records a reply that does not say which probe it answers.
    ///
    /// Peers are assumed to reply in order. So the reply proves life at the send time of the oldest
    /// probe that may still be answered. It is a sample only if no other probe may be answered.
    /// Probes sent before that one count neither as lost nor as answered, because their replies may
    /// still follow. If a reply arrives about one usual round trip after the latest probe, the
    /// earlier ones were lost.
    ///
    /// If this leaves less time than the next probe needs, the bound in force is longer until that
    /// probe is answered. At most eight outstanding probes are distinguished. With more, a reply is
    /// assigned to a later probe than it answers, and a crash may be detected after the bound. Use
    /// ids if round trips take longer than eight intervals.
    ///
    /// If only some replies of a peer name their probe, a probe that a reply without id has settled
    /// may be answered once more by its id.
    ///
    /// Returns what became of the reply.
    pub fn handle_reply_any(&mut self, received_at: Instant) -> ReplyOutcome {
        self.reply_any(received_at).into()
    }

    #[inline(never)]
    fn reply_any(&mut self, received_at: Instant) -> Receipt {
        self.look(received_at);
        let at = self.clock.seen_at(received_at);
        let since = at.minus(self.peer.plan().bound_us()); // an older one would be stale
        let latest = self.outstanding.latest_open(since);
        let latest = latest.filter(|&sent| self.peer.is_usual_us(at.since(sent)));
        let usual = latest.is_some();
        if let Some(sent) = latest {
            self.continue_row(sent);
        }
        let before = self.outstanding.count();
        let answered = self.outstanding.answer_any(since, usual);
        let receipt = if let Some((probe, only)) = answered {
            let answered = u8::from(probe.fate.is_outstanding());
            self.abandon(before - self.outstanding.count() - answered);
            self.end_thinned(0);
            self.hear_any(&probe, only, at)
        } else {
            self.ignore();
            Receipt::IGNORED
        };
        self.settle();
        receipt
    }

    /// `probe`, which may be the `only` one, is taken to be answered at `at`.
    fn hear_any(&mut self, probe: &Probe, only: bool, at: Instant) -> Receipt {
        let late_units = self.clock.units_late_since(probe.lateness);
        let late_us = self.clock.late_since_us(probe.sent, late_units);
        let age = at.since(probe.sent);
        let rtt_us = only.then(|| saturate(self.peer.likely_us(age, late_us, probe.count)));
        let receipt = self.answered(probe.sent, rtt_us, 0, probe.fate);
        if receipt.proves_life() {
            self.prove(probe.sent, only);
        }
        let waits = self.outstanding.latest_of(|fate| fate == Fate::Waiting);
        if self.peer.verdict() == Verdict::Alive && waits.is_none() {
            self.peer.allow_lead(self.clock.translate(self.next));
        }
        receipt
    }

    /// Records that something other than a reply arrived from the peer. It proves life one timeout
    /// earlier, because its send time is unknown.
    ///
    /// It postpones the next probe to one interval after that moment, but at most seven probes in a
    /// row, so that round trips are still measured. Under a
    /// [`Lifetime`](crate::pacing::Lifetime) it postpones nothing, unless traffic
    /// [refreshes the flow](crate::pacing::LifetimeRange::refreshed_by_traffic). Data *sent* to the
    /// peer proves nothing: do not report it.
    pub fn handle_traffic(&mut self, received_at: Instant) {
        self.look(received_at);
        let longest_us = u64::from(self.peer.plan().timeout_us());
        let arrived_at = self.clock.seen_at(received_at);
        self.peer.traffic(arrived_at);
        let alive_at = arrived_at.minus(longest_us);
        self.continue_row(alive_at);
        if self.peer.is_fresh(self.clock.seen().since(alive_at)) {
            self.prove(alive_at, false);
        }
        self.put_off(received_at.min(self.clock.now()).minus(longest_us));
        self.settle();
    }

    /// Postpones the next probe to one interval after `alive_at`, when the peer was alive, on the
    /// caller's clock.
    fn put_off(&mut self, alive_at: Instant) {
        let interval = self.peer.interval_us();
        if self.peer.yields_to_traffic()
            && self.peer.verdict() == Verdict::Alive
            && self.counters.probes > 0
        {
            let last = self.sent.plus(interval.saturating_mul(PUT_OFF));
            self.next = self.next.max(alive_at.plus(interval).min(last));
        }
    }

    /// Records that probe `id` failed before its timeout: the connection was refused or reset, or
    /// the reply was invalid. It ends at `now`, and retries continue. Returns what became
    /// of it: `Failed` or `Ignored`.
    pub fn handle_failure(&mut self, id: ProbeId, failure: Failure, now: Instant) -> ProbeOutcome {
        self.look(now);
        let outcome = match self.take(id, |fate| fate == Fate::Waiting, Fate::Void) {
            Some(probe) => {
                one_more(&mut self.counters.failed);
                self.last_failure = Some(failure);
                self.fail(probe, failure);
                ProbeOutcome::Failed
            }
            None => self.ignore(),
        };
        self.settle();
        outcome
    }

    pub(super) fn fail(&mut self, probe: Probe, failure: Failure) {
        let label = Label {
            sent: probe.sent,
            count: probe.count,
            incarnation: self.incarnation,
        };
        self.end_thinned_before(probe.count);
        self.miss(probe.sent, Some(failure));
        if let Some(slot) = self.outstanding.find(label) {
            slot.fate = Fate::Failed;
        }
    }

    /// Gives probe `id` the fate `becomes` if `is` accepts its present fate. Returns the probe
    /// as it was.
    pub(super) fn take(
        &mut self,
        id: ProbeId,
        is: impl Fn(Fate) -> bool,
        becomes: Fate,
    ) -> Option<Probe> {
        let label = Label::open(id, self.key.0, self.clock.seen())?;
        let of_now = label.incarnation == self.incarnation;
        let probe = self
            .outstanding
            .find(label)
            .filter(|probe| of_now && is(probe.fate))?;
        let was = *probe;
        probe.fate = becomes;
        Some(was)
    }

    pub(super) const fn ignore(&mut self) -> ProbeOutcome {
        one_more(&mut self.counters.ignored);
        ProbeOutcome::Ignored
    }

    /// Records that a probe sent at `sent` was answered. A lost probe since the last answered one
    /// ends the row of replies. An overdue probe does not, because it may still be answered: if
    /// round trips are longer than the timeout, all are overdue at first.
    fn continue_row(&mut self, sent: Instant) {
        if self.outstanding.is_lost_within(self.proof, sent) {
            self.peer.break_row();
        }
    }

    /// Learns from the answer to the probe sent at `sent`. It is stale, and proves no life, if it is
    /// older than both the bound that was in force and the present one.
    fn answered(
        &mut self,
        sent: Instant,
        rtt_us: Option<u32>,
        held_us: u32,
        fate: Fate,
    ) -> Receipt {
        self.continue_row(sent);
        let late = !fate.is_outstanding();
        one_more(if late {
            &mut self.counters.late
        } else {
            &mut self.counters.answered
        });
        let now = self.clock.seen();
        let was_fresh = self.peer.is_fresh(now.since(sent));
        self.failures.succeed(sent);
        let answer = Answer {
            sent,
            now,
            rtt_us,
            held_us,
        };
        self.peer.learn(&answer, late);
        self.loosen();
        let mut kind = if late {
            ReceiptKind::Late
        } else {
            ReceiptKind::Fresh
        };
        if !was_fresh && !self.peer.is_fresh(now.since(sent)) {
            one_more(&mut self.counters.stale);
            self.hasten();
            kind = ReceiptKind::Stale;
        }
        self.proof = self.proof.max(sent); // no duplicate counts again, however old
        Receipt::new(kind, rtt_us)
    }

    /// The peer was alive at `alive_at`, on observed time, which is not too long ago.
    fn prove(&mut self, alive_at: Instant, certain: bool) {
        let seen = self.clock.seen();
        self.proof = self.proof.max(alive_at);
        let before = self.peer.verdict();
        let level = self.level_now();
        self.failures.heard();
        self.end_excuse();
        self.wakes = Wakes::NONE;
        self.late_us = 0;
        self.peer.prove(alive_at, seen, certain);
        if before == Verdict::Dead && self.peer.verdict() == Verdict::Alive {
            self.peer.credit_since(alive_at);
            self.peer.prove(self.proof, seen, certain); // a later probe may have been answered before
        }
        self.peer.limit_credit();
        self.announce(before, level);
        if self.peer.verdict() == Verdict::Alive {
            self.forgotten = SuspicionLevel::ZERO;
        }
        self.reschedule();
    }
}
