use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn hear(roster: &mut Roster, port: u16, second: u64) -> Option<SocketAddr> {
    let beat = Beat::new(0, SECOND).with_id(7);
    let from = SocketAddr::from(([192, 0, 2, 1], port));
    roster.hear(&beat, from, BeatOutcome::Fresh, Instant::from_secs(second))
}

#[test]
fn two_senders_of_one_name_are_told_once_a_minute_and_a_move_is_not() {
    let mut roster = Roster::default();
    let told: Vec<_> = (0..10)
        .filter_map(|n| hear(&mut roster, 1 + n % 2, n.into()))
        .collect();
    assert_eq!(told.len(), 1);
    assert!(hear(&mut roster, 1, 100).is_none() && hear(&mut roster, 2, 101).is_none());
    assert!(hear(&mut roster, 1, 102).is_some());

    let mut roster = Roster::default();
    for (port, second) in [(1, 0), (1, 1), (2, 2), (2, 3), (3, 4), (1, 60), (1, 61)] {
        assert_eq!(hear(&mut roster, port, second), None);
    }
    assert_eq!(roster.admitted, 1);
}

#[test]
fn the_worst_standing_is_that_of_the_dead() {
    let mut roster = Roster::default();
    hear(&mut roster, 1, 0);
    let sender = roster.senders.get_mut(&7).unwrap();
    sender.exit_status = Some(3);
    assert_eq!(sender.standing(Verdict::Left), Standing::Failed(3));
    assert_eq!(sender.standing(Verdict::Alive), Standing::Alive);
    assert!(sender.standing(Verdict::Dead) > Standing::Failed(255));
    sender.exit_status = Some(0);
    assert!(!sender.standing(Verdict::Left).is_alarm());
}
