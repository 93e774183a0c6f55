//! Until when the holder may act. Law 10 rests on this file alone.

use crate::math::fixed_point::divided;
use crate::math::saturating;
use crate::time::Instant;

/// What is taken off a TTL because clocks are not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Allowance {
    pub(super) drift_ppm: u32,
    pub(super) resolution_us: u64,
}

const MILLION: u64 = 1_000_000;

impl Allowance {
    /// Returns how much of `ttl_us` on the server's clock has surely not passed while so much has
    /// passed on the holder's: the TTL less the drift, rounded up, and the server's resolution.
    pub(super) const fn believed_us(self, ttl_us: u64) -> u64 {
        let drift_us = divided(
            saturating::plus(ttl_us.saturating_mul(self.drift_ppm as u64), MILLION - 1),
            MILLION,
        );
        saturating::minus(ttl_us, saturating::plus(drift_us, self.resolution_us))
    }
}

/// The fence: the moment after which the server may have given the lease away.
///
/// It is the send time of the newest acknowledged request, plus what can be believed of the TTL
/// that was granted. The server counts from the moment at which it processes the request, which is
/// no earlier than the send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    /// The latest moment of any call.
    seen: Instant,
    /// When the newest acknowledged request was sent.
    sent: Instant,
    /// The TTL that was granted to it; 0 where nothing is granted.
    ttl_us: u64,
    /// The fence itself; [`Instant::ZERO`] where nothing is granted.
    until: Instant,
}

impl Fence {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            seen: now,
            sent: Instant::ZERO,
            ttl_us: 0,
            until: Instant::ZERO,
        }
    }

    pub(super) const fn seen(&self) -> Instant {
        self.seen
    }

    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// Returns when the newest acknowledged request was sent.
    pub(super) const fn sent(&self) -> Instant {
        self.sent
    }

    /// Returns the TTL that was granted last; 0 where nothing is granted.
    pub(super) const fn ttl_us(&self) -> u64 {
        self.ttl_us
    }

    /// Records the moment of a call. Returns whether time ran forwards. If it ran backwards, nobody
    /// knows how much time has passed since the grant, so the grant ends.
    pub(super) const fn observe(&mut self, now: Instant) -> bool {
        let forwards = now.as_micros() >= self.seen.as_micros();
        self.seen = now;
        if !forwards {
            self.close();
        }
        forwards
    }

    /// Ends what was granted.
    pub(super) const fn close(&mut self) {
        self.sent = Instant::ZERO;
        self.ttl_us = 0;
        self.until = Instant::ZERO;
    }

    /// Returns whether the holder may act at `now`. Before the latest moment seen it may not: that
    /// clock ran backwards.
    pub(super) const fn is_open(&self, now: Instant) -> bool {
        let now_us = now.as_micros();
        now_us >= self.seen.as_micros() && now_us < self.until.as_micros()
    }

    /// Records that the server granted `ttl_us` to the request sent at `sent`.
    ///
    /// A request that was sent before the newest acknowledged one extends nothing. The server may
    /// nevertheless have processed it later, so a shorter TTL that it was granted counts from the
    /// newest send.
    pub(super) fn grant(&mut self, sent: Instant, ttl_us: u64, allowance: Allowance) {
        if self.ttl_us > 0 && sent <= self.sent {
            self.shorten(self.sent, ttl_us, allowance);
            return;
        }
        self.sent = sent;
        self.ttl_us = ttl_us;
        self.until = sent.plus(allowance.believed_us(ttl_us));
    }

    /// Records that requests sent from `from` on may be granted only `ttl_us`, whether or not their
    /// answers arrive.
    pub(super) const fn shorten(&mut self, from: Instant, ttl_us: u64, allowance: Allowance) {
        if self.ttl_us > 0 {
            self.sent = self.sent.max(from);
            self.ttl_us = saturating::min(self.ttl_us, ttl_us);
            self.limit(self.sent.plus(allowance.believed_us(self.ttl_us)));
        }
    }

    /// Moves the fence no later than `until`.
    const fn limit(&mut self, until: Instant) {
        self.until = self.until.min(until);
    }

    /// Moves the fence earlier where `allowance` is larger than the one that it was computed with.
    pub(super) const fn allow(&mut self, allowance: Allowance) {
        self.limit(self.sent.plus(allowance.believed_us(self.ttl_us)));
    }

    pub(super) fn is_valid(&self) -> bool {
        self.until <= self.sent.plus(self.ttl_us)
    }
}

#[cfg(test)]
mod tests;
