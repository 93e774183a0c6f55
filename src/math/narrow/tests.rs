use super::*;

#[test]
fn an_offset_gives_the_value_again_within_four_years() {
    let far = Narrow::HALF;
    for (base, value) in [
        (5, 5),
        (0, far - 1),
        (far, 0),
        (u64::MAX, u64::MAX - 9),
        (7, 0),
    ] {
        assert_eq!(Narrow::offset(base, value).after(base), value);
    }
    assert_eq!(Narrow::offset(0, u64::MAX).after(0), far - 1);
    assert_eq!(Narrow::offset(u64::MAX, 0).after(u64::MAX), u64::MAX - far);
}
