//! What a budget of retries makes of a probe.

/// What a budget of retries makes of the next probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Comes before its turn where the peer is in doubt: a retry.
    Usual,
    /// The caller's news calls for it, so it is no retry.
    Exempt,
    /// Comes before its turn whatever is thought of the peer, as one that was refused, and is a
    /// retry until then.
    Retry,
}
