//! What the server answers, and what else the caller learns.

use core::time::Duration;

use crate::lease::config::granted_us;
use crate::lease::holding::Phase;
use crate::lease::lease::Lease;
use crate::lease::outcome::{GrantOutcome, Refusal, RefusalOutcome};
use crate::lease::request::{Outstanding, RenewalId, What};
use crate::time::{Instant, micros};

impl Lease {
    /// Takes the server's answer that it granted the request called `id` for `ttl`, at `now`.
    ///
    /// `ttl` is what the server counts from the moment at which it processed the request; it may
    /// differ from what was asked for, and from one grant to the next. Where an answer names no
    /// TTL, pass the one that the protocol fixes: one and a half times the keep-alive, the idle
    /// timeout, or the TTL of the [request](crate::lease::Request::ttl) where the server always
    /// grants that. It is rounded down to microseconds and capped at
    /// [`TTL_MAX`](crate::lease::TTL_MAX). A `ttl` of zero is no grant: the lease is lost
    /// ([`Refusal::Expired`]).
    ///
    /// `epoch` is the server's fencing token; pass 0 always where it has none. While the lease is
    /// held, a grant with a lower epoch is [stale](GrantOutcome::Stale), and one with a higher
    /// epoch says that it was given away in between: [`EventKind::Lost`] and
    /// [`EventKind::Regained`] follow.
    ///
    /// [`EventKind::Lost`]: crate::lease::EventKind::Lost
    /// [`EventKind::Regained`]: crate::lease::EventKind::Regained
    pub fn handle_granted(
        &mut self,
        id: RenewalId,
        ttl: Duration,
        epoch: u64,
        now: Instant,
    ) -> GrantOutcome {
        self.look(now);
        let Some(request) = self.take(id) else {
            return GrantOutcome::Unknown;
        };
        if epoch < self.epoch() && self.holding.phase() == Phase::Holding {
            self.counters.count_ignored();
            return GrantOutcome::Stale;
        }
        let ttl_us = granted_us(ttl);
        if ttl_us == 0 {
            self.schedule.refused(request.sent, now);
            self.lose(Refusal::Expired, now);
            return GrantOutcome::Nothing;
        }
        self.grant(request.sent, ttl_us, epoch, now)
    }

    /// Takes the request called `id` off, if its answer can mean anything.
    fn take(&mut self, id: RenewalId) -> Option<Outstanding> {
        let found = self.holding.take(id);
        if found.is_none() {
            self.counters.count_ignored();
        }
        found
    }

    fn grant(&mut self, sent: Instant, ttl_us: u64, epoch: u64, now: Instant) -> GrantOutcome {
        self.counters.count_granted();
        if epoch > self.epoch() && self.holding.phase() == Phase::Holding {
            self.tell_lost(Refusal::EpochChanged, now);
        }
        let before = self.holding.until();
        let allowance = self.config.allowance;
        self.holding.grant(sent, ttl_us, epoch, allowance);
        let (granted_us, asked_us) = (self.holding.granted_us(), self.holding.asked_us());
        self.schedule.plan_for(&self.config, granted_us, asked_us);
        self.settle(sent, before, now)
    }

    /// Draws the consequences of a grant before which the fence was `before`.
    fn settle(&mut self, sent: Instant, before: Instant, now: Instant) -> GrantOutcome {
        let is_held = self.is_held(now);
        self.schedule.granted(sent, now, is_held);
        self.look(now);
        let until = self.holding.until();
        if is_held {
            self.schedule.hasten(until, now);
        } else {
            self.schedule.fence(until);
        }
        if !is_held {
            GrantOutcome::TooLate
        } else if until > before {
            GrantOutcome::Extended
        } else {
            GrantOutcome::Unextended
        }
    }

    /// Takes the server's answer that it refused the request called `id`, at `now`. The refusal of
    /// a renewal ends the holding at once, and so does that of an acquisition sent after the one
    /// that was granted. The lease is then asked for again.
    pub fn handle_refused(&mut self, id: RenewalId, why: Refusal, now: Instant) -> RefusalOutcome {
        self.look(now);
        let Some(request) = self.take(id) else {
            return RefusalOutcome::Unknown;
        };
        self.counters.count_refused();
        self.schedule.refused(request.sent, now);
        if self.holding.is_old_acquisition(&request) {
            return RefusalOutcome::Old;
        }
        if self.holding.phase() != Phase::Holding {
            return RefusalOutcome::NotYet;
        }
        self.lose(why, now);
        RefusalOutcome::Lost
    }

    /// Takes news from the server at `now` that the lease is over, without a request: somebody
    /// deleted the key, the connection or session is closed. It ends the holding at once, and the
    /// lease is asked for again.
    pub fn handle_ended(&mut self, why: Refusal, now: Instant) -> RefusalOutcome {
        self.look(now);
        if self.holding.phase() != Phase::Holding {
            return RefusalOutcome::Unknown;
        }
        self.lose(why, now);
        RefusalOutcome::Lost
    }

    /// Takes the news at `now` that the request called `id` failed: it could not be sent, its
    /// connection broke, or the server answered with an error that says nothing about the lease. It
    /// is retried soon while the lease is held. The server may have processed it, so a grant that
    /// still arrives counts.
    ///
    /// Returns whether the request is outstanding.
    pub fn handle_failed(&mut self, id: RenewalId, now: Instant) -> bool {
        self.look(now);
        let known = self.holding.is_outstanding(id);
        if known {
            self.counters.count_failed();
        }
        if known && self.is_held(now) {
            self.schedule.failed(now);
        }
        known
    }

    /// Takes the server's wish at `now` to be left alone for `wait`, such as by `Retry-After`.
    /// While the lease is held, half of the time left is waited at most: a renewal and a retry
    /// still fit.
    pub fn handle_pushback(&mut self, wait: Duration, now: Instant) {
        self.look(now);
        let wait_us = if self.is_held(now) {
            micros(wait).min(self.holding.until().since(now) / 2)
        } else {
            micros(wait)
        };
        self.schedule.postpone(now.plus(wait_us));
    }

    /// Takes the news that the application sent something to the server at `now` that renews the
    /// lease, such as a publication to an MQTT broker or a packet of a QUIC connection. It counts
    /// where the protocol demands that [something is
    /// sent](crate::lease::Builder::send_within) in time. It does not move the fence: nobody knows
    /// whether it arrived.
    ///
    /// Returns a name for it. If the server acknowledges it, hand that in by
    /// [`handle_granted`](Self::handle_granted): it then counts like a renewal and postpones the
    /// next one. It is `None` where the lease was never granted, and where something was sent less
    /// than a 25th of the TTL ago, whose acknowledgement is as good.
    pub fn handle_sent(&mut self, now: Instant) -> Option<RenewalId> {
        self.look(now);
        let useful = self.holding.phase() == Phase::Holding && self.schedule.other_sent(now);
        useful.then(|| self.holding.send(What::Traffic, now))
    }
}
