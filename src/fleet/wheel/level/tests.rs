//! Tests of `level`. They are not published.

use super::*;

#[test]
fn every_slot_has_a_bit_and_every_word_of_them_one() {
    let level = Level::new(0);
    let bits = (level.occupied.len() * 64, level.summary.len() * 64);
    assert_eq!(bits, (level.heads.len(), level.occupied.len()));
    assert_eq!(level.heads.len(), 16_384);
}

/// The slot of the next round lies before it, in the word in which the search begins.
#[test]
fn a_slot_of_this_round_comes_before_one_of_the_next() {
    let mut level = Level::new(0);
    let now = 10;
    for due in [20, 200, SLOTS as u64 + 5] {
        assert!(level.reaches(due, now));
        level.set_head(due, 0, now);
    }
    assert_eq!(level.next(), Some(20));
    level.set_head(20, NONE, now);
    assert_eq!(level.next(), Some(200));
    level.set_head(200, NONE, now);
    assert_eq!(level.next(), Some(SLOTS as u64 + 5));
}
