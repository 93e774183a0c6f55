//! Tests of `line`. They are not published.

extern crate alloc;

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const SECOND_US: u64 = 1_000_000;
/// How many beats it takes at most until an old point is forgotten.
const MEMORY: u16 = 7 * BEATS_MAX;

/// The line through beats one second apart that arrive so many milliseconds after their slots.
fn line(delays_ms: &[u64]) -> Line {
    let at = |slot: u64, delay_ms| Instant::from_millis(100_000 + 1_000 * slot + delay_ms);
    let mut line = Line::new(at(0, delays_ms[0]));
    for (slot, &delay_ms) in (1..).zip(&delays_ms[1..]) {
        line.take(SECOND_US, at(slot, delay_ms), SECOND_US / 8);
        assert!(line.is_valid(), "{line:?}");
    }
    line
}

/// How long after its slot the newest beat is sent, by the line, in milliseconds.
fn end_ms(delays_ms: &[u64]) -> u64 {
    let slot = Instant::from_secs(99 + delays_ms.len() as u64);
    line(delays_ms).end().since(slot) / 1_000
}

/// The slope, in thousandths.
fn permille(line: &Line) -> u64 {
    line.span_us(1_000_000) / 1_000
}

#[test]
fn the_line_is_as_late_as_the_quickest_beat() {
    assert_eq!(end_ms(&[7]), 7);
    assert_eq!(end_ms(&[20, 7, 30, 9, 25, 40]), 7);
}

#[test]
fn a_step_down_in_delay_counts_at_once() {
    assert_eq!(end_ms(&[5_000, 5_010, 5_005, 5_000, 20]), 20);
    let after = line(&[5_000, 5_010, 5_005, 5_000, 20]);
    assert_eq!(
        (after.held, after.size),
        (0, 1),
        "the older points are void"
    );
}

/// A queue that drains is quicker than its slots, and a second queue slower.
#[test]
fn a_beat_is_in_pace_from_three_quarters_of_its_slots_to_five() {
    let in_pace = |us| {
        let mut line = Line::new(Instant::from_micros(10_000_000));
        let first = line.newest();
        line.take(4_000_000, Instant::from_micros(us), SECOND_US / 8);
        line.is_in_pace_since(first)
    };
    let in_pace = [12_999_999, 13_000_000, 15_000_000, 15_000_001].map(in_pace);
    assert_eq!(in_pace, [false, true, true, false]);
}

#[test]
fn a_beat_behind_one_that_was_held_is_not_in_pace() {
    let first = line(&[20; 4]).newest();
    let mut line = line(&[20, 20, 20, 20, 400, 100]);
    assert!(!line.is_in_pace_since(first));
    line.take(SECOND_US, line.newest.at.plus(SECOND_US), SECOND_US / 8);
    assert!(line.is_in_pace_since(first));
}

/// However many a queue releases, the line rests on those that came before it.
#[test]
fn of_a_queue_that_drains_one_beat_counts() {
    for held in [10, 100, 10_000] {
        let mut line = line(&[20; 40]);
        let before = (line.held, line.beats, line.rate);
        for beat in 0..held {
            let sent = Instant::from_millis(100_000 + 40_000 + 1_000 * beat);
            line.take(
                SECOND_US,
                Instant::from_millis(140_000 + 1_000 * held),
                SECOND_US / 8,
            );
            assert!(
                sent.plus(20_000).since(line.end()) <= 20_000,
                "{beat} of {held}"
            );
        }
        assert_eq!((line.held, line.beats - 1, line.rate), before, "{held}");
    }
}

/// What was sent at the old pace lies below the new line, and would bend it.
#[test]
fn a_sender_that_becomes_faster_is_understood_at_once() {
    for pace in [960, 990] {
        let slower = (0..200).map(|beat| 10_000 + beat * 30);
        let faster = (1..60).map(|beat| 15_970 - beat * (1_000 - pace));
        let delays: Vec<u64> = slower.chain(faster).collect();
        assert!(permille(&line(&delays)).abs_diff(pace) <= 1, "{pace}");
    }
}

/// Or else the line leads down from the old points, and on below the new ones.
#[test]
fn a_step_down_in_delay_leaves_the_slope_alone() {
    for beats in [40, 700, 2_000] {
        let mut delays = [900].repeat(beats);
        delays.extend([20; 600]);
        for heard in [beats + 1, beats + 40, beats + 300, beats + 600] {
            assert!(end_ms(&delays[..heard]).abs_diff(20) <= 1, "{beats} before");
        }
    }
}

/// One of less than an eighth of an interval, which does not void the points before it.
#[test]
fn a_small_step_down_in_delay_leaves_the_slope_alone() {
    for (before, step_ms, slower_ms) in [(20, 124, 0), (113, 50, 0), (300, 120, 30), (700, 16, 100)]
    {
        let delay_ms = |beat: u64| 20 + beat * slower_ms + if beat < before { step_ms } else { 0 };
        let delays: Vec<u64> = (0..before + 600).map(delay_ms).collect();
        for heard in (before + 1..before + 600).step_by(7) {
            let line = line(&delays[..usize::try_from(heard).unwrap()]);
            let lies_below = line.newest.at.since(line.end());
            assert!(
                lies_below <= 1_000,
                "{lies_below} us at {heard} of {before}, {step_ms} ms"
            );
        }
    }
}

#[test]
fn a_step_up_in_delay_counts_when_the_old_points_are_forgotten() {
    let mut delays = [20; 64].to_vec();
    delays.extend([5_020].repeat(MEMORY as usize));
    assert_eq!(end_ms(&delays[..68]), 20);
    assert!(
        end_ms(&delays).abs_diff(5_020) <= 1,
        "the slope is known to 0.5 ppm"
    );
}

#[test]
fn a_sender_that_is_slow_or_fast_is_understood_by_its_fourth_beat() {
    for (step_ms, rate) in [(240, 1_240), (50, 1_050), (1, 1_001)] {
        let slow: Vec<u64> = (0..40).map(|beat| 20 + beat * step_ms).collect();
        for beats in 4..40 {
            let line = line(&slow[..beats]);
            assert!(permille(&line).abs_diff(rate) <= 1, "{beats} beats");
        }
    }
    let fast: Vec<u64> = (0..40).map(|beat| 20_000 - beat * 200).collect();
    assert!((4..40).all(|beats| permille(&line(&fast[..beats])).abs_diff(800) <= 1));
}

#[test]
fn no_slope_is_beyond_a_quarter() {
    let slow: Vec<u64> = (0..40).map(|beat| 20 + beat * 300).collect();
    assert_eq!(permille(&line(&slow)), 1_249, "just below, for the halving");
    let fast: Vec<u64> = (0..40).map(|beat| 40_000 - beat * 900).collect();
    assert_eq!(
        permille(&line(&fast)),
        1_000,
        "each beat voids those before"
    );
}

/// A queue that builds up in the first seconds looks like a slow sender, but its points do not lie on one line.
#[test]
fn delays_that_scatter_as_much_as_they_rise_leave_the_slope_alone() {
    assert_eq!(permille(&line(&[51, 505, 555])), 1_000);
    assert_eq!(permille(&line(&[51, 337, 237, 600, 84])), 1_000);
}

#[test]
fn blocks_grow_until_the_line_rests_on_a_thousand_beats() {
    let delays: Vec<u64> = (0..3 * u64::from(MEMORY))
        .map(|beat| beat * 7 % 50)
        .collect();
    for (beats, blocks, size) in [
        (8, 7, 1),
        (9, 4, 2),
        (15, 7, 2),
        (16, 4, 4),
        (897, 7, 128),
        (898, 7, 128),
    ] {
        let line = line(&delays[..beats]);
        assert_eq!((line.held, line.size), (blocks, size), "{beats} beats");
    }
    let line = line(&delays);
    let oldest = line.newest.slot - line.blocks[0].slot;
    assert!(oldest <= u64::from(MEMORY) * SECOND_US, "{oldest}");
    assert!(
        oldest >= u64::from(MEMORY - 2 * 128) * SECOND_US,
        "{oldest}"
    );
}

#[test]
fn a_restart_goes_on_from_one_point_at_the_same_slope() {
    let slow: Vec<u64> = (0..40).map(|beat| 20 + beat * 100).collect();
    let mut line = line(&slow);
    let at = line.end().plus(SECOND_US);
    line.restart(at);
    assert!(line.is_valid());
    assert_eq!((line.end(), line.held), (at, 0));
    assert!(permille(&line).abs_diff(1_100) <= 1);
}

#[test]
fn a_spoilt_line_is_not_valid() {
    let spoilt = |spoil: fn(&mut Line)| {
        let mut line = line(&[20; 40]);
        spoil(&mut line);
        line.is_valid()
    };
    assert!(spoilt(|_| {}));
    assert!(!spoilt(|line| line.held = 8));
    assert!(!spoilt(|line| line.beats = line.size + 1));
    assert!(!spoilt(|line| line.size = 2 * BEATS_MAX));
    assert!(!spoilt(|line| line.rate = RATE_MIN - 1));
    assert!(!spoilt(|line| line.rate = RATE_MAX + 1));
    assert!(!spoilt(|line| line.blocks[1].slot = 0));
}

#[test]
fn spans_are_scaled_exactly_up_to_the_longest() {
    for rate in [RATE_MIN, RATE - 1, RATE, RATE + 1, RATE_MAX] {
        for span in [0, 1, 1_000_000, (1 << 32) - 1, 1 << 32, (1 << 50) + 12_345] {
            let exact = (u128::from(span) * u128::from(rate)) >> 31;
            assert_eq!(u128::from(scaled(span, rate)), exact, "{span} at {rate}");
        }
    }
    assert_eq!(scaled(u64::MAX, RATE_MAX), u64::MAX);
}

proptest! {
    /// As many points lie to either side of where the line touches, but for what touches it, too.
    #[test]
    fn the_line_touches_the_points_in_their_middle(delays in prop::collection::vec(0_u64..200, 4..60)) {
        let line = line(&delays);
        let middle = line.middle();
        let rate = line.touching_the_middle();
        let touched = |rate: u32| line.touched(rate).0;
        // Ends are rounded to a microsecond, and points lie a second apart or more.
        let rounding = RATE.div_ceil(1_000_000);
        let steeper = rate + (RATE_MAX - RATE_MIN) / (1 << HALVINGS) + 1 + rounding;
        prop_assert!(touched(rate) < middle || rate == RATE_MIN, "{line:?}");
        prop_assert!(touched(steeper) >= middle || steeper > RATE_MAX, "{line:?}");
    }

    /// Whatever arrives whenever, no point that counts lies below the line, and nothing overflows.
    #[test]
    fn no_point_lies_below_the_line(steps in prop::collection::vec((any::<u64>(), 0_u32..64, any::<u64>(), 0_u32..64), 1..100)) {
        let mut line = Line::new(Instant::from_micros(1 << 40));
        for (slots_us, short, at_us, early) in steps {
            line.take(slots_us >> short, Instant::from_micros(at_us >> early), 9);
            prop_assert!(line.is_valid(), "{line:?}");
            let end = line.end();
            let slot = line.newest.slot;
            prop_assert!(line.points().all(|point| point.ahead(slot, line.rate) >= end));
        }
    }
}
