use super::level::{LEVEL_BITS, PROLONGED, SAVED_LEAST};
use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn after(samples: u32, warning: EarlyWarning) -> EarlyWarning {
    (0..samples).fold(warning, |mut warning, _| {
        assert_eq!(warning.answered(ms(40)), Health::Good);
        warning
    })
}

fn warm() -> EarlyWarning {
    after(1_000, EarlyWarning::new().warn_above(4_000))
}

/// Without earlier excess, an overdue probe scores two octaves, and adds half an octave of
/// excess.
#[test]
fn an_overdue_probe_counts_as_four_times_the_median() {
    let mut warning = EarlyWarning::new();
    warning.overdue();
    assert_eq!(warning.score(), 2_000);
    assert_eq!(warning.score.excess(), 128);
}

#[test]
fn it_is_small() {
    assert!(size_of::<EarlyWarning>() <= 32);
}

/// A round trip of twenty times the median warns at once; a round trip of six times the median
/// warns only after recent excess.
#[test]
fn recent_excess_lowers_the_round_trip_that_warns() {
    let mut warning = warm();
    assert_eq!(warning.answered(ms(240)), Health::Good);
    assert_eq!(warm().answered(ms(800)), Health::Degraded);
    for _ in 0..3 {
        warning.answered(ms(40));
        assert_eq!(warning.answered(ms(40)), Health::Good);
    }
    assert_eq!(warning.answered(ms(240)), Health::Degraded);
}

/// Recent excess alone never leads to a warning, whatever the score.
#[test]
fn a_reply_of_less_than_2_8_medians_starts_no_warning() {
    let mut warning = warm();
    warning.score.set_excess(500);
    assert_eq!(warning.answered(ms(110)), Health::Good);
    assert!(warning.score() > 17_000);
    assert_eq!(warning.answered(ms(130)), Health::Degraded);
}

#[test]
fn a_warning_ends_after_eight_calm_replies_in_a_row() {
    let mut warning = warm();
    warning.answered(ms(2_000));
    for _ in 0..7 {
        assert_eq!(warning.answered(ms(40)), Health::Degraded);
    }
    assert_eq!(warning.waiting(ms(800)), Health::Degraded);
    for _ in 0..7 {
        assert_eq!(warning.answered(ms(100)), Health::Degraded);
    }
    assert_eq!(warning.answered(ms(40)), Health::Good);
}

/// Only replies end a warning; waiting and overdue probes do not.
#[test]
fn a_warning_does_not_end_without_replies() {
    let mut warning = warm();
    warning.answered(ms(2_000));
    for _ in 0..20 {
        assert_eq!(warning.waiting(ms(1)), Health::Degraded);
        assert_eq!(warning.overdue(), Health::Degraded);
    }
}

// ---- the usual level ----

/// Returns the levels, in octaves, after a warning whose highest score was `peak` octaves above
/// a threshold of 4, from a usual level of `usual`.
fn raised(usual: u16, peak: u16, right: bool) -> (u16, u16) {
    let mut warning = warm();
    let octaves = |octaves: u16| octaves * 256;
    warning.level.usual = octaves(usual) << LEVEL_BITS;
    warning.peak = octaves(4 + peak);
    (warning.health, warning.confirmed) = (Health::Degraded, right);
    warning.end();
    assert_eq!(warning.health, Health::Good);
    (
        warning.level.usual >> LEVEL_BITS,
        warning.level.worst >> LEVEL_BITS,
    )
}

#[test]
fn the_usual_level_rises_at_the_end_of_a_warning() {
    let octave = 256;
    assert_eq!(raised(0, 2, false), (5 * octave, 7 * octave));
    // The level rises by a quarter of the way to the highest score.
    assert_eq!(raised(3, 8, false), (6 * octave, 13 * octave));
    assert_eq!(raised(6, 3, false), (7 * octave, 8 * octave));
    // It rises to at most an octave above the highest score.
    assert_eq!(raised(8, 3, false), (8 * octave, 8 * octave));
    assert_eq!(raised(7, 3, true), (7 * octave, 0));
    assert_eq!(raised(31, 40, false).1, u16::MAX >> LEVEL_BITS);
}

/// Slow replies of equal length do not prolong a warning for ever; growing ones do.
#[test]
fn a_warning_is_prolonged_only_by_rising_scores() {
    let mut warning = warm();
    warning.level.usual = (6 * 256) << LEVEL_BITS;
    warning.waiting(ms(4_000));
    let level = warning.to_exceed();
    assert_eq!(level, 6 * 256);
    warning.answered(ms(4_000));
    assert_eq!(
        warning.to_exceed(),
        level + u32::from(PROLONGED >> LEVEL_BITS)
    );
    warning.answered(ms(40));
    assert_eq!(
        warning.to_exceed(),
        level + u32::from(PROLONGED >> LEVEL_BITS)
    );
}

/// The level falls by one step per sample, an octave in 2,048, and not during a warning.
#[test]
fn the_usual_level_falls_slowly() {
    let mut warning = warm();
    (warning.level.usual, warning.level.worst) = (100, 100);
    warning.answered(ms(40));
    warning.overdue();
    assert_eq!((warning.level.usual, warning.level.worst), (98, 98));
    warning.answered(ms(2_000));
    warning.overdue();
    assert_eq!((warning.level.usual, warning.level.worst), (98, 98));
}

/// A sample with a warning costs what 256 without one earn. Once the credit is used up, only
/// something worse is reported.
#[test]
fn a_path_is_degraded_for_one_sample_in_256_and_160_more_at_most() {
    let mut warning = warm();
    let mut told = [0; 2];
    for part in &mut told {
        for sample in 0..50_000 {
            let long = sample % 500 < 100 + sample % 77;
            warning.answered(ms(if long { 1_000 } else { 40 }));
            *part += u32::from(warning.health() == Health::Degraded);
        }
    }
    assert!(told[0] <= 160 + 64 + 50_000 / 256, "{told:?}");
    assert!(told[1] <= 64 + 64 + 50_000 / 256, "{told:?}");
}

/// Such a score is reported however little credit is left, up to the overdraft limit.
#[test]
fn a_score_above_all_recent_ones_is_reported_on_overdraft() {
    let mut warning = warm();
    let octaves = |octaves: u16| (octaves * 256) << LEVEL_BITS;
    (warning.level.saved, warning.level.worst) = (0, octaves(7));
    warning.answered(ms(2_000));
    assert_eq!(warning.health(), Health::Good);
    warning.score.set_excess(0);
    warning.level.worst = octaves(5);
    for _ in 0..64 {
        assert_eq!(warning.health(), Health::Good);
        warning.answered(ms(60_000));
        if warning.level.saved > SAVED_LEAST {
            assert_eq!(warning.health(), Health::Degraded);
            warning.level.keep();
            warning.health = Health::Good;
        }
    }
    warning.answered(ms(60_000));
    assert_eq!(warning.health(), Health::Good);
}

/// A queue grows and then overflows, every ten minutes for a week.
#[test]
fn a_silence_with_warning_signs_is_announced_however_often_it_comes() {
    let mut warning = EarlyWarning::new();
    for round in 0..if cfg!(miri) { 3 } else { 1_000 } {
        for _ in 0..580 {
            warning.answered(ms(40));
        }
        assert_eq!(warning.health(), Health::Good);
        for second in 1..=20 {
            warning.answered(ms(40 + 50 * second));
        }
        assert_eq!(warning.health(), Health::Degraded, "round {round}");
        for _ in 0..8 {
            warning.overdue();
        }
    }
}

#[test]
fn a_lasting_step_becomes_usual() {
    let mut warning = warm();
    for _ in 0..5_000 {
        warning.answered(ms(2_000));
    }
    assert_eq!(warning.answered(ms(2_000)), Health::Good);
    assert!(warning.patience() > ms(4_000));
}

#[test]
fn overdue_probes_alone_lead_to_a_warning() {
    let mut warning = warm().warn_above(3_000);
    let warned = (1..200).find(|_| warning.overdue() == Health::Degraded);
    assert_eq!(warned, Some(3));
}

/// Waiting for exactly the patience leads to a warning, and waiting for less does not, after
/// any samples.
#[test]
fn the_patience_is_the_age_from_which_waiting_warns() {
    for threshold in [500, 4_000, 9_000, 12_000] {
        let mut warning = EarlyWarning::new().warn_above(threshold);
        assert!(warning.patience() > Duration::from_secs(4_000));
        let mut draw = 1_u32;
        for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let rtt = Duration::from_micros(u64::from(draw >> (draw % 31)));
            match draw >> 28 {
                0 => warning.overdue(),
                _ => warning.answered(rtt),
            };
            let patience = warning.patience();
            let warns = |age: Duration| {
                let above = warning.score.above(log2(rtt_micros(age)));
                warning.clone().evaluate(above)
            };
            assert!(warns(patience) || patience.as_micros() >= 1 << 31);
            let early = patience * 9 / 10;
            assert!(!warns(early) || early < ms(1));
        }
    }
}

#[test]
fn no_input_overflows() {
    let mut warning = EarlyWarning::new().warn_above(u16::MAX);
    let mut other = EarlyWarning::new().warn_above(0);
    for round in 0..if cfg!(miri) { 3_000 } else { 300_000_u32 } {
        let rtt = if round % 3 == 0 {
            Duration::ZERO
        } else {
            Duration::MAX
        };
        for warning in [&mut warning, &mut other] {
            warning.answered(rtt);
            warning.waiting(Duration::MAX);
            warning.overdue();
            assert!(warning.patience() > Duration::ZERO);
        }
    }
}
