//! What became of a heartbeat.

/// What became of a heartbeat, returned by [`Listener::handle_beat`](crate::Listener::handle_beat).
/// Each outcome has its counter in [`Counters`](super::Counters).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum BeatOutcome {
    /// The heartbeat continues the known life of the peer, and proves it.
    Fresh,
    /// The heartbeat continues the known life, but is older than the bound: it proves no life.
    Stale,
    /// The peer has a new life: the heartbeat is the first of all, or the first that is believed of
    /// a new incarnation or after a jump of the sequence.
    NewLife,
    /// The peer said goodbye.
    Goodbye,
    /// The heartbeat arrived after a later one. It changes nothing but counters.
    Reordered,
    /// The heartbeat was heard before, or is too old to tell. It changes nothing but counters.
    Repeated,
    /// The heartbeat was not believed: it is not authentic, or of another incarnation, or comes
    /// after a jump of the sequence that the next heartbeat has yet to confirm.
    Ignored,
}
