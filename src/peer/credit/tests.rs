use super::*;

#[test]
fn no_more_is_credited_than_lies_after_the_last_sign_of_life() {
    let at = Instant::from_micros;
    let mut credit = Credit::NONE;
    credit.add(3, at(5));
    credit.add(4, at(9));
    for (alive_at, left) in [(1, 7), (2, 7), (3, 6), (8, 1)] {
        credit.limit(at(alive_at));
        assert_eq!(credit.span_us(), left, "{alive_at}");
    }
    credit.heard(at(9));
    assert_eq!(credit.span_us(), 0);
}
