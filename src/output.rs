//! What a machine asks of its caller.

use crate::peer::event::Event;
use crate::time::Instant;

/// The next action of the caller, returned by the `poll` function of every machine.
///
/// `S` is what the machine sends, and `E` what it reports. Call `poll` until it returns
/// [`Wait`](Self::Wait) or [`Idle`](Self::Idle). Then sleep until that moment, and call it again at
/// that moment and after every `handle_*` function.
///
/// | machine | sends | reports |
/// |---|---|---|
/// | [`Monitor`](crate::Monitor) | the [`ProbeId`](crate::ProbeId) of a probe | [`Event`] |
/// | [`Failover`](crate::Failover) | [`failover::Probe`](crate::failover::Probe) | [`Event`] of [`failover::EventKind`](crate::failover::EventKind) |
/// | `Fleet` | `fleet::Probe` | nothing: `Fleet::events` returns many at once |
/// | `fleet::ListenerFleet` | nothing | nothing: `ListenerFleet::events` returns many at once |
/// | [`Sender`](crate::Sender) | [`Beat`](crate::Beat) | nothing |
/// | [`Lease`](crate::lease::Lease) | [`lease::Request`](crate::lease::Request) | [`Event`] of [`lease::EventKind`](crate::lease::EventKind) |
/// | [`Listener`](crate::Listener) | nothing | [`Event`] |
///
/// Where a machine sends or reports nothing, the type is [`Infallible`](core::convert::Infallible),
/// and a `match` needs no arm for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Output<S, E = Event> {
    /// Send this now, then poll again.
    Send(S),
    /// Something happened; handle the event, then poll again.
    Event(E),
    /// There is nothing to do before this moment, unless something arrives. It lies in the future.
    Wait(Instant),
    /// There is nothing to do any more: the clock has reached [`Instant::MAX`], or the machine has
    /// ended.
    Idle,
}

impl<S, E> Output<S, E> {
    /// Replaces what is to be sent by `with` of it.
    pub fn map<T>(self, with: impl FnOnce(S) -> T) -> Output<T, E> {
        match self {
            Self::Send(sent) => Output::Send(with(sent)),
            Self::Event(event) => Output::Event(event),
            Self::Wait(until) => Output::Wait(until),
            Self::Idle => Output::Idle,
        }
    }
}
