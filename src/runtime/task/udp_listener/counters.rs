//! The counters of the datagrams.

/// What became of the datagrams of a [`UdpListener`](super::UdpListener), and of its events. The
/// fleet's own [counters](crate::fleet::listeners::Counters) say what became of the heartbeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Datagrams that were received.
    pub datagrams: u64,
    /// Datagrams that are no heartbeats, as their length, version or content shows.
    pub malformed: u64,
    /// Heartbeats whose tag does not match the key of their sender and the recipient, or whose
    /// sender has no key.
    pub forged: u64,
    /// Heartbeats that are not authentic and exceeded the limit of their address.
    pub limited: u64,
    /// Datagrams that the operating system dropped because the receive buffer was full, where it
    /// reports them.
    pub dropped: u64,
    /// Events that were dropped or replaced by a later one of the same sender, because the reader
    /// was too slow.
    pub coalesced: u64,
}
