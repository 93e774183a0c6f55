use super::*;

#[test]
fn follows_jeffreys() {
    let mut loss = LossRate::new();
    assert!((loss.probability() - 0.5).abs() < 1e-9);
    for _ in 0..9 {
        loss.answered();
    }
    assert!((loss.probability() - 0.05).abs() < 1e-9);
    loss.lost();
    assert!((loss.probability() - 1.5 / 11.0).abs() < 1e-9);
    loss.found();
    assert!((loss.probability() - 0.5 / 11.0).abs() < 1e-9);
}

/// Both counts are halved as the 4,096th probe is counted.
#[test]
fn fades_by_half() {
    let mut loss = LossRate::new();
    (0..4_095).for_each(|_| loss.lost());
    assert_eq!((loss.sent, loss.lost), (4_095, 4_095));
    loss.lost();
    assert_eq!((loss.sent, loss.lost), (2_048, 2_048));
    loss.answered();
    assert_eq!((loss.sent, loss.lost), (2_049, 2_048));
}

#[test]
fn without_losses_the_record_is_found_as_a_reply() {
    let mut loss = LossRate::new();
    loss.found();
    assert_eq!((loss.sent, loss.lost), (1, 0));
}

#[test]
fn forgets_slowly() {
    let mut loss = LossRate::new();
    for _ in 0..2_000 {
        loss.lost();
    }
    for _ in 0..40_000 {
        loss.answered();
    }
    assert!(loss.probability() < 0.002);
}
