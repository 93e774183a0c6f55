//! How long a dead peer is waited for where only one probe can be outstanding at a time.

/// Plans how long each probe to a dead peer is waited for. The next probe cannot be sent before
/// that wait ends.
///
/// A wait is one interval as a rule, so that a peer that is back is seen within one. The peer's
/// round trips may have become longer than that, so every eighth wait is twice as long as the
/// previous eighth one, up to the longest timeout. When even that wait gets no reply, the peer is
/// not slow but away: the next such pass follows after a rest of at least 32 of the longest
/// timeouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadPeerWait {
    /// The number of probes missed in this pass. Below zero: the number of probes that are left of
    /// the rest before the pass.
    missed: i32,
    /// How long the next probe is waited for, in microseconds.
    us: u32,
}

const EIGHT: i32 = 8;
/// The shortest rest is 2^5 = 32 of the longest timeouts.
const REST_SHIFT: u32 = 5;
/// The longest rest is 2^30 probes, which an `i32` holds.
const REST_SHIFT_MAX: u32 = 30;

impl DeadPeerWait {
    pub(crate) const NONE: Self = Self { missed: 0, us: 0 };

    /// Returns how long the next probe is waited for, in microseconds.
    pub(crate) const fn us(&self) -> u32 {
        self.us
    }

    /// Plans the next wait: `usual_us` (at least 1) as a rule, and never longer than `longest_us`.
    pub(crate) const fn plan(&mut self, usual_us: u32, longest_us: u32) {
        let doublings = self.doublings();
        self.us = if usual_us <= longest_us.unbounded_shr(doublings) {
            usual_us.wrapping_shl(doublings) // fewer than 32: it is at least 1, and fits
        } else {
            longest_us
        };
        debug_assert!(self.us <= longest_us);
    }

    /// Records that the probe of this wait got no reply.
    pub(crate) const fn missed(&mut self, longest_us: u32) {
        let doublings = self.doublings();
        if doublings > 0 && self.us == longest_us {
            // 2^doublings usual waits are at least one longest wait
            let shift = doublings + REST_SHIFT;
            let shift = if shift < REST_SHIFT_MAX {
                shift
            } else {
                REST_SHIFT_MAX
            };
            self.missed = -(1 << shift);
        } else {
            self.missed += 1;
            debug_assert!(self.missed <= 33 * EIGHT);
        }
    }

    const fn doublings(&self) -> u32 {
        if self.missed % EIGHT == EIGHT - 1 {
            (self.missed / EIGHT).cast_unsigned() + 1
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests;
