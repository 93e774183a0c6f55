use super::*;

#[test]
fn an_answer_counts_once_and_only_for_the_last_32() {
    let mut requests = Requests::NEW;
    let ids: [_; 33] = core::array::from_fn(|second| {
        requests.send(What::Traffic, Instant::from_secs(second as u64))
    });
    assert_eq!(requests.take(ids[0]), None, "an old one");
    let expected = Outstanding {
        sent: Instant::from_secs(1),
        what: What::Traffic,
    };
    assert_eq!(requests.take(ids[1]), Some(expected));
    assert_eq!(requests.take(ids[1]), None, "a second answer");
    assert_eq!(requests.take(RenewalId(34)), None, "a future one");
    requests.forget();
    assert!(!requests.is_outstanding(ids[2]));
}
