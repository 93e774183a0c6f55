//! The state of one sender.

use crate::math::narrow::Narrow;
use crate::push::listener::{CompactListener, Listener};

/// A sender, while nothing of it is due or arrives.
#[derive(Clone, Debug)]
pub(super) struct Slot<const N: usize> {
    pub(super) listener: CompactListener<N>,
    /// 0 where the slot is vacant.
    id: Narrow<8>,
    /// The number of the sender's set of labels.
    pub(super) labels: u8,
    /// Whether the index is in the list of troubled senders.
    pub(super) listed: bool,
    /// The number of suspends, modulo 256, of which the listener knows.
    pub(super) resumes: u8,
}

/// The memory that a sender may take, beside 16 bytes on the wheel and at most 9.2 in the table of
/// ids. Each further arrival in the window takes four bytes more.
const _: () = assert!(size_of::<Slot<4>>() <= 228);

impl<const N: usize> Slot<N> {
    pub(super) fn new(id: u64, listener: &mut Listener<N>, resumes: u8) -> Self {
        Self {
            listener: listener.rest(),
            id: Narrow::of(id),
            labels: 0,
            listed: false,
            resumes,
        }
    }

    pub(super) const fn id(&self) -> u64 {
        self.id.get()
    }

    pub(super) const fn vacate(&mut self) {
        self.id = Narrow::of(0);
    }

    pub(super) const fn is_taken(&self) -> bool {
        self.id() != 0
    }
}
