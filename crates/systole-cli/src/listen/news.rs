//! What there is to tell.

use std::net::SocketAddr;
use std::time::Duration;

use systole::{Event, EventKind, Instant, Reason, Verdict, fleet::PeerEvent};

use crate::report::span;

#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) at: Instant,
    /// The id of the sender that it is about.
    pub(super) sender: Option<u64>,
    pub(super) tale: Tale,
}

#[derive(Clone, Debug)]
pub(super) enum Tale {
    /// The listener has begun, on this address, with so many known senders.
    Start(SocketAddr, usize),
    Verdict {
        from: Verdict,
        to: Verdict,
        reason: Reason,
    },
    /// A job was not heard for so long.
    Overdue(Duration),
    /// Two senders with these addresses seem to use one name.
    Contested(SocketAddr, SocketAddr),
    /// This process was late.
    Paused(Duration),
    /// The operating system dropped so many datagrams.
    Dropped(u64),
    /// Anything else.
    Note(String),
}

impl News {
    /// Returns what an event of the fleet tells, if it is to be told.
    pub(super) fn of(event: Event<PeerEvent<u64>>) -> Self {
        let tale = match event.kind.kind {
            EventKind::Transition(change) => Tale::Verdict {
                from: change.from,
                to: change.to,
                reason: change.reason,
            },
            EventKind::Paused { lateness } => Tale::Paused(lateness),
            other => Tale::Note(other.to_string()),
        };
        Self {
            at: event.at,
            sender: event.kind.peer,
            tale,
        }
    }
}

impl Tale {
    /// Returns the name of the event for programs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Start(..) => "start",
            Self::Verdict { .. } => "verdict",
            Self::Overdue(_) => "overdue",
            Self::Contested(..) => "contested",
            Self::Paused(_) => "paused",
            Self::Dropped(_) => "dropped_datagrams",
            Self::Note(_) => "notice",
        }
    }

    /// Returns the text for people. `exit_status` is that of a sender that left.
    pub(super) fn text(&self, exit_status: Option<u8>) -> String {
        match self {
            Self::Start(address, known) => {
                format!("listens on {address}, {known} senders are known")
            }
            Self::Verdict { from, to, reason } => {
                let why = why(*to, *reason, exit_status);
                format!("{from} → {to}: {why}")
            }
            Self::Overdue(silent) => {
                format!("overdue: it has not been heard for {}", span(*silent))
            }
            Self::Contested(one, other) => {
                format!("two senders use this name: {one} and {other}")
            }
            Self::Paused(late) => {
                format!(
                    "this process was {} late; the time is credited to the senders",
                    span(*late)
                )
            }
            Self::Dropped(datagrams) => format!(
                "the receive buffer overflowed, {datagrams} datagrams were dropped: raise net.core.rmem_max"
            ),
            Self::Note(text) => text.clone(),
        }
    }
}

/// Returns why a verdict has changed.
pub(super) fn why(to: Verdict, reason: Reason, exit_status: Option<u8>) -> String {
    match (reason, exit_status) {
        (Reason::Left, Some(0)) => "it has ended with success".into(),
        (Reason::Left, Some(status)) if to == Verdict::Left => {
            format!("it has ended with exit status {status}")
        }
        (Reason::Left, _) => "it said goodbye".into(),
        (Reason::Answered, _) => "it is heard".into(),
        (Reason::Overdue, _) => "a heartbeat is overdue".into(),
        (Reason::BoundElapsed, _) => "silent for the whole bound".into(),
        (Reason::NeverHeard, _) => "it never came".into(),
        (Reason::Refuted, _) => "refuted, it was alive all the time".into(),
        (Reason::Recovered, _) => "recovered, it came back".into(),
        (Reason::Undecided, _) => "it is heard again".into(),
        (Reason::Restarted, _) => "it has started again".into(),
        (other, _) => other.to_string(),
    }
}
