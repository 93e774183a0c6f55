//! What the caller wants, what the server granted, and which requests are outstanding.

use crate::lease::fence::{Allowance, Fence};
use crate::lease::request::{Action, Outstanding, RenewalId, Requests, What};
use crate::time::Instant;

/// What the caller wants, and what the server said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The caller does not want the lease.
    Idle,
    /// The lease is asked for.
    Seeking,
    /// The server granted the lease and has not ended it. It may be fenced.
    Holding,
    /// The lease is given back.
    Releasing,
}

impl Phase {
    /// Returns what is asked of the server.
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Holding => Action::Renew,
            Self::Releasing => Action::Release,
            Self::Seeking | Self::Idle => Action::Acquire,
        }
    }
}

/// One holding after another, with the fence of the present one.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    phase: Phase,
    /// The TTL that this holding asks for.
    asked_us: u64,
    fence: Fence,
    requests: Requests,
    epoch: u64,
    /// When a release need not be repeated any more: the lease has expired.
    released_by: Instant,
}

impl Holding {
    pub(super) const fn new(asked_us: u64, now: Instant) -> Self {
        Self {
            phase: Phase::Seeking,
            asked_us,
            fence: Fence::new(now),
            requests: Requests::NEW,
            epoch: 0,
            released_by: Instant::ZERO,
        }
    }

    // ---- queries ----

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) const fn asked_us(&self) -> u64 {
        self.asked_us
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) const fn released_by(&self) -> Instant {
        self.released_by
    }

    /// Returns the number of this holding.
    pub(super) const fn number(&self) -> u32 {
        self.requests.holding()
    }

    /// Returns the fence; [`Instant::ZERO`] where nothing is granted.
    pub(super) const fn until(&self) -> Instant {
        self.fence.until()
    }

    /// Returns the TTL that was granted last; 0 where nothing is granted.
    pub(super) const fn granted_us(&self) -> u64 {
        self.fence.ttl_us()
    }

    /// Returns the latest moment of any call.
    pub(super) const fn seen(&self) -> Instant {
        self.fence.seen()
    }

    pub(super) fn is_held(&self, now: Instant) -> bool {
        self.phase == Phase::Holding && self.fence.is_open(now)
    }

    /// Returns whether `request` is an acquisition that was sent no later than the newest request
    /// that was granted, so that its refusal is old.
    pub(super) fn is_old_acquisition(&self, request: &Outstanding) -> bool {
        let acquisition = request.what == What::Request(Action::Acquire);
        self.phase == Phase::Holding && acquisition && request.sent <= self.fence.sent()
    }

    pub(super) fn is_outstanding(&self, id: RenewalId) -> bool {
        self.requests.is_outstanding(id)
    }

    pub(super) fn is_valid(&self) -> bool {
        let closed = self.phase == Phase::Holding || self.fence.ttl_us() == 0;
        self.fence.is_valid() && closed
    }

    // ---- time ----

    /// Records the moment of a call. Returns whether time ran forwards.
    pub(super) const fn observe(&mut self, now: Instant) -> bool {
        self.fence.observe(now)
    }

    /// Ends what was granted, and forgets requests whose send times mean nothing any more.
    pub(super) const fn distrust(&mut self, now: Instant) {
        self.fence.close();
        self.requests.forget();
        self.released_by = self.released_by.min(now.plus(self.asked_us));
    }

    /// Ends a release whose lease has expired.
    pub(super) fn expire_release(&mut self, now: Instant) {
        if self.phase == Phase::Releasing && now >= self.released_by {
            self.phase = Phase::Idle;
        }
    }

    // ---- requests and answers ----

    pub(super) fn send(&mut self, what: What, now: Instant) -> RenewalId {
        self.requests.send(what, now)
    }

    /// Takes the request called `id` off, if its answer can mean anything.
    pub(super) fn take(&mut self, id: RenewalId) -> Option<Outstanding> {
        match self.phase {
            Phase::Seeking | Phase::Holding => self.requests.take(id),
            Phase::Idle | Phase::Releasing => None,
        }
    }

    /// Records that the server granted `ttl_us` to the request sent at `sent`.
    pub(super) fn grant(&mut self, sent: Instant, ttl_us: u64, epoch: u64, allowance: Allowance) {
        (self.phase, self.epoch) = (Phase::Holding, epoch);
        self.fence.grant(sent, ttl_us, allowance);
    }

    // ---- wishes ----

    /// Ends the present holding, and begins the next one, which asks for `asked_us`.
    pub(super) const fn seek(&mut self, asked_us: u64) {
        self.fence.close();
        self.requests.next_holding();
        (self.phase, self.asked_us) = (Phase::Seeking, asked_us);
    }

    /// Gives the lease back.
    pub(super) const fn release(&mut self, now: Instant) {
        self.fence.close();
        self.requests.forget();
        self.released_by = now.plus(self.asked_us);
        self.phase = Phase::Releasing;
    }

    /// Records that the server has the lease back.
    pub(super) const fn end_release(&mut self) {
        self.requests.forget();
        self.phase = Phase::Idle;
    }

    /// Moves the fence earlier where `allowance` is larger.
    pub(super) const fn allow(&mut self, allowance: Allowance) {
        self.fence.allow(allowance);
    }

    /// Asks for the shorter `asked_us` from now on. Answers to requests that asked for more are
    /// unknown.
    pub(super) const fn shorten(&mut self, asked_us: u64, now: Instant, allowance: Allowance) {
        self.asked_us = asked_us;
        self.requests.forget();
        self.fence.shorten(now, asked_us, allowance);
    }
}
