use super::*;

#[test]
fn a_whole_file_is_read() {
    let file = parse(
        r#"
        detect_within = "30s"
        losses = 2
        admit = 5
        rate_limit = 100
        key_file = "keys"

        [[sender]]
        id = "web-1"
        every = "5s"
        label = "rack-1"

        [[sender]]
        id = "backup"
        overdue = "25h"
        "#,
    )
    .unwrap();
    assert_eq!(file.detect_within, Some(Duration::from_secs(30)));
    assert_eq!((file.losses, file.admit), (Some(2), Some(5)));
    assert_eq!(file.senders[0].label.as_deref(), Some("rack-1"));
    assert_eq!(
        file.senders[1].overdue,
        Some(Duration::from_secs(25 * 3_600))
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, place, words) in [
        ("losses = 2\nlosess = 3\n", 2, "unknown field `losess`"),
        ("[[sender]]\nid = \"a b\"", 2, "a name is 1 to 64"),
        ("[[sender]]\nid = \"\"", 2, "a name is 1 to 64"),
        ("[[sender]]\nid = \"a\"\n[[sender]]\nid = \"a\"", 4, "twice"),
        (
            "[[sender]]\nid = \"a\"\nevery = \"1s\"\noverdue = \"1h\"",
            2,
            "give one",
        ),
        (
            "[[sender]]\nid = \"a\"\nlabel = \"\\u001b[2J\"",
            2,
            "printable",
        ),
        ("\non_change = [\"notify\"]", 2, "is no program"),
        ("detect_within = \"soon\"", 1, "number"),
    ] {
        let (found, what) = parse(text).unwrap_err();
        assert_eq!(found, place, "{text}: {what}");
        assert!(what.contains(words) && what.lines().count() == 1, "{what}");
    }
}
