//! Wakes of a device in which the peer was asked and did not answer.

use crate::pacing::Pacing;
use crate::peer::state::PeerState;

/// The wakes since the last sign of life in which a probe was waited for as long as the path takes to answer.
///
/// A device that sleeps between its wakes may never be awake for a whole timeout, let alone a bound. So it is enough that several
/// wakes in a row were in vain, and together longer than a timeout, or than very many round trips. The peer is asked once more before the
/// verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wakes {
    /// How long the last probe is waited for; 0 unless those before are evidence.
    patience_us: u32,
    waited_us: u32,
    in_vain: u8,
}

/// So many wakes in vain are evidence.
const ENOUGH: u8 = 8;
/// So many of the longest round trips expected are as good as a timeout: 32, as a power of two.
const ROUND_TRIPS_SHIFT: u32 = 5;
/// As many of the last probe are, before the verdict: 8.
const LAST_ROUND_TRIPS_SHIFT: u32 = 3;

impl Wakes {
    pub(super) const NONE: Self = Self {
        patience_us: 0,
        waited_us: 0,
        in_vain: 0,
    };

    /// How long the last probe is waited for, where those before are evidence.
    pub(super) const fn patience_us(&self) -> Option<u32> {
        match self.patience_us {
            0 => None,
            patience_us => Some(patience_us),
        }
    }

    /// A wake ended in which a probe was waited for `waited_us`.
    pub(super) fn add<const N: usize, P: Pacing>(
        &mut self,
        waited_us: u32,
        peer: &PeerState<N, P>,
    ) {
        self.waited_us = self.waited_us.saturating_add(waited_us);
        self.in_vain = self.in_vain.saturating_add(1);
        if self.in_vain >= ENOUGH && self.waited_us >= enough_us(peer, ROUND_TRIPS_SHIFT) {
            self.patience_us = enough_us(peer, LAST_ROUND_TRIPS_SHIFT).max(1);
        }
        debug_assert!(self.patience_us == 0 || self.in_vain >= ENOUGH);
    }
}

/// So many of the longest round trips expected, as a power of two, or a timeout where that is shorter.
fn enough_us<const N: usize, P: Pacing>(peer: &PeerState<N, P>, shift: u32) -> u32 {
    let (timeout_us, learnt_us) = (peer.plan().timeout_us(), peer.learnt_timeout_us());
    if learnt_us > timeout_us >> shift {
        timeout_us
    } else {
        learnt_us << shift
    }
}
