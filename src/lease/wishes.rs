//! What the caller wants of the lease.

use crate::lease::config::Config;
use crate::lease::holding::Phase;
use crate::lease::lease::Lease;
use crate::time::Instant;

impl Lease {
    /// Gives the lease up at `now`. It is not held from this call on, and no event follows. Then
    /// `poll` asks for [`Action::Release`](crate::lease::Action::Release) until
    /// [`handle_released`](Self::handle_released) or until the lease has expired.
    pub fn release(&mut self, now: Instant) {
        self.look(now);
        if matches!(self.holding.phase(), Phase::Idle | Phase::Releasing) {
            return;
        }
        self.holding.release(now);
        self.news.give_up();
        self.schedule.restart(now);
    }

    /// Takes the server's answer at `now` that the lease was released, or that it does not know it.
    /// Returns whether a release was waiting for it.
    pub fn handle_released(&mut self, now: Instant) -> bool {
        self.look(now);
        let releasing = self.holding.phase() == Phase::Releasing;
        if releasing {
            self.holding.end_release();
        }
        releasing
    }

    /// Asks for a lease again that was given up, from `now` on, as a new
    /// [holding](crate::lease::Request::holding).
    pub fn acquire(&mut self, now: Instant) {
        self.look(now);
        if matches!(self.holding.phase(), Phase::Idle | Phase::Releasing) {
            self.seek(now, true);
            self.schedule.restart(now);
        }
    }

    /// Changes the configuration at `now`.
    ///
    /// A shorter TTL takes effect at once: the fence is no later than `now` and what can be
    /// believed of the new TTL, and answers to requests that asked for the old one are unknown. A
    /// longer TTL is asked for from the next [holding](crate::lease::Request::holding) on: a
    /// delayed request that asked for the shorter one may still reach the server. A larger
    /// allowance for clocks moves the fence earlier at once; a smaller one counts from the next
    /// grant on.
    pub fn reconfigure(&mut self, config: Config, now: Instant) {
        self.look(now);
        self.config = config;
        self.holding.allow(config.allowance);
        if config.ttl_us < self.holding.asked_us() {
            self.holding.shorten(config.ttl_us, now, config.allowance);
        } else if self.holding.phase() == Phase::Seeking {
            self.seek(now, true);
        }
        let asked_us = self.holding.asked_us();
        let ttl_us = match self.holding.granted_us() {
            0 => asked_us,
            granted_us => granted_us,
        };
        self.schedule.plan_for(&config, ttl_us, asked_us);
        self.schedule.hasten(now, now);
        self.look(now);
    }

    /// Says at `now` that the clock cannot vouch for the time since the last call: it leapt and is
    /// right again, or it stood still while the process was suspended. The holder is fenced at
    /// once, and the lease is renewed.
    pub fn resync(&mut self, now: Instant) {
        self.holding.observe(now);
        self.distrust(now);
    }
}
