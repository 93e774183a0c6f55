//! The server: it knows who holds the lease.

use std::time::Duration;

use systole::lease::{Action, Refusal, Request};

use super::plan::ServerPlan;
use crate::world::{Clock, Random};

/// By what the server tells holders apart: the process, and its holding.
pub(super) type Token = (usize, u32);

/// What it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Granted { ttl: Duration, epoch: u64 },
    Refused(Refusal),
    Released,
}

/// A server with one lease.
#[derive(Debug)]
pub(super) struct Server {
    plan: ServerPlan,
    clock: Clock,
    random: Random,
    holder: Option<Token>,
    /// On its own clock.
    expires_us: u64,
    /// The TTL that it granted last.
    ttl_us: u64,
    epoch: u64,
}

impl Server {
    pub(super) fn new(plan: ServerPlan, seed: u64) -> Self {
        Self {
            plan,
            clock: Clock::new(1_000_000_000, plan.drift_ppm),
            random: Random::of(seed, 7, 0),
            holder: None,
            expires_us: 0,
            ttl_us: 0,
            epoch: 0,
        }
    }

    /// Who holds the lease at `now_us` of true time.
    pub(super) fn holder(&self, now_us: u64) -> Option<Token> {
        let shown_us = self.clock.read(now_us).as_micros();
        self.holder.filter(|_| shown_us < self.expires_us)
    }

    /// Forgets what it granted.
    pub(super) fn break_word(&mut self) {
        self.holder = None;
    }

    pub(super) fn process(&mut self, index: usize, request: &Request, now_us: u64) -> Reply {
        let token = (index, request.holding);
        let current = self.holder(now_us);
        match request.action {
            Action::Acquire if current.is_none() => {
                self.epoch += 1;
                (self.holder, self.expires_us) = (Some(token), 0);
                self.grant(request, now_us)
            }
            Action::Acquire | Action::Renew if current == Some(token) => {
                self.grant(request, now_us)
            }
            Action::Acquire => Reply::Refused(Refusal::HeldByAnother),
            Action::Renew if current.is_none() => Reply::Refused(Refusal::Expired),
            Action::Renew => Reply::Refused(Refusal::HeldByAnother),
            Action::Release => {
                self.holder = current.filter(|holder| *holder != token);
                Reply::Released
            }
        }
    }

    /// Takes something of the holder that renews its lease by the TTL that was granted last, which
    /// the acknowledgement names.
    pub(super) fn touch(&mut self, now_us: u64) -> Reply {
        self.extend(self.ttl_us, now_us);
        Reply::Granted {
            ttl: Duration::from_micros(self.ttl_us),
            epoch: self.epoch,
        }
    }

    fn grant(&mut self, request: &Request, now_us: u64) -> Reply {
        let asked_us = u64::try_from(request.ttl.as_micros()).unwrap_or(u64::MAX);
        let ttl_us = match self.plan.varies {
            true => self.random.between(asked_us / 4, asked_us * 3),
            false => asked_us,
        };
        self.ttl_us = ttl_us;
        self.extend(ttl_us, now_us);
        Reply::Granted {
            ttl: Duration::from_micros(ttl_us),
            epoch: self.epoch,
        }
    }

    fn extend(&mut self, ttl_us: u64, now_us: u64) {
        let until_us = self.clock.read(now_us).as_micros() + ttl_us;
        let until_us = until_us - until_us.checked_rem(self.plan.resolution_us).unwrap_or(0);
        self.expires_us = match self.plan.sets {
            true => until_us,
            false => self.expires_us.max(until_us),
        };
    }
}
