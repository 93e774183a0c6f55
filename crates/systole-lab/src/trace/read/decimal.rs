//! Decimal numbers with a unit, converted to whole microseconds without floating point.

use core::fmt;
use core::str::FromStr;

/// The unit of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 1 s.
    Seconds,
    /// 1 ms.
    Milliseconds,
    /// 1 us.
    Microseconds,
    /// 1 ns.
    Nanoseconds,
}

impl Unit {
    /// Returns the power of ten that converts it to microseconds.
    const fn power(self) -> i32 {
        match self {
            Self::Seconds => 6,
            Self::Milliseconds => 3,
            Self::Microseconds => 0,
            Self::Nanoseconds => -3,
        }
    }
}

impl FromStr for Unit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => Ok(Self::Seconds),
            "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => Ok(Self::Milliseconds),
            "us" | "µs" | "μs" | "usec" | "micros" | "microsecond" | "microseconds" => {
                Ok(Self::Microseconds)
            }
            "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" => Ok(Self::Nanoseconds),
            _ => Err("it must be s, ms, us or ns"),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::Nanoseconds => "ns",
        })
    }
}

/// Returns a decimal number in microseconds, rounded to the nearest; halves are rounded away from
/// zero. The decimal sign is a point or a comma, and an exponent is allowed.
pub(super) fn micros(text: &str, unit: Unit) -> Option<i64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let value = whole_number(whole, fraction)?;
    let places = i32::try_from(fraction.len()).ok()?;
    let power = exponent.checked_add(unit.power())?.checked_sub(places)?;
    let us = scale(value, power)?;
    let us = i64::try_from(us).ok()?;
    Some(if mantissa.starts_with('-') { -us } else { us })
}

/// The largest number of digits: those of 2^63 nanoseconds with as many decimals.
const DIGITS: usize = 36;

fn whole_number(whole: &str, fraction: &str) -> Option<i128> {
    let digits = whole.bytes().chain(fraction.bytes());
    if !(1..=DIGITS).contains(&(whole.len() + fraction.len())) {
        return None;
    }
    digits
        .map(|byte| byte.is_ascii_digit().then(|| i128::from(byte - b'0')))
        .try_fold(0, |value: i128, digit| Some(value * 10 + digit?))
}

fn scale(value: i128, power: i32) -> Option<i128> {
    let Some(factor) = 10_i128.checked_pow(power.unsigned_abs()) else {
        return (value == 0 || power < 0).then_some(0);
    };
    if power >= 0 {
        value.checked_mul(factor)
    } else {
        Some((value + factor / 2) / factor)
    }
}

/// Returns the number at the beginning of a text, and what follows it.
pub(super) fn leading_number(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    number
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some((number, rest))
}

/// Returns the whole number at the beginning of a text.
pub(super) fn leading_integer(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_rounded_to_the_nearest() {
        let ms = |text| micros(text, Unit::Milliseconds);
        assert_eq!(ms("22.0"), Some(22_000));
        assert_eq!(ms("0.0425"), Some(43));
        assert_eq!(ms("22,5"), Some(22_500));
        assert_eq!(ms("-1"), Some(-1_000));
        assert_eq!(micros("4.2e-05", Unit::Seconds), Some(42));
        assert_eq!(micros("1.7e9", Unit::Seconds), Some(1_700_000_000_000_000));
        assert_eq!(
            micros("1700000000123456789", Unit::Nanoseconds),
            Some(1_700_000_000_123_457)
        );
        assert_eq!(micros("1e-400", Unit::Seconds), Some(0));
    }

    #[test]
    fn what_is_no_number_or_too_large_is_none() {
        for text in [
            "",
            ".",
            "-",
            "1.2.3",
            "x",
            "1e",
            "1e99",
            "9999999999999999999999",
            "NaN",
        ] {
            assert_eq!(micros(text, Unit::Seconds), None, "{text}");
        }
    }
}
