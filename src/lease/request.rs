//! Requests to the server, and which of them are outstanding.

use core::fmt;

use core::time::Duration;

use crate::time::Instant;

/// Names a request of a lease, or something of the application that renews it too. Hand it back
/// with the server's answer.
///
/// It is a count, so it is no secret and need not be sent: the caller matches answers to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RenewalId(u32);

impl From<u32> for RenewalId {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl From<RenewalId> for u32 {
    fn from(id: RenewalId) -> Self {
        id.0
    }
}

impl fmt::Display for RenewalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Action {
    /// Get the lease, which is not held. The server has to treat a repetition with the token of
    /// the same [holding](Request::holding) as the same acquisition: the first one may have been
    /// granted, and its answer lost.
    Acquire,
    /// Extend the lease, if this holder still has it.
    Renew,
    /// Give the lease back, if this holder still has it.
    Release,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Acquire => "acquire",
            Self::Renew => "renew",
            Self::Release => "release",
        })
    }
}

/// A request that is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Request {
    /// Names the request.
    pub id: RenewalId,
    /// What to ask for.
    pub action: Action,
    /// The TTL to ask for.
    pub ttl: Duration,
    /// The number of this holding, from 1: it rises with every [`Action::Acquire`] that begins a
    /// new attempt after the lease was lost or released. Make the token by which the server tells
    /// holders apart from it and from something that no other process has. Then no delayed request
    /// of an earlier holding can shorten or end a later one.
    pub holding: u32,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.action, self.id)
    }
}

/// The number of requests whose answers are waited for; an answer to an older one is unknown.
const OUTSTANDING: usize = 32;
const _: () = assert!(OUTSTANDING.is_power_of_two());

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Request(Action),
    /// Something of the application.
    Traffic,
}

/// Something that awaits its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outstanding {
    pub(super) sent: Instant,
    pub(super) what: What,
}

/// The last 32 requests. Numbers are consecutive, so a number is also a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requests {
    sent: [Instant; OUTSTANDING],
    slots: [Option<What>; OUTSTANDING],
    last: u32,
    holding: u32,
}

impl Requests {
    pub(super) const NEW: Self = Self {
        sent: [Instant::ZERO; OUTSTANDING],
        slots: [None; OUTSTANDING],
        last: 0,
        holding: 1,
    };

    /// Records what was sent at `now`.
    pub(super) fn send(&mut self, what: What, now: Instant) -> RenewalId {
        self.last = self.last.wrapping_add(1);
        let place = place(self.last);
        if let Some((sent, slot)) = self.sent.get_mut(place).zip(self.slots.get_mut(place)) {
            (*sent, *slot) = (now, Some(what));
        }
        RenewalId(self.last)
    }

    /// Takes the request called `id` off, if it is outstanding. An answer counts once.
    pub(super) fn take(&mut self, id: RenewalId) -> Option<Outstanding> {
        if self.last.wrapping_sub(id.0) as usize >= OUTSTANDING {
            return None;
        }
        let what = self.slots.get_mut(place(id.0))?.take()?;
        let sent = *self.sent.get(place(id.0))?;
        Some(Outstanding { sent, what })
    }

    /// Returns whether the request called `id` is outstanding.
    pub(super) fn is_outstanding(&self, id: RenewalId) -> bool {
        let recent = (self.last.wrapping_sub(id.0) as usize) < OUTSTANDING;
        recent && self.slots.get(place(id.0)).is_some_and(Option::is_some)
    }

    /// Forgets all outstanding requests: their answers are unknown from now on.
    pub(super) const fn forget(&mut self) {
        self.slots = [None; OUTSTANDING];
    }

    /// Forgets all requests and begins a new holding.
    pub(super) const fn next_holding(&mut self) {
        self.forget();
        self.holding = self.holding.wrapping_add(1);
    }

    pub(super) const fn holding(&self) -> u32 {
        self.holding
    }
}

const fn place(number: u32) -> usize {
    number as usize % OUTSTANDING
}

#[cfg(test)]
mod tests;
