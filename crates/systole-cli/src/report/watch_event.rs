//! What happens in a watch, and to whom.

use std::time::Duration;

use systole::{Condition, Event, FailoverEvent, Health};

use crate::target::{Answer, Miss};

#[derive(Clone, Debug)]
pub(crate) enum WatchEvent {
    /// The watch of this peer begins.
    Start,
    /// A probe was answered.
    Answer {
        answer: Answer,
        rtt: Option<Duration>,
        late: bool,
    },
    /// A probe is overdue.
    Lost,
    /// A probe failed at once, or could not be sent.
    Miss(Miss),
    /// The path to it became worse than usual, or is as usual again.
    Health(Health),
    /// The monitor has something to say.
    Event(Event),
    /// The group thinks differently of it.
    Condition { from: Condition, to: Condition },
    /// The group has something to say, about this peer and the one it leaves.
    Group { event: FailoverEvent, from: String },
    /// The configuration was read again, and this peer stays.
    Reloaded {
        /// All that was known of it is gone.
        starts_over: bool,
    },
    /// The configuration was read again and is of no use: why.
    Refused(String),
    /// The peer that is played changes.
    Scene(&'static str),
    /// The watch of this peer is over.
    Summary,
}

/// Of whom it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// Stays the same while the peer is watched.
    pub(crate) key: usize,
    pub(crate) name: &'a str,
}
