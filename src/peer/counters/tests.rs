use super::*;

#[test]
fn every_change_counts_where_it_belongs() {
    let mut counters = Counters::default();
    for (to, reason) in [
        (Verdict::Suspect, Reason::Overdue),
        (Verdict::Dead, Reason::BoundElapsed),
        (Verdict::Alive, Reason::Refuted),
        (Verdict::Alive, Reason::Recovered),
        (Verdict::Alive, Reason::Undecided),
        (Verdict::Alive, Reason::Answered),
    ] {
        let from = Verdict::Unknown;
        counters.count(Change { from, to, reason });
    }
    let expected = Counters {
        suspect: 1,
        dead: 1,
        refuted: 1,
        recovered: 1,
        undecided: 1,
        ..Counters::default()
    };
    assert_eq!(counters, expected);
}
