//! How long a dead peer is waited for where one call can be outstanding at a time.

/// Counts the probes to a dead peer, each of which holds the next one up for as long as it is waited for.
///
/// One interval as a rule, so that a peer that is back is seen within one. Its round trips may have become longer than that, so every eighth
/// probe is waited for twice as long as the last such one. When the longest timeout was in vain, the peer is not slow but away: the next
/// such pass follows after a rest of at least 32 of the longest timeouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadPeerWait {
    /// Those of this pass that were missed; below zero, those that are left of the rest before it.
    missed: i32,
    /// How long the next one is waited for.
    us: u32,
}

const EIGHT: i32 = 8;
/// In longest timeouts, as a power of two.
const REST_SHIFT: u32 = 5;
/// The longest rest, in probes, as a power of two.
const REST_SHIFT_MAX: u32 = 30;

impl DeadPeerWait {
    pub(crate) const NONE: Self = Self { missed: 0, us: 0 };

    /// How long the next probe is waited for.
    pub(crate) const fn us(&self) -> u32 {
        self.us
    }

    /// The next probe is waited for `usual_us` as a rule, at least 1, and no longer than `longest_us`.
    pub(crate) const fn plan(&mut self, usual_us: u32, longest_us: u32) {
        let doublings = self.doublings();
        self.us = if usual_us <= longest_us.unbounded_shr(doublings) {
            usual_us.wrapping_shl(doublings) // fewer than 32: it is at least 1, and fits
        } else {
            longest_us
        };
        debug_assert!(self.us <= longest_us);
    }

    /// That probe was not answered.
    pub(crate) const fn missed(&mut self, longest_us: u32) {
        let doublings = self.doublings();
        if doublings > 0 && self.us == longest_us {
            // so many times the usual wait are at least the longest
            let shift = doublings + REST_SHIFT;
            let shift = if shift < REST_SHIFT_MAX {
                shift
            } else {
                REST_SHIFT_MAX
            };
            self.missed = -(1 << shift);
        } else {
            self.missed += 1; // up to 33 times eight
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
