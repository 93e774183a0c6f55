//! The message of a pushed heartbeat: the sender is alive, reachable, and how loaded it is.

use core::time::Duration;

use crate::time::{duration, outlined_micros};

/// The default number of losses in a row that listeners tolerate and senders allow for.
pub(crate) const LOSSES: u8 = 3;
/// The largest number of losses that can be set.
pub(crate) const LOSSES_MAX: u8 = 100;

/// A heartbeat that a peer sends unasked.
///
/// Sequence numbers count the slots of the sender's schedule, which are `interval` apart, including
/// those in which nothing was sent; they wrap. An incarnation stands for one life of the sender.
/// All values are accepted: the [`Listener`](crate::Listener) limits what they claim to its
/// configured range.
///
/// ```
/// use core::time::Duration;
/// use systole::Beat;
///
/// const SECOND: Duration = Duration::from_secs(1);
/// let beat = Beat::new(7, SECOND).with_deadline(SECOND * 5 / 4);
/// let beat = beat.with_incarnation(3).with_load(128);
/// assert_eq!((beat.sequence(), beat.load()), (7, Some(128)));
///
/// let last = beat.with_exit_status(2);
/// assert!(last.is_goodbye());
/// assert_eq!((last.load(), last.exit_status()), (None, Some(2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    pub(crate) interval_us: u64,
    pub(crate) deadline_us: u64,
    /// The sender's id; 0 where it has none.
    pub(crate) id: u64,
    pub(crate) sequence: u32,
    pub(crate) incarnation: u32,
    /// The load; in a goodbye, the exit status.
    pub(crate) value: Option<u8>,
    pub(crate) goodbye: bool,
    pub(crate) authentic: bool,
}

impl Beat {
    /// Creates the heartbeat of slot `sequence`. The next slot is `interval` later, and so is the
    /// advertised deadline.
    #[must_use]
    pub const fn new(sequence: u32, interval: Duration) -> Self {
        let interval_us = outlined_micros(interval);
        Self {
            interval_us,
            deadline_us: interval_us,
            id: 0,
            sequence,
            incarnation: 0,
            value: None,
            goodbye: false,
            authentic: false,
        }
    }

    /// Sets the advertised deadline: how long after this heartbeat's slot the next one will have
    /// been sent at the latest.
    #[must_use]
    pub const fn with_deadline(mut self, span: Duration) -> Self {
        self.deadline_us = outlined_micros(span);
        self
    }

    /// Sets the incarnation: which life of the sender this is.
    #[must_use]
    pub const fn with_incarnation(mut self, incarnation: u32) -> Self {
        self.incarnation = incarnation;
        self
    }

    /// Sets the id of the sender, by which a listener to many senders tells them apart. 0 stands
    /// for no id, which is what a [`Sender`](crate::Sender) leaves it at.
    #[must_use]
    pub const fn with_id(mut self, id: u64) -> Self {
        self.id = id;
        self
    }

    /// Sets the sender's load: 0 idle, 255 full. A goodbye reports no load and stays as it is.
    #[must_use]
    pub const fn with_load(mut self, load: u8) -> Self {
        if !self.goodbye {
            self.value = Some(load);
        }
        self
    }

    /// Marks the heartbeat as the last one: the sender leaves. It then reports no load.
    #[must_use]
    pub const fn goodbye(mut self) -> Self {
        (self.goodbye, self.value) = (true, None);
        self
    }

    /// Marks the heartbeat as the last one of a sender that ended with `status`: 0 for success, and
    /// for a process that a signal ended 128 plus the signal's number, as shells report it.
    #[must_use]
    pub const fn with_exit_status(mut self, status: u8) -> Self {
        (self.goodbye, self.value) = (true, Some(status));
        self
    }

    /// Marks the heartbeat as authentic: the caller knows that the peer, and nobody else, sent it,
    /// because it came through an authenticated channel or [`wire::open`](crate::push::wire::open)
    /// has verified its tag.
    #[must_use]
    pub const fn authentic(mut self) -> Self {
        self.authentic = true;
        self
    }

    /// Returns the number of the slot in which it was sent.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Returns the time from its slot to the next.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        duration(self.interval_us)
    }

    /// Returns the time from its slot to the advertised deadline of the next heartbeat.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        duration(self.deadline_us)
    }

    /// Returns the incarnation: the life of the sender from which it comes.
    #[must_use]
    pub const fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Returns the sender's id; 0 where it has none.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Returns the load, 0 to 255; `None` where the sender does not report it.
    #[must_use]
    pub const fn load(&self) -> Option<u8> {
        if self.goodbye { None } else { self.value }
    }

    /// Returns with which status the sender ended; `None` where it has not left or does not say.
    #[must_use]
    pub const fn exit_status(&self) -> Option<u8> {
        if self.goodbye { self.value } else { None }
    }

    /// Returns whether the sender leaves.
    #[must_use]
    pub const fn is_goodbye(&self) -> bool {
        self.goodbye
    }

    /// Returns whether it is known to come from the peer.
    #[must_use]
    pub const fn is_authentic(&self) -> bool {
        self.authentic
    }
}
