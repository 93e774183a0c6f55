use super::*;

#[test]
fn it_grants_the_reserve_and_then_the_share() {
    let budget = RetryBudget::new(25, 3);
    assert_eq!((0..10).filter(|_| budget.spend()).count(), 3);
    let granted = (0..40).filter(|_| {
        budget.earn();
        budget.spend()
    });
    assert_eq!(granted.count(), 10);
}

#[test]
fn without_atomic_instructions_it_counts_the_same() {
    let tokens = Alone::new(250);
    let spend = || tokens.update(|held| held.checked_sub(RETRY));
    assert_eq!([spend(), spend(), spend()], [true, true, false]);
    assert_eq!(tokens.get(), 50);
}

#[test]
fn without_a_reserve_it_grants_the_share() {
    for percent in [1, 50, 99, 100, 101, 255] {
        let budget = RetryBudget::new(percent, 0);
        assert_eq!((budget.left(), budget.spend()), (0, false));
        let granted = (0..1_000).filter(|_| {
            budget.earn();
            budget.spend()
        });
        // At most one retry is saved up.
        let share = 10 * usize::from(percent).min(100);
        assert!(granted.count().abs_diff(share) <= 1, "{percent}");
    }
}

#[test]
fn without_share_and_reserve_it_grants_nothing() {
    let budget = RetryBudget::new(0, 0);
    (0..1_000).for_each(|_| budget.earn());
    assert!(!budget.spend());
}

#[test]
fn it_saves_no_more_than_the_reserve() {
    let budget = RetryBudget::new(255, 2);
    (0..1_000).for_each(|_| budget.earn());
    assert_eq!(budget.left(), 2);
}
