//! Tests of `retries`. They are not published.

use super::*;

#[test]
fn weights_are_those_of_the_table() {
    let doublings = |retries: Retries| [0, 1, 2, 16].map(|sent| retries.doublings(sent));
    assert_eq!(doublings(Retries::fixed(2)), [0; 4]);
    assert_eq!(doublings(Retries::exponential(2)), [0, 1, 2, 16]);
    assert_eq!(doublings(Retries::closing(2)), [0, 1, 2, 16]);
    let total = |retries: Retries| retries.total_weight();
    assert_eq!([0, 2, 16].map(|n| total(Retries::fixed(n))), [1, 3, 17]);
    assert_eq!(
        [0, 2, 16].map(|n| total(Retries::exponential(n))),
        [1, 7, 131_071]
    );
    assert_eq!([0, 2, 16].map(|n| total(Retries::closing(n))), [1; 3]);
}

#[test]
fn closing_waits_grow_by_half_from_the_second_on() {
    let waits = [0, 1, 2, 3, 4].map(|sent| Retries::grown_us(80, sent));
    assert_eq!(waits, [80, 80, 120, 180, 270]);
}

#[test]
fn only_fixed_or_exponential_retries_up_to_the_maximum_are_plain() {
    for count in [0, 1, Retries::MAX] {
        for retries in [Retries::fixed(count), Retries::exponential(count)] {
            assert!(retries.is_plain());
            assert_eq!(retries.plain_weight(), retries.total_weight());
        }
        assert!(!Retries::closing(count).is_plain());
    }
    let many = Retries::MAX + 1;
    assert!(!Retries::fixed(many).is_plain() && !Retries::exponential(many).is_plain());
}

#[test]
fn without_a_bound_closing_retries_are_exponential() {
    assert_eq!(Retries::closing(3).without_bound(), Retries::exponential(3));
    assert_eq!(Retries::fixed(3).without_bound(), Retries::fixed(3));
    assert_eq!(
        Retries::exponential(3).without_bound(),
        Retries::exponential(3)
    );
}

#[test]
fn counts_are_limited_to_63_and_can_be_reduced_by_one() {
    for (make, spacing) in [
        (Retries::fixed as fn(u8) -> Retries, Spacing::Fixed),
        (Retries::exponential, Spacing::Exponential),
        (Retries::closing, Spacing::Closing),
    ] {
        let counts = [0, 62, 63, 64, 255].map(|count| make(count).count());
        assert_eq!(counts, [0, 62, 63, 63, 63]);
        assert_eq!(make(255).spacing(), spacing);
        assert_eq!(make(3).less_one(), make(2));
        assert_eq!(make(0).less_one(), make(0));
        assert_eq!((make(3).at_most(3), make(4).at_most(3)), (make(3), make(3)));
    }
}
