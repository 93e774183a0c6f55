//! How long a dead peer is waited for where one call can be outstanding at a time.

use crate::time::saturate;

/// Counts the probes to a dead peer, each of which holds the next one up for as long as it is waited for.
///
/// One interval as a rule, so that a peer that is back is seen within one. Its round trips may have become longer than that, so every eighth
/// probe is waited for twice as long as the last such one. When the longest timeout was in vain, the peer is not slow but away: the next
/// such pass follows after a rest of 32 of the longest timeouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadPeerWait {
    /// What is left of the rest, in 1,024 us.
    rest: u32,
    probes: u8,
}

const EIGHT: u8 = 8;
const UNIT_SHIFT: u32 = 10;
/// In longest timeouts, as a power of two.
const REST_SHIFT: u32 = 5;

impl DeadPeerWait {
    pub(crate) const NONE: Self = Self { rest: 0, probes: 0 };

    /// How long the next probe is waited for, where that is `usual_us` as a rule and `longest_us` at most.
    pub(crate) fn us(&self, usual_us: u64, longest_us: u32) -> u64 {
        let longest_us = u64::from(longest_us);
        let doublings = self.doublings();
        if usual_us > longest_us >> doublings {
            longest_us
        } else {
            usual_us << doublings
        }
    }

    fn doublings(&self) -> u32 {
        if self.rest > 0 || self.probes % EIGHT != EIGHT - 1 {
            return 0;
        }
        u32::from(self.probes / EIGHT) + 1
    }

    /// That probe was not answered.
    pub(crate) fn missed(&mut self, usual_us: u64, longest_us: u32) {
        if self.rest > 0 {
            self.rest = self.rest.saturating_sub(units(usual_us).max(1));
        } else if self.doublings() > 0 && self.us(usual_us, longest_us) >= u64::from(longest_us) {
            self.probes = 0;
            self.rest = units(u64::from(longest_us) << REST_SHIFT).max(1);
        } else {
            self.probes = self.probes.saturating_add(1);
        }
    }
}

const fn units(us: u64) -> u32 {
    saturate(us >> UNIT_SHIFT)
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use alloc::vec::Vec;

    use super::*;

    const SECOND: u64 = 1_000_000;

    /// The waits for `probes` in a row, in seconds.
    fn waits(usual_us: u64, longest_us: u32, probes: usize) -> Vec<u64> {
        let mut wait = DeadPeerWait::NONE;
        let next = || {
            let us = wait.us(usual_us, longest_us);
            wait.missed(usual_us, longest_us);
            us / SECOND
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
        let waits = waits(SECOND, 10_000_000, 32 + 321 + 8);
        assert!(waits[32..32 + 320].iter().all(|&wait| wait == 1));
        assert!(waits[32 + 320..].contains(&2));
    }

    #[test]
    fn no_wait_is_longer_than_the_longest_timeout() {
        for usual_us in [1, 999, 10 * SECOND, 1 << 40] {
            let mut wait = DeadPeerWait::NONE;
            for _ in 0..300 {
                assert!(wait.us(usual_us, u32::MAX) <= u32::MAX.into());
                assert!(wait.us(usual_us, u32::MAX) > 0);
                wait.missed(usual_us, u32::MAX);
            }
        }
    }
}
