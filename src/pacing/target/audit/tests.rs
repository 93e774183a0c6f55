use super::*;

#[test]
fn poisson() {
    for (count, expected, chance) in [
        (0, 1.0, 1.0),
        (1, 1.0, 0.632),
        (2, 0.1, 0.004_68),
        (5, 2.0, 0.052_7),
    ] {
        assert!((at_least(count, expected) - chance).abs() < 1e-3);
    }
}

/// Returns the audit after two mistakes at once, if one per second is promised.
fn broken() -> Audit {
    let mut audit = Audit::NEW;
    audit.begin(Instant::ZERO);
    for ms in [1, 2] {
        audit.mistake(Instant::from_millis(ms), 1e6);
    }
    audit
}

#[test]
fn a_mistake_keeps_a_correction_until_the_audit_restarts() {
    let mut audit = broken();
    assert_eq!(audit.strictness(), 1);
    audit.mistake(Instant::from_secs(2), 1e6);
    audit.review(Instant::from_secs(5), 1e6); // five of the promised times, one mistake
    assert_eq!((audit.strictness(), audit.mistakes()), (1, 1));
    audit.review(Instant::from_secs(9), 1e6);
    assert_eq!((audit.strictness(), audit.mistakes()), (1, 0));
}

#[test]
fn a_broken_promise_is_corrected_and_the_correction_undone() {
    let mut audit = Audit::NEW;
    audit.begin(Instant::ZERO);
    audit.mistake(Instant::from_secs(100), 1e9);
    assert!(!audit.is_broken());
    audit.mistake(Instant::from_secs(101), 1e9);
    assert!(audit.is_broken());
    assert_eq!((audit.strictness(), audit.mistakes()), (1, 0));
    audit.review(Instant::from_secs(3_200), 1e9);
    assert_eq!(audit.strictness(), 0);
}

#[test]
fn the_audit_begins_with_the_first_probe() {
    let mut audit = Audit::NEW;
    let at = Instant::from_secs;
    assert_eq!(audit.span(at(50)), Duration::ZERO);
    for secs in [100, 200] {
        audit.begin(at(secs));
    }
    assert_eq!(audit.span(at(300)), Duration::from_secs(200));
}

#[test]
fn a_mistake_before_the_first_probe_begins_the_audit() {
    let mut audit = Audit::NEW;
    let at = Instant::from_secs;
    audit.review(at(1_700_000_000), 1e6);
    audit.mistake(at(1_700_000_000), 1e6);
    assert_eq!((audit.mistakes(), audit.is_broken()), (1, false));
    assert_eq!(audit.span(at(1_700_000_002)), Duration::from_secs(2));
    audit.mistake(at(1_700_000_000), 1e6);
    assert!(audit.is_broken());
}

#[test]
fn a_broken_promise_is_reported_once() {
    let mut audit = broken();
    assert!(audit.is_broken());
    audit.settle();
    assert!(!audit.is_broken());
}
