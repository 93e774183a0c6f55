//! Wakes of a device in which the peer was asked and did not answer.

use crate::pacing::Pacing;
use crate::peer::state::PeerState;
use crate::time::saturate;

/// The wakes since the last sign of life in which a probe was waited for as long as the path takes to answer.
///
/// A device that sleeps between its wakes may never be awake for a whole timeout, let alone a bound. So it is enough that several
/// wakes in a row were in vain, and together longer than a timeout, or than very many round trips. The peer is asked once more before the
/// verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wakes {
    waited_us: u32,
    in_vain: u8,
}

/// So many wakes in vain are evidence.
const ENOUGH: u8 = 8;
/// So many of the longest round trips expected are as good as a timeout: 32, as a power of two.
const ROUND_TRIPS_SHIFT: u32 = 5;
/// As many of the last probe are, before the verdict: 8.
pub(super) const LAST_ROUND_TRIPS_SHIFT: u32 = 3;

impl Wakes {
    pub(super) const NONE: Self = Self {
        waited_us: 0,
        in_vain: 0,
    };

    /// A wake ended in which a probe was waited for `waited_us`.
    pub(super) const fn add(&mut self, waited_us: u64) {
        self.waited_us = self.waited_us.saturating_add(saturate(waited_us));
        self.in_vain = self.in_vain.saturating_add(1);
    }

    /// Whether a live peer would have answered in one of them.
    pub(super) fn are_evidence<const N: usize, P: Pacing>(&self, peer: &PeerState<N, P>) -> bool {
        self.in_vain >= ENOUGH && self.waited_us >= enough_us(peer, ROUND_TRIPS_SHIFT)
    }
}

/// So many of the longest round trips expected, as a power of two, or a timeout where that is shorter.
pub(super) fn enough_us<const N: usize, P: Pacing>(peer: &PeerState<N, P>, shift: u32) -> u32 {
    let (timeout_us, learnt_us) = (peer.plan().timeout_us(), peer.learnt_timeout_us());
    if learnt_us > timeout_us >> shift {
        timeout_us
    } else {
        learnt_us << shift
    }
}
