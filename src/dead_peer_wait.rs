//! How long a dead peer is waited for where one call can be outstanding at a time.

use crate::fixed::divided;
use crate::wide;

/// Counts the probes to a dead peer, each of which holds the next one up for as long as it is waited for.
///
/// One interval as a rule, so that a peer that is back is seen within one. Its round trips may have become longer than that, so every eighth
/// probe is waited for twice as long as the last such one. When the longest timeout was in vain, the peer is not slow but away: the next
/// such pass follows after a rest of 32 of the longest timeouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadPeerWait {
    /// Probes of this pass; below zero, those that are left of the rest before it.
    probes: i32,
    /// How long the last of them is waited for.
    us: u32,
}

const EIGHT: i32 = 8;
/// In longest timeouts, as a power of two.
const REST_SHIFT: u32 = 5;

impl DeadPeerWait {
    pub(crate) const NONE: Self = Self { probes: 0, us: 0 };

    /// How long the last probe is waited for.
    pub(crate) const fn us(&self) -> u32 {
        self.us
    }

    /// Another probe goes out, which is waited for `usual_us` as a rule, at least 1, and `longest_us` at most.
    pub(crate) fn next(&mut self, usual_us: u32, longest_us: u32) {
        self.probes += 1; // a pass takes at most 33 times eight
        self.us = usual_us.min(longest_us);
        if self.probes > 0 && self.probes % EIGHT == 0 {
            let doublings = (self.probes / EIGHT).cast_unsigned();
            self.wait_longer(doublings, longest_us);
        }
    }

    fn wait_longer(&mut self, doublings: u32, longest_us: u32) {
        if self.us <= longest_us.unbounded_shr(doublings) {
            self.us = self.us.wrapping_shl(doublings); // fewer than 32: it is at least 1, and fits
        } else {
            self.probes = -resting_probes(self.us, longest_us);
            self.us = longest_us;
        }
    }
}

/// How many probes a rest takes, each of them waited for `usual_us`.
#[allow(clippy::cast_possible_truncation)] // at most the greatest number
fn resting_probes(usual_us: u32, longest_us: u32) -> i32 {
    let rest_us = u64::from(longest_us) << REST_SHIFT;
    let probes = divided(rest_us, usual_us.into());
    wide::min(probes, i32::MAX as u64) as i32
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
            wait.next(usual_us, longest_us);
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
        let waits = waits(SECOND, 10_000_000, 32 + 320 + 8);
        assert!(waits[32..32 + 320].iter().all(|&wait| wait == 1));
        assert!(waits[32 + 320..].contains(&2));
    }

    #[test]
    fn no_wait_is_longer_than_the_longest_timeout() {
        for (usual_us, longest_us) in [(1, u32::MAX), (999, u32::MAX), (10 * SECOND, 1), (7, 8)] {
            let mut wait = DeadPeerWait::NONE;
            for _ in 0..300 {
                wait.next(usual_us, longest_us);
                assert!((1..=longest_us).contains(&wait.us()));
            }
        }
    }
}
