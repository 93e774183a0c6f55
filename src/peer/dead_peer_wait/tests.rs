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
