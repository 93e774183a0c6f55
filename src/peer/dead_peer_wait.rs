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
mod tests {
    extern crate alloc;
    use alloc::vec::Vec;

    use super::*;

    const SECOND: u32 = 1_000_000;

    /// The waits for `probes` in a row, in seconds.
    fn waits(usual_us: u32, longest_us: u32, probes: usize) -> Vec<u32> {
        let mut wait = DeadPeerWait::NONE;
        let next = || {
            wait.plan(usual_us, longest_us);
            wait.missed(longest_us);
            wait.us() / SECOND
        };
        core::iter::repeat_with(next).take(probes).collect()
    }

    #[test]
    fn every_eighth_wait_is_twice_the_last_such_one_up_to_the_longest() {
        let waits = waits(SECOND, 10_000_000, 32);
        let expected = [2, 4, 8, 10].map(|eighth| [1, 1, 1, 1, 1, 1, 1, eighth]);
        assert_eq!(waits, expected.concat());
    }

    #[test]
    fn after_the_longest_in_vain_there_is_a_rest() {
        let waits = waits(SECOND, 10_000_000, 32 + 512 + 8);
        assert!(waits[32..32 + 512].iter().all(|&wait| wait == 1)); // 320 at the least
        assert!(waits[32 + 512..].contains(&2));
    }

    #[test]
    fn no_wait_is_longer_than_the_longest_timeout() {
        for (usual_us, longest_us) in [(1, u32::MAX), (999, u32::MAX), (10 * SECOND, 1), (7, 8)] {
            let mut wait = DeadPeerWait::NONE;
            for _ in 0..300 {
                wait.plan(usual_us, longest_us);
                wait.missed(longest_us);
                assert!((1..=longest_us).contains(&wait.us()));
            }
        }
    }
}
