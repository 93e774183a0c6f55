//! Tests of `time`. They are not published.

use super::*;

#[test]
fn spans_survive_the_way_in_and_out() {
    for us in [
        0,
        1,
        999_999,
        1_000_000,
        1_999_999,
        u64::from(u32::MAX),
        1 << 32,
        64_800_000_000,
        1 << 60,
    ] {
        assert_eq!(micros(duration(us)), us);
        assert_eq!(duration(us), Duration::from_micros(us));
        assert_eq!(duration_by_reciprocal(us), Duration::from_micros(us));
    }
    assert_eq!(
        [0, 999_999_999, 1_000_000_000, u32::MAX].map(below_a_second),
        [0, 999_999_999, 0, 0]
    );
}

#[test]
fn spans_of_more_than_64_bits_of_microseconds_saturate() {
    let last = u64::MAX / MICROS_PER_SEC;
    for secs in [
        0,
        1,
        u64::from(u32::MAX),
        last - 1,
        last,
        last + 1,
        u64::MAX,
    ] {
        for nanos in [0, 999, 1_000, 551_615_000, 551_616_000, 999_999_999] {
            let span = Duration::new(secs, nanos);
            let exact = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
            assert_eq!(micros(span), exact);
            assert_eq!(outlined_micros(span), exact);
        }
    }
}

#[test]
fn reciprocals_are_exact() {
    for by in [1_000_u32, 1_000_000] {
        let divide = if by == 1_000 { thousandth } else { millionth };
        for multiple in (by..=u32::MAX - by)
            .step_by(by as usize)
            .step_by(if cfg!(miri) { 99_991 } else { 997 })
        {
            assert_eq!(divide(multiple), multiple / by);
            assert_eq!(divide(multiple - 1), (multiple - 1) / by);
        }
        assert_eq!(divide(u32::MAX), u32::MAX / by);
    }
}

#[test]
fn moments_saturate_at_both_ends() {
    assert_eq!(Instant::MAX.saturating_add(Duration::MAX), Instant::MAX);
    assert_eq!(Instant::ZERO.saturating_sub(Duration::MAX), Instant::ZERO);
    assert_eq!(Instant::from_secs(u64::MAX), Instant::MAX);
    assert_eq!(Instant::from_millis(u64::MAX), Instant::MAX);
}

#[test]
fn a_round_trip_is_capped_at_71_minutes() {
    assert_eq!(rtt_micros(Duration::from_secs(3_600 * 24)), u32::MAX);
    assert_eq!(rtt_micros(Duration::from_nanos(1_999)), 1);
    for us in [1, 1_000_000, 4_293_999_999, 4_294_000_000, 4_294_967_294] {
        assert_eq!(u64::from(rtt_micros(Duration::from_micros(us))), us);
    }
    for us in [4_294_967_295, 4_294_967_296, 4_294_999_999, 4_295_000_000] {
        assert_eq!(rtt_micros(Duration::from_micros(us)), u32::MAX);
    }
}

#[test]
fn exactly_half_a_turn_is_forwards_and_one_more_is_backwards() {
    let mut clock = TickClock::new(core::num::NonZeroU32::MIN, 0);
    assert_eq!(clock.extend(0x8000_0000).as_micros(), 0x8000_0000);
    let mut clock = TickClock::new(core::num::NonZeroU32::MIN, 0);
    assert_eq!(clock.extend(0x8000_0001), Instant::ZERO);
}

#[test]
fn a_slow_tick_extends_past_32_bits_of_microseconds() {
    let mut clock = TickClock::new(core::num::NonZeroU32::new(30).unwrap(), 0);
    let mut now = Instant::ZERO;
    for turn in 1..=8_u32 {
        now = clock.extend(turn.wrapping_mul(0x4000_0000));
    }
    assert_eq!(now.as_micros(), 30 * 8 * 0x4000_0000);
}

#[test]
fn prints_seconds() {
    extern crate std;
    assert_eq!(std::format!("{}", Instant::from_millis(1_250)), "1.250000s");
}
