//! Points in time as programs write them, in microseconds since 1970. A time without a zone counts
//! as UTC, since only differences matter.

use super::decimal::{Unit, leading_number, micros};

/// Parses the moment in front of a line, in brackets, as `ping -D` and `fping -D` write it. Returns
/// it and the rest of the line.
pub(super) fn bracketed(text: &str) -> Option<(i64, &str)> {
    let (stamp, rest) = text.strip_prefix('[')?.split_once(']')?;
    let at = moment(stamp)?;
    Some((at, rest.trim_start()))
}

/// Parses seconds since 1970, or a date and a time.
pub(super) fn moment(text: &str) -> Option<i64> {
    micros(text, Unit::Seconds).or_else(|| date_time(text))
}

/// Returns the unit in which a number is a moment of the years 1973 to 5138, or `None` if it is too
/// small for any: such a number counts from the beginning of the recording.
pub(super) fn epoch_unit(text: &str) -> Option<Unit> {
    let seconds = micros(text, Unit::Seconds)
        .map_or(u128::MAX, |us| u128::from(us.unsigned_abs()) / 1_000_000);
    match seconds {
        0..100_000_000 => None,
        100_000_000..100_000_000_000 => Some(Unit::Seconds),
        100_000_000_000..100_000_000_000_000 => Some(Unit::Milliseconds),
        _ => huge_epoch_unit(text),
    }
}

/// The part of [`epoch_unit`] that exceeds the range of microseconds.
fn huge_epoch_unit(text: &str) -> Option<Unit> {
    let digits = text.split(['.', ',']).next().unwrap_or_default().len();
    match digits {
        15..=17 => Some(Unit::Microseconds),
        18..=19 => Some(Unit::Nanoseconds),
        _ => None,
    }
}

/// Parses `2024-01-05T12:00:01.5Z`, `2024-01-05 12:00:01`, `1/5/2024 12:00:01 PM` and
/// `05.01.2024 12:00:01`.
pub(super) fn date_time(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let day_us = day(date.trim_end_matches(','))?.checked_mul(86_400_000_000)?;
    day_us.checked_add(time_of_day(time.trim())?)
}

fn day(date: &str) -> Option<i64> {
    let sign = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = date.split(sign).map(|part| part.parse::<i64>().ok());
    let [first, second, third] = [parts.next()??, parts.next()??, parts.next()??];
    let [year, month, day] = match sign {
        '-' => [first, second, third],
        '/' if first > 31 => [first, second, third],
        '/' => [third, first, second],
        '.' => [third, second, first],
        _ => return None,
    };
    let valid = (1970..10_000).contains(&year) && (1..=12).contains(&month);
    (valid && (1..=31).contains(&day) && parts.next().is_none())
        .then(|| days_since_1970(year, month, day))
}

/// Counts days in the Gregorian calendar, with years that begin in March so that the leap day is
/// the last of its year.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

fn time_of_day(text: &str) -> Option<i64> {
    let (clock, rest) = match text.find(|c: char| !(c.is_ascii_digit() || ":.,".contains(c))) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let mut parts = clock.splitn(3, ':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let second = micros(parts.next().unwrap_or("0"), Unit::Seconds)?;
    let hour = match rest
        .trim_start()
        .get(..2)
        .map(str::to_ascii_uppercase)
        .as_deref()
    {
        Some("AM") => hour % 12,
        Some("PM") => hour % 12 + 12,
        _ => hour,
    };
    let valid = (0..24).contains(&hour) && (0..60).contains(&minute) && second < 61_000_000;
    let us = (hour * 60 + minute) * 60_000_000 + second;
    valid.then(|| us - offset(rest.trim()))
}

/// Returns the offset of a time zone such as `+02:00` or `-0530`; 0 for any other text.
fn offset(zone: &str) -> i64 {
    let Some(digits) = zone.strip_prefix(['+', '-']) else {
        return 0;
    };
    let Some((hours, rest)) = leading_number(digits) else {
        return 0;
    };
    let (hours, minutes) = match hours.len() {
        4 => hours.split_at(2),
        _ => (hours, rest.trim_start_matches(':')),
    };
    let part = |text: &str| {
        text.parse::<i64>()
            .ok()
            .filter(|&n| n < 60)
            .unwrap_or_default()
    };
    let us = (part(hours) * 60 + part(minutes)) * 60_000_000;
    if zone.starts_with('-') { -us } else { us }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_several_notations_are_the_same_moment() {
        let us = Some(1_704_456_001_500_000); // 2024-01-05T12:00:01.5Z
        for text in [
            "2024-01-05T12:00:01.5Z",
            "2024-01-05 12:00:01.5",
            "2024-01-05T14:00:01.500+02:00",
            "2024-01-05T06:30:01.500-0530",
            "1/5/2024 12:00:01.5 PM",
            "05.01.2024 12:00:01,5",
            "1704456001.5",
        ] {
            assert_eq!(moment(text), us, "{text}");
        }
        assert_eq!(moment("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(moment("2000-02-29 00:00:00"), Some(951_782_400_000_000));
    }

    #[test]
    fn no_dates_are_refused() {
        for text in [
            "",
            "soon",
            "2024-13-01 00:00:00",
            "2024-01-05 25:00:00",
            "5 5",
            "9-9-9 :",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn the_unit_of_an_epoch_follows_from_its_size() {
        let of = |text| epoch_unit(text);
        assert_eq!(of("1700000000.25"), Some(Unit::Seconds));
        assert_eq!(of("1700000000250"), Some(Unit::Milliseconds));
        assert_eq!(of("1700000000250000"), Some(Unit::Microseconds));
        assert_eq!(of("1700000000250000000"), Some(Unit::Nanoseconds));
        assert_eq!(of("86400"), None);
    }
}
