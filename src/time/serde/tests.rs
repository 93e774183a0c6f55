extern crate alloc;

use alloc::string::ToString;

use proptest::prelude::*;

use super::*;

#[test]
fn spans_read_as_people_write_them() {
    for (us, text) in [
        (0, "0s"),
        (1_500_000, "1s 500ms"),
        (3_661_001_001, "1h 1m 1s 1ms 1us"),
        (100_000, "100ms"),
        (86_400_000_000, "24h"),
    ] {
        assert_eq!(Span(us).to_string(), text);
        assert_eq!(read(text), Some(Span(us)));
    }
    assert_eq!(read(" 1s500ms "), Some(Span(1_500_000)));
    assert_eq!(read("500ms 1s"), Some(Span(1_500_000)));
}

#[test]
fn what_is_no_span_is_refused() {
    for text in [
        "",
        " ",
        "1",
        "s",
        "1.5s",
        "-1s",
        "1s 2s",
        "5 s",
        "1S",
        "1s,2ms",
        "1sec",
        "١s",
        "18446744073709551616us",
        "5124095577h",
        "1s\u{0}",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_span_survives_as_text(us: u64) {
        prop_assert_eq!(read(&Span(us).to_string()), Some(Span(us)));
    }

    #[test]
    fn no_text_panics(text: alloc::string::String) {
        let _ = read(&text);
    }
}
