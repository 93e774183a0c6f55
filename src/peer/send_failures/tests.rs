use super::*;

const fn at(s: u64) -> Instant {
    Instant::from_secs(s)
}

#[test]
fn they_count_from_the_first_until_a_later_send_succeeds() {
    let mut failures = SendFailures::NONE;
    assert_eq!(failures.blind_from(at(9)), None);
    assert!(failures.fail(at(3)));
    assert!(!failures.fail(at(4)));
    assert_eq!(failures.blind_from(at(1)), Some(at(3)));
    assert_eq!(failures.blind_from(at(9)), Some(at(9)));
    failures.succeed(at(2));
    assert_eq!(failures.tries(), 2);
    failures.succeed(at(3));
    assert_eq!(failures, SendFailures::NONE);
}

#[test]
fn a_compact_moment_is_exact_for_half_an_hour_and_never_too_early() {
    for us in [0, 1, 2_147_483_647] {
        assert_eq!(spread(compact(us)), us);
    }
    for us in [1 << 31, (1 << 31) + 1, 1 << 40] {
        let kept = spread(compact(us));
        assert!(kept >= us && kept - us < 1_024, "{us} as {kept}");
    }
}

#[test]
fn they_are_told_once_until_the_peer_is_heard() {
    let mut failures = SendFailures::NONE;
    failures.fail(at(3));
    failures.tell();
    assert_eq!(failures.blind_from(at(0)), None);
    failures.heard();
    assert_eq!(failures.blind_from(at(2)), Some(at(3)));
}
