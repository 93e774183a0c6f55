//! What a pushed heartbeat says: alive, reachable, and how well.

use core::time::Duration;

use crate::time::{duration, micros};

/// How many losses in a row listeners tolerate and senders allow for, unless set.
pub(crate) const LOSSES: u8 = 3;
/// The most that can be set.
pub(crate) const LOSSES_MAX: u8 = 100;

/// A heartbeat that a peer sends unasked.
///
/// Sequence numbers count the slots of the sender's schedule, `interval` apart, sent in or not, and wrap; an incarnation is one life of the
/// sender. Any values are taken: what they claim is held to the limits of the [`Listener`](crate::Listener) that hears them.
///
/// ```
/// use core::time::Duration;
/// use systole::Beat;
///
/// const SECOND: Duration = Duration::from_secs(1);
/// let beat = Beat::new(7, SECOND).with_deadline(SECOND * 5 / 4).with_incarnation(3).with_load(128);
/// assert_eq!((beat.sequence(), beat.load()), (7, Some(128)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub(crate) interval_us: u64,
    pub(crate) deadline_us: u64,
    pub(crate) sequence: u32,
    pub(crate) incarnation: u32,
    pub(crate) load: Option<u8>,
    pub(crate) goodbye: bool,
    pub(crate) authentic: bool,
}

impl Beat {
    /// The heartbeat of slot `sequence`; the next slot is `interval` later, and so is the advertised deadline.
    #[must_use]
    pub const fn new(sequence: u32, interval: Duration) -> Self {
        let interval_us = micros(interval);
        Self {
            interval_us,
            deadline_us: interval_us,
            sequence,
            incarnation: 0,
            load: None,
            goodbye: false,
            authentic: false,
        }
    }

    /// The advertised deadline: how long after this beat's slot the next one will have been sent at the latest.
    #[must_use]
    pub const fn with_deadline(mut self, span: Duration) -> Self {
        self.deadline_us = micros(span);
        self
    }

    /// Which life of the sender this is.
    #[must_use]
    pub const fn with_incarnation(mut self, incarnation: u32) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// How well the sender is: 0 idle, 255 full.
    #[must_use]
    pub const fn with_load(mut self, load: u8) -> Self {
        self.load = Some(load);
        self
    }

    /// The last one: the sender leaves.
    #[must_use]
    pub const fn goodbye(mut self) -> Self {
        self.goodbye = true;
        self
    }

    /// The caller vouches that the peer, and nobody else, sent this: it came through an authenticated channel, or
    /// [`wire::open`](crate::push::wire::open) has verified its tag.
    #[must_use]
    pub const fn authentic(mut self) -> Self {
        self.authentic = true;
        self
    }

    /// The slot it was sent in.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// From its slot to the next.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }

    /// From its slot to the advertised deadline of the next beat.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        duration(self.deadline_us)
    }

    /// Which life of the sender it comes from.
    #[must_use]
    pub const fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The load, 0 to 255, where the sender says it.
    #[must_use]
    pub const fn load(&self) -> Option<u8> {
        self.load
    }

    /// Whether the sender leaves.
    #[must_use]
    pub const fn is_goodbye(&self) -> bool {
        self.goodbye
    }

    /// Whether it is known to come from the peer.
    #[must_use]
    pub const fn is_authentic(&self) -> bool {
        self.authentic
    }
}
