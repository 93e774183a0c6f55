//! Tests of `saturating`. They are not published.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn sums_and_differences_saturate(a: u64, b: u64) {
        prop_assert_eq!(plus(a, b), a.saturating_add(b));
        prop_assert_eq!(minus(a, b), a.saturating_sub(b));
    }

    #[test]
    fn zeros_are_counted_alike(value: u64, shift in 0_u32..64) {
        let value = value >> shift;
        prop_assert_eq!(zeros_by_halves(value), value.leading_zeros());
    }
}

#[test]
fn a_zero_is_all_zeros() {
    assert_eq!([0, 1, u64::MAX].map(zeros_by_halves), [64, 63, 0]);
}
