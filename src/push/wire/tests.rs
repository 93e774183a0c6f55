//! Tests of `wire`. They are not published.

use super::*;
use proptest::prelude::*;

/// Each span has one form: a mantissa whose highest bit is 0 is valid with exponent 0 only.
#[test]
fn only_the_lowest_terms_are_read() {
    let read = |exponent: u32, mantissa: u32| {
        let [_, high, middle, low] = (exponent << MANTISSA | mantissa).to_be_bytes();
        unpack([high, middle, low])
    };
    assert_eq!([read(0, 0), read(0, 7)], [Some(0), Some(7)]);
    assert_eq!([read(1, 7), read(31, 0)], [None, None]);
    let (half, whole) = (1 << (MANTISSA - 1), (1 << MANTISSA) - 1);
    assert_eq!(
        [read(1, half - 1), read(1, half)],
        [None, Some(1 << MANTISSA)]
    );
    assert_eq!(read(31, whole), Some(LONGEST_US));
}

proptest! {
    #[test]
    fn spans_are_said_to_four_parts_in_a_million(us in 0..LONGEST_US) {
        let said = |up| {
            let [_, high, middle, low] = pack(us, up).to_be_bytes();
            unpack([high, middle, low]).unwrap()
        };
        prop_assert!(said(false) <= us && us <= said(true));
        prop_assert!(said(true) - said(false) <= us >> 18);
        prop_assert_eq!([rounded_down(us), rounded_up(us)], [said(false), said(true)]);
        prop_assert_eq!(rounded_down(said(true)), said(true));
    }
}

#[test]
fn the_ends_of_the_range_can_be_said() {
    for us in [0, 1, (1 << MANTISSA) - 1, 1 << MANTISSA, LONGEST_US] {
        assert_eq!(rounded_down(us), us);
    }
    assert_eq!(rounded_down(u64::MAX), LONGEST_US);
    assert_eq!(pack(LONGEST_US - 1, true), pack(LONGEST_US, false));
    let hours = 18 * 3_600 * 1_000_000;
    assert!(hours - rounded_down(hours) < 262_144);
    assert_eq!(rounded_down(5_000_000), 5_000_000);
    // rounding up adds a bit, so the mantissa is shifted once more
    assert_eq!(pack((1 << 20) - 1, true), pack(1 << 20, false));
}
