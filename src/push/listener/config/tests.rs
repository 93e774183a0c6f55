use super::*;

#[test]
fn who_states_a_bound_is_given_four_times_the_patience() {
    let stated = Config::builder().detect_within(Duration::from_secs(3));
    assert_eq!(stated.build().unwrap().patience_us(7), 16 * 7);
    assert_eq!(Config::default().patience_us(7), 4 * 7);
}
