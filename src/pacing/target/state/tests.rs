use super::*;

#[test]
fn a_plan_is_due_at_each_reply_then_at_every_fourth_then_at_every_64th() {
    for (probes, relaxing, since, due) in [
        (0, false, 0, true),
        (31, false, 0, true),
        (32, true, 3, false),
        (32, true, 4, true),
        (32, false, 63, false),
        (32, false, 64, true),
    ] {
        let mut state = TargetState {
            since,
            relaxing,
            ..TargetState::NEW
        };
        (0..probes).for_each(|_| state.silences.add(1, 1_000, 1_000));
        assert_eq!(state.is_due(), due, "{probes} {relaxing} {since}");
    }
}
