use super::*;

/// The step is an octave divided by the number of samples, and a 64th of one in the end.
#[test]
fn the_median_moves_in_decreasing_steps() {
    let (low, high) = (log2(1_000), log2(4_000_000));
    let mut score = Score::new();
    score.learn(low);
    let steps = [(); 4].map(|()| {
        let before = score.median;
        score.learn(high);
        score.median - before
    });
    assert_eq!(steps, [128, 85, 64, 51]);
    let usual = log2(40_000);
    let mut score = Score::new();
    (0..1_000).for_each(|_| score.learn(usual));
    assert_eq!(score.median(), Some(usual));
    score.learn(high);
    assert_eq!(score.median(), Some(usual + STEP_MIN));
    score.learn(low);
    assert_eq!(score.median(), Some(usual));
}

#[test]
fn an_octave_of_excess_adds_two_octaves_to_the_score() {
    let mut score = Score::new();
    assert_eq!(score.background(), 0);
    score.excess = OCTAVE << FADE_BITS;
    assert_eq!(score.background(), 2 * OCTAVE);
}

#[test]
fn one_sample_adds_at_most_five_octaves_of_excess() {
    let excess = |above: u32| {
        let mut score = Score::new();
        score.add_excess(above);
        score.excess >> FADE_BITS
    };
    // 2.8 times the median adds no excess.
    assert_eq!([0, 384, 385].map(excess), [0, 0, 1]);
    let (six_and_a_half, more) = (1_664, [1_665, 2_560, 8_191]);
    assert_eq!(
        (excess(six_and_a_half), more.map(excess)),
        (1_280, [1_280; 3])
    );
}

#[test]
fn logarithms_are_exact_to_a_tenth_of_an_octave_and_monotonic() {
    let mut last = 0;
    for x in
        (1..if cfg!(miri) { 700 } else { 70_000 }).chain((17..32).map(|bits| (1 << bits) + 12_345))
    {
        let (log, exact) = (log2(x), f64::from(x).log2() * 256.0);
        assert!(
            f64::from(log) <= exact + 1e-6 && f64::from(log) > exact - 24.0,
            "{x}"
        );
        assert!(log >= last);
        last = log;
        assert!(exp2(log) <= x && log2(exp2(log)) >= log, "{x}");
    }
    assert_eq!((log2(0), exp2(u32::MAX)), (0, u32::MAX));
    assert!(log2(u32::MAX) <= LOG_MAX);
}
