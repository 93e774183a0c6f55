//! The events of a watch, and the peer that each is about.

use std::time::Duration;

use systole::{
    Event,
    failover::{self, Condition},
    path::Health,
};

use crate::labels::Labels;
use crate::target::{Answer, Miss};

#[derive(Clone, Debug)]
pub(crate) enum WatchEvent {
    /// The watch of the peer begins.
    Start,
    /// The peer replied to a probe.
    Answer {
        answer: Answer,
        rtt: Option<Duration>,
        late: bool,
    },
    /// A probe is overdue.
    Lost,
    /// A probe failed at once, or could not be sent.
    Miss(Miss),
    /// The path to the peer became worse than usual, or is as usual again.
    Health(Health),
    /// An event of the monitor, and what became of the last probe, where that explains it.
    Event { event: Event, why: Option<String> },
    /// The condition of the endpoint in its group changed; the same.
    Condition {
        from: Condition,
        to: Condition,
        why: Option<String>,
    },
    /// An event of the group about this peer; `from` is the name of the peer that it replaces.
    Group {
        event: Event<failover::EventKind>,
        from: String,
    },
    /// The certificate of the peer expires in so many days.
    Certificate { days: u64 },
    /// The configuration was read again, and this peer remains.
    Reloaded,
    /// A new link cannot be opened as the configuration says, for this reason; the old one stays.
    Refused(String),
    /// What a program of `on_change` said, and how it failed.
    Hook(String),
    /// The demo peer changes its behaviour.
    Scene(&'static str),
    /// The watch of the peer ends; so many datagrams were not the first echo of a probe.
    Summary { ignored: u64 },
}

impl WatchEvent {
    /// Returns whether the event is the result of a single probe, which changes nothing by itself.
    pub(crate) const fn is_of_one_probe(&self) -> bool {
        matches!(self, Self::Answer { .. } | Self::Lost | Self::Miss(_))
    }
}

/// The peer that an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// Identifies the peer for as long as it is watched.
    pub(crate) key: usize,
    pub(crate) name: &'a str,
    /// Its labels, if it has any.
    pub(crate) labels: Option<&'a Labels>,
}
