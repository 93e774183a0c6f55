//! A clock of 64 bits for devices that count ticks in 32.

use core::mem::MaybeUninit;
use core::num::NonZeroU32;

use systole_core::TickClock;

use crate::machine::{drive, install};
use crate::status::systole_status_t::{self, SYSTOLE_STATUS_RANGE};
use crate::status::{systole_error_t, systole_setting_t};
use crate::storage::storage;

/// The 8-byte words of a `systole_clock_t`.
pub const SYSTOLE_CLOCK_WORDS: usize = 3;

/// Extends a wrapping 32-bit tick counter to microseconds in 64 bits.
///
/// Read it at least once per half turn of the counter, which is every 35 minutes for a 1 MHz
/// counter. A step of more than half the counter's range is read as a step backwards, and a step
/// backwards as no time passed.
#[repr(C)]
pub struct systole_clock_t {
    /// For the library alone.
    opaque: [MaybeUninit<u64>; SYSTOLE_CLOCK_WORDS],
}

storage!(systole_clock_t, TickClock, 6);

/// Initialises a clock whose tick lasts `tick_us` microseconds, at least 1, and whose epoch is the
/// counter value `first`. `size` is `sizeof *clock`. `error` may be null.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn systole_clock_init(
    clock: Option<&mut systole_clock_t>,
    size: usize,
    tick_us: u32,
    first: u32,
    error: Option<&mut MaybeUninit<systole_error_t>>,
) -> systole_status_t {
    install(clock, size, error, || build(tick_us, first))
}

fn build(tick_us: u32, first: u32) -> Result<TickClock, systole_error_t> {
    let tick = NonZeroU32::new(tick_us).ok_or(systole_error_t {
        status: SYSTOLE_STATUS_RANGE,
        setting: systole_setting_t::SYSTOLE_SETTING_TICK,
        value: 0,
        min: 1,
        max: u32::MAX.into(),
    })?;
    Ok(TickClock::new(tick, first))
}

/// Returns the moment at which the counter reads `ticks`, in microseconds since its epoch.
#[unsafe(no_mangle)]
pub extern "C" fn systole_clock_extend(
    clock: Option<&mut systole_clock_t>,
    ticks: u32,
    now_us: Option<&mut MaybeUninit<u64>>,
) -> systole_status_t {
    drive(clock, now_us, |clock| clock.extend(ticks).as_micros())
}
