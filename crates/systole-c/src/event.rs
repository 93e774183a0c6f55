//! What `poll` asks for, and what it reports.

use core::convert::Infallible;

use systole_core::peer::RelaxedBy;
use systole_core::{Beat, Event, EventKind, Monitor, Output, ProbeId, Reason, Transition};

use crate::beat::systole_beat_t;
use crate::time::micros;
use crate::verdict::{systole_failure_t, systole_reason_t, systole_verdict_t};

/// The most calls of `poll` at one moment until it returns `SYSTOLE_ACTION_WAIT` or
/// `SYSTOLE_ACTION_IDLE`.
pub const SYSTOLE_MAX_DRAIN: usize = 8;

const _: () = assert!(SYSTOLE_MAX_DRAIN == Monitor::<{ crate::WINDOW }>::MAX_DRAIN);

/// What the caller has to do.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_action_t {
    /// One that this header does not know: poll again.
    SYSTOLE_ACTION_UNKNOWN = 0,
    /// Send a probe or a heartbeat now, then poll again.
    SYSTOLE_ACTION_SEND = 1,
    /// Handle the event, then poll again.
    SYSTOLE_ACTION_EVENT = 2,
    /// There is nothing to do before a moment in the future, unless something arrives.
    SYSTOLE_ACTION_WAIT = 3,
    /// There is nothing to do any more: the clock has reached `SYSTOLE_NEVER`, or the machine has
    /// ended.
    SYSTOLE_ACTION_IDLE = 4,
}

/// What an event reports.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_event_kind_t {
    /// None, or one that this header does not know.
    SYSTOLE_EVENT_UNKNOWN = 0,
    /// The verdict changed, or a peer that is alive has a new incarnation: `from`, `to`, `reason`,
    /// `failure`, `level_milli`.
    SYSTOLE_EVENT_TRANSITION = 1,
    /// The caller polled late, by `lateness_us`. That time was credited to the peer.
    SYSTOLE_EVENT_PAUSED = 2,
    /// The stated bound on detection time cannot be kept: `bound_from_us`, `bound_to_us`,
    /// `relaxed_by`.
    SYSTOLE_EVENT_BOUND_RELAXED = 3,
    /// There were more mistakes than the planner promised, beyond what chance explains. It plans
    /// more strictly from here on.
    SYSTOLE_EVENT_PROMISE_BROKEN = 4,
    /// For one bound no probe could be sent and nothing proved life, since `since_us`. The cause is
    /// local, so the verdict is `SYSTOLE_VERDICT_UNKNOWN`.
    SYSTOLE_EVENT_BLIND = 5,
}

/// What overrides the stated bound.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum systole_relaxed_by_t {
    /// Nothing, or something that this header does not know.
    SYSTOLE_RELAXED_BY_UNKNOWN = 0,
    /// The peer asked for fewer probes.
    SYSTOLE_RELAXED_BY_PUSHBACK = 1,
    /// The peer advertised a deadline that is later than the bound.
    SYSTOLE_RELAXED_BY_ADVERTISED = 2,
}

/// Something that happened. Fields that its kind does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_event_t {
    /// What happened.
    pub kind: systole_event_kind_t,
    /// The event's number. Numbers rise by one, so a gap shows events that were not taken in time.
    pub number: u32,
    /// When it happened, on the caller's clock.
    pub at_us: u64,
    /// The verdict before the change.
    pub from: systole_verdict_t,
    /// The verdict after the change.
    pub to: systole_verdict_t,
    /// Why the verdict changed.
    pub reason: systole_reason_t,
    /// How a probe failed, where that is the reason.
    pub failure: systole_failure_t,
    /// The suspicion level just before the change, in thousandths of a decade.
    pub level_milli: u32,
    /// What overrides the stated bound.
    pub relaxed_by: systole_relaxed_by_t,
    /// How late the caller was, in microseconds.
    pub lateness_us: u64,
    /// The bound that was in force, in microseconds.
    pub bound_from_us: u64,
    /// The bound that is in force now, in microseconds.
    pub bound_to_us: u64,
    /// When the first of the failed sends was tried, on the caller's clock.
    pub since_us: u64,
}

/// What a monitor or a listener asks for. Fields that its action does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_output_t {
    /// What to do.
    pub action: systole_action_t,
    /// With `SYSTOLE_ACTION_SEND`: the number that the probe carries and its reply brings back.
    pub probe: u64,
    /// With `SYSTOLE_ACTION_WAIT`: until when there is nothing to do.
    pub until_us: u64,
    /// With `SYSTOLE_ACTION_EVENT`: what happened.
    pub event: systole_event_t,
}

/// What a sender asks for. Fields that its action does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct systole_sender_output_t {
    /// What to do.
    pub action: systole_action_t,
    /// With `SYSTOLE_ACTION_WAIT`: until when there is nothing to do.
    pub until_us: u64,
    /// With `SYSTOLE_ACTION_SEND`: the heartbeat to send.
    pub beat: systole_beat_t,
}

impl systole_event_t {
    const NONE: Self = Self {
        kind: systole_event_kind_t::SYSTOLE_EVENT_UNKNOWN,
        number: 0,
        at_us: 0,
        from: systole_verdict_t::SYSTOLE_VERDICT_UNKNOWN,
        to: systole_verdict_t::SYSTOLE_VERDICT_UNKNOWN,
        reason: systole_reason_t::SYSTOLE_REASON_UNKNOWN,
        failure: systole_failure_t::SYSTOLE_FAILURE_UNKNOWN,
        level_milli: 0,
        relaxed_by: systole_relaxed_by_t::SYSTOLE_RELAXED_BY_UNKNOWN,
        lateness_us: 0,
        bound_from_us: 0,
        bound_to_us: 0,
        since_us: 0,
    };

    /// Writes what `event` says.
    fn take(&mut self, event: &Event) {
        self.number = event.number;
        self.at_us = event.at.as_micros();
        match &event.kind {
            EventKind::Transition(transition) => self.transition(*transition),
            EventKind::Paused { lateness } => {
                self.kind = systole_event_kind_t::SYSTOLE_EVENT_PAUSED;
                self.lateness_us = micros(*lateness);
            }
            EventKind::BoundRelaxed { from, to, by } => {
                self.kind = systole_event_kind_t::SYSTOLE_EVENT_BOUND_RELAXED;
                self.bound_from_us = micros(*from);
                self.bound_to_us = micros(*to);
                self.relaxed_by = (*by).into();
            }
            EventKind::PromiseBroken => {
                self.kind = systole_event_kind_t::SYSTOLE_EVENT_PROMISE_BROKEN;
            }
            EventKind::Blind { since } => {
                self.kind = systole_event_kind_t::SYSTOLE_EVENT_BLIND;
                self.since_us = since.as_micros();
            }
            _ => {}
        }
    }

    fn transition(&mut self, transition: Transition) {
        self.kind = systole_event_kind_t::SYSTOLE_EVENT_TRANSITION;
        self.from = transition.from.into();
        self.to = transition.to.into();
        self.reason = transition.reason.into();
        if let Reason::Failed(failure) = transition.reason {
            self.failure = failure.into();
        }
        self.level_milli = transition.level.as_milli();
    }
}

impl From<RelaxedBy> for systole_relaxed_by_t {
    fn from(by: RelaxedBy) -> Self {
        match by {
            RelaxedBy::Pushback => Self::SYSTOLE_RELAXED_BY_PUSHBACK,
            RelaxedBy::Advertised => Self::SYSTOLE_RELAXED_BY_ADVERTISED,
            _ => Self::SYSTOLE_RELAXED_BY_UNKNOWN,
        }
    }
}

impl systole_output_t {
    pub(crate) const NONE: Self = Self {
        action: systole_action_t::SYSTOLE_ACTION_UNKNOWN,
        probe: 0,
        until_us: 0,
        event: systole_event_t::NONE,
    };

    /// Writes what a monitor returned.
    #[inline(never)] // one copy for all policies
    pub(crate) fn take_monitor(&mut self, output: &Output<ProbeId>) {
        self.take(output, |to, id| {
            to.action = systole_action_t::SYSTOLE_ACTION_SEND;
            to.probe = u64::from(*id);
        });
    }

    /// Writes what a listener returned, which sends nothing.
    pub(crate) fn take_listener(&mut self, output: &Output<Infallible>) {
        self.take(output, |_, nothing| match *nothing {});
    }

    /// Writes what a machine returned where `write` says what it sends.
    fn take<S>(&mut self, output: &Output<S>, write: impl FnOnce(&mut Self, &S)) {
        match output {
            Output::Send(sent) => write(self, sent),
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

impl systole_sender_output_t {
    pub(crate) const NONE: Self = Self {
        action: systole_action_t::SYSTOLE_ACTION_UNKNOWN,
        until_us: 0,
        beat: systole_beat_t::NONE,
    };

    /// Writes what a sender returned.
    pub(crate) fn take(&mut self, output: &Output<Beat, Infallible>) {
        match output {
            Output::Send(beat) => {
                self.action = systole_action_t::SYSTOLE_ACTION_SEND;
                self.beat = beat.into();
            }
            Output::Wait(until) => {
                self.action = systole_action_t::SYSTOLE_ACTION_WAIT;
                self.until_us = until.as_micros();
            }
            Output::Event(nothing) => match *nothing {},
            Output::Idle => self.action = systole_action_t::SYSTOLE_ACTION_IDLE,
        }
    }
}
