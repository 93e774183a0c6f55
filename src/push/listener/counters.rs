//! What a listener has counted.

/// What a listener has counted since it was created. Every counter saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Counters {
    /// Heartbeats that continued the known life of the peer.
    pub beats: u32,
    /// Sequence numbers that were skipped. A reordered heartbeat takes one back.
    pub lost: u32,
    /// Heartbeats that arrived after a later one.
    pub reordered: u32,
    /// Heartbeats that were heard before, or that are too old to tell.
    pub repeated: u32,
    /// Heartbeats older than the bound. They prove no life.
    pub stale: u32,
    /// Heartbeats that were not believed: of another incarnation, after a jump of the sequence, or
    /// not authentic.
    pub ignored: u32,
    /// New incarnations and jumps of the sequence that were believed.
    pub restarts: u32,
    /// `Dead` verdicts that were mistakes. One that a new incarnation or a goodbye ends counts neither
    /// here nor in the next two: the life that was called dead was not heard again.
    pub refuted: u32,
    /// `Dead` verdicts after which the peer came back.
    pub recovered: u32,
    /// `Dead` verdicts that ended and of which nothing tells whether they were mistakes.
    pub undecided: u32,
    /// Pauses: how often local lateness was reported.
    pub pauses: u32,
    /// The sum of all local lateness, and of what [`Listener::resumed`](crate::Listener::resumed) credited, in microseconds.
    pub lateness_us: u64,
}
