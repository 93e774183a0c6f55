//! What a lease asks for, and what it reports.

use systole_core::lease::{Action, EventKind, FenceReason, Refusal, Request};
use systole_core::{Event, Output};

use crate::event::systole_action_t;
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_ENUM};
use crate::time::micros;

/// What the server is asked for.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_lease_action_t {
    /// Nothing, or something that this header does not know.
    SYSTOLE_LEASE_ACTION_UNKNOWN = 0,
    /// Get the lease, which is not held. The server has to treat a repetition with the token of the
    /// same `holding` as the same acquisition: the first one may have been granted, and its answer
    /// lost.
    SYSTOLE_LEASE_ACTION_ACQUIRE = 1,
    /// Extend the lease, if this holder still has it.
    SYSTOLE_LEASE_ACTION_RENEW = 2,
    /// Give the lease back, if this holder still has it.
    SYSTOLE_LEASE_ACTION_RELEASE = 3,
}

/// What happened to a lease.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_lease_event_kind_t {
    /// None, or one that this header does not know.
    SYSTOLE_LEASE_EVENT_UNKNOWN = 0,
    /// The lease is held: `epoch`.
    SYSTOLE_LEASE_EVENT_HELD = 1,
    /// A renewal is overdue. It is retried: `left_us`.
    SYSTOLE_LEASE_EVENT_LATE = 2,
    /// The holder must not act any more: `fence_reason`. Renewals go on, and if the server still
    /// knows the lease, `SYSTOLE_LEASE_EVENT_REGAINED` follows.
    SYSTOLE_LEASE_EVENT_FENCED = 3,
    /// The server said that the lease is over: `refusal`. It is asked for again.
    SYSTOLE_LEASE_EVENT_LOST = 4,
    /// The lease is held again: `epoch`. If it is the same as before, nobody else held the lease in
    /// between.
    SYSTOLE_LEASE_EVENT_REGAINED = 5,
    /// The lease lapsed more often than was promised. The plan is corrected.
    SYSTOLE_LEASE_EVENT_PROMISE_BROKEN = 6,
}

/// Why the holder must not act any more.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_fence_reason_t {
    /// None, or one that this header does not know.
    SYSTOLE_FENCE_REASON_UNKNOWN = 0,
    /// No renewal was acknowledged in time.
    SYSTOLE_FENCE_REASON_ELAPSED = 1,
    /// The clock ran backwards, or the caller said that it cannot be trusted.
    SYSTOLE_FENCE_REASON_CLOCK = 2,
}

/// Why a server refuses a request.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_refusal_t {
    /// None, or one that this header does not know. Functions refuse it.
    SYSTOLE_REFUSAL_UNKNOWN = 0,
    /// Somebody else holds the lease.
    SYSTOLE_REFUSAL_HELD_BY_ANOTHER = 1,
    /// The server does not know the lease any more: it expired or was deleted.
    SYSTOLE_REFUSAL_EXPIRED = 2,
    /// The server does not allow it.
    SYSTOLE_REFUSAL_DENIED = 3,
    /// The server granted a new epoch to a renewal, so the lease was given away in between.
    SYSTOLE_REFUSAL_EPOCH_CHANGED = 4,
}

/// A `systole_refusal_t` as C passes it: any number.
pub type raw_refusal = u32;

/// A request to the server.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_lease_request_t {
    /// What to ask for.
    pub action: systole_lease_action_t,
    /// Names the request. Hand it back with the answer. It is a count, and need not be sent.
    pub renewal: u32,
    /// The TTL to ask for, in microseconds.
    pub ttl_us: u64,
    /// The number of this holding, from 1. Make the token by which the server tells holders apart
    /// from it and from something that no other process has: then no delayed request of an earlier
    /// holding can shorten or end a later one.
    pub holding: u32,
}

/// Something that happened to a lease. Fields that its kind does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_lease_event_t {
    /// What happened.
    pub kind: systole_lease_event_kind_t,
    /// The event's number. Numbers rise by one.
    pub number: u32,
    /// When it happened, on the caller's clock.
    pub at_us: u64,
    /// The fencing token of the server.
    pub epoch: u64,
    /// The time that is left until the fence, in microseconds.
    pub left_us: u64,
    /// Why the holder must stop.
    pub fence_reason: systole_fence_reason_t,
    /// What the server said.
    pub refusal: systole_refusal_t,
}

/// What a lease asks for. Fields that its action does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_lease_output_t {
    /// What to do.
    pub action: systole_action_t,
    /// With `SYSTOLE_ACTION_WAIT`: until when there is nothing to do.
    pub until_us: u64,
    /// With `SYSTOLE_ACTION_SEND`: the request to send.
    pub request: systole_lease_request_t,
    /// With `SYSTOLE_ACTION_EVENT`: what happened.
    pub event: systole_lease_event_t,
}

impl systole_lease_output_t {
    pub(crate) const NONE: Self = Self {
        action: systole_action_t::SYSTOLE_ACTION_UNKNOWN,
        until_us: 0,
        request: systole_lease_request_t {
            action: systole_lease_action_t::SYSTOLE_LEASE_ACTION_UNKNOWN,
            renewal: 0,
            ttl_us: 0,
            holding: 0,
        },
        event: systole_lease_event_t {
            kind: systole_lease_event_kind_t::SYSTOLE_LEASE_EVENT_UNKNOWN,
            number: 0,
            at_us: 0,
            epoch: 0,
            left_us: 0,
            fence_reason: systole_fence_reason_t::SYSTOLE_FENCE_REASON_UNKNOWN,
            refusal: systole_refusal_t::SYSTOLE_REFUSAL_UNKNOWN,
        },
    };

    /// Writes what a lease returned.
    pub(crate) fn take(&mut self, output: &Output<Request, Event<EventKind>>) {
        match output {
            Output::Send(request) => {
                self.action = systole_action_t::SYSTOLE_ACTION_SEND;
                self.request.take(request);
            }
            Output::Event(event) => {
                self.action = systole_action_t::SYSTOLE_ACTION_EVENT;
                self.event.take(event);
            }
            Output::Wait(until) => {
                self.action = systole_action_t::SYSTOLE_ACTION_WAIT;
                self.until_us = until.as_micros();
            }
            Output::Idle => self.action = systole_action_t::SYSTOLE_ACTION_IDLE,
        }
    }
}

impl systole_lease_request_t {
    fn take(&mut self, request: &Request) {
        self.action = match request.action {
            Action::Acquire => systole_lease_action_t::SYSTOLE_LEASE_ACTION_ACQUIRE,
            Action::Renew => systole_lease_action_t::SYSTOLE_LEASE_ACTION_RENEW,
            Action::Release => systole_lease_action_t::SYSTOLE_LEASE_ACTION_RELEASE,
        };
        self.renewal = request.id.into();
        self.ttl_us = micros(request.ttl);
        self.holding = request.holding;
    }
}

impl systole_lease_event_t {
    fn take(&mut self, event: &Event<EventKind>) {
        use systole_lease_event_kind_t as kind;
        self.number = event.number;
        self.at_us = event.at.as_micros();
        match event.kind {
            EventKind::Held { epoch } => {
                self.kind = kind::SYSTOLE_LEASE_EVENT_HELD;
                self.epoch = epoch;
            }
            EventKind::Late { left } => {
                self.kind = kind::SYSTOLE_LEASE_EVENT_LATE;
                self.left_us = micros(left);
            }
            EventKind::Fenced { reason } => {
                self.kind = kind::SYSTOLE_LEASE_EVENT_FENCED;
                self.fence_reason = reason.into();
            }
            EventKind::Lost { why } => {
                self.kind = kind::SYSTOLE_LEASE_EVENT_LOST;
                self.refusal = why.into();
            }
            EventKind::Regained { epoch } => {
                self.kind = kind::SYSTOLE_LEASE_EVENT_REGAINED;
                self.epoch = epoch;
            }
            EventKind::PromiseBroken => self.kind = kind::SYSTOLE_LEASE_EVENT_PROMISE_BROKEN,
            _ => {}
        }
    }
}

/// Returns the refusal that a number from C stands for.
pub(crate) const fn refusal(raw: raw_refusal) -> Result<Refusal, systole_status_t> {
    Ok(match raw {
        1 => Refusal::HeldByAnother,
        2 => Refusal::Expired,
        3 => Refusal::Denied,
        4 => Refusal::EpochChanged,
        _ => return Err(SYSTOLE_STATUS_ENUM),
    })
}

impl From<Refusal> for systole_refusal_t {
    fn from(why: Refusal) -> Self {
        match why {
            Refusal::HeldByAnother => Self::SYSTOLE_REFUSAL_HELD_BY_ANOTHER,
            Refusal::Expired => Self::SYSTOLE_REFUSAL_EXPIRED,
            Refusal::Denied => Self::SYSTOLE_REFUSAL_DENIED,
            Refusal::EpochChanged => Self::SYSTOLE_REFUSAL_EPOCH_CHANGED,
            _ => Self::SYSTOLE_REFUSAL_UNKNOWN,
        }
    }
}

impl From<FenceReason> for systole_fence_reason_t {
    fn from(reason: FenceReason) -> Self {
        match reason {
            FenceReason::Elapsed => Self::SYSTOLE_FENCE_REASON_ELAPSED,
            FenceReason::Clock => Self::SYSTOLE_FENCE_REASON_CLOCK,
            _ => Self::SYSTOLE_FENCE_REASON_UNKNOWN,
        }
    }
}
