use super::*;

fn sender() -> SavedSender {
    let beat = Beat::new(u32::MAX, Duration::from_secs(5)).with_incarnation(7);
    SavedSender {
        id: 3,
        name: "web-1".into(),
        verdict: Verdict::Alive,
        told: Verdict::Unknown,
        silent_s: 0.5,
        exit_status: None,
        overdue: false,
        beat: Some(SavedBeat::new(&beat, 2)),
    }
}

#[test]
fn what_is_saved_is_read_again() {
    let text = serde_json::to_string(&Saved::new(vec![sender()])).unwrap();
    let saved = parse(&text).unwrap();
    assert_eq!(saved.senders, [sender()]);
    assert!(saved.age() < Duration::from_secs(60));
    let beat = saved.senders[0].beat.as_ref().unwrap().restored(3);
    assert_eq!((beat.sequence(), beat.incarnation(), beat.id()), (1, 7, 3));
    assert_eq!(beat.deadline(), Duration::from_secs(15));
}

#[test]
fn damaged_and_newer_files_are_refused_in_one_line() {
    let whole = serde_json::to_string(&Saved::new(vec![sender()])).unwrap();
    let newer = whole.replacen("\"version\":1", "\"version\":2", 1);
    for (text, words) in [
        (&whole[..whole.len() / 2], "damaged"),
        ("", "damaged"),
        ("[1, 2]", "damaged"),
        (&newer, "of version 2"),
    ] {
        let what = parse(text).unwrap_err();
        assert!(what.contains(words) && what.lines().count() == 1, "{what}");
    }
}

#[test]
fn a_clock_that_went_back_makes_no_negative_age() {
    let mut saved = Saved::new(Vec::new());
    saved.at_s += 1e9;
    assert_eq!(saved.age(), Duration::ZERO);
    saved.at_s = f64::NAN;
    assert_eq!(saved.age(), Duration::ZERO);
}
